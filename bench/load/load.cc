// Load generator: keeps a number of connections busy with one request each, and measures the answers.
//
//   load --protocol lsapi|http --address PATH|HOST:PORT --request FILE --seconds S [--requests N]
//        [--connections N] [--idle-connections N] [--no-keep-alive] [--upload-bytes N]
//        [--status N] --body-bytes N | --body FILE
//
// First each connection has one request answered and compared with what is expected. Then it prints
// {"ready":true} and waits for a line on standard input, sends requests for S seconds, prints the figures as
// one line of JSON (times in microseconds), and keeps the connections open until standard input ends: who
// measures the server reads its counters at these two points. Exit status 1: an answer was wrong.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "generator.h"
#include "packets.h"

namespace {

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "load: %s\n", message.c_str());
  std::exit(2);
}

std::string ContentOf(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) Fail("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

load::Plan MakePlan(const std::map<std::string, std::string>& options) {
  const auto text = [&](const char* name, const char* otherwise) -> std::string {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : found->second;
  };
  const auto number = [&](const char* name, const char* otherwise) {
    return std::strtoull(text(name, otherwise).c_str(), nullptr, 10);
  };
  load::Plan plan;
  const auto address = load::Address::Parse(text("--address", ""));
  if (!address) Fail("--address takes the path of a Unix socket, or an IPv4 address and a port");
  plan.address = *address;
  const std::string protocol = text("--protocol", "lsapi");
  if (protocol != "lsapi" && protocol != "http") Fail("--protocol is lsapi or http");
  plan.make_reader = protocol == "http" ? load::MakeHttpReader : load::MakeLsapiReader;
  plan.request = ContentOf(text("--request", ""));
  plan.upload_bytes = number("--upload-bytes", "0");
  plan.connections = number("--connections", "16");
  plan.idle_connections = number("--idle-connections", "0");
  plan.keep_alive = options.count("--no-keep-alive") == 0;
  plan.duration = std::chrono::nanoseconds(
      static_cast<int64_t>(std::strtod(text("--seconds", "2").c_str(), nullptr) * 1e9));
  plan.requests = number("--requests", "0");
  plan.expected_status = static_cast<int>(number("--status", "200"));
  plan.expected_bytes = number("--body-bytes", "0");
  if (options.count("--body") > 0) {
    plan.expected_body = ContentOf(text("--body", ""));
    plan.expected_bytes = plan.expected_body.size();
  }
  return plan;
}

/// False: standard input has ended.
bool WaitForLine() {
  int byte;
  do byte = std::getchar();
  while (byte != EOF && byte != '\n');
  return byte != EOF;
}

}  // namespace

int main(int argc, char** argv) {
  load::Generator generator(MakePlan(load::ParseOptions(argc, argv)));
  const std::string problem = generator.Validate();
  if (!problem.empty()) {
    std::fprintf(stderr, "load: %s\n", problem.c_str());
    return 1;
  }
  std::printf("{\"ready\":true}\n");
  std::fflush(stdout);
  WaitForLine();
  const load::Outcome outcome = generator.Run();
  const auto microseconds = [&](double quantile) {
    return static_cast<double>(outcome.latency.Quantile(quantile)) / 1000;
  };
  std::printf(
      "{\"requests\":%llu,\"seconds\":%.6f,\"wrongStatus\":%llu,\"wrongSize\":%llu,\"p50\":%.2f,\"p99\":%.2f,"
      "\"p999\":%.2f,\"max\":%.2f}\n",
      static_cast<unsigned long long>(outcome.latency.total()), outcome.seconds,
      static_cast<unsigned long long>(outcome.wrong_status),
      static_cast<unsigned long long>(outcome.wrong_size), microseconds(0.5), microseconds(0.99),
      microseconds(0.999), static_cast<double>(outcome.latency.max()) / 1000);
  std::fflush(stdout);
  while (WaitForLine()) {
  }
  return outcome.wrong_status + outcome.wrong_size == 0 ? 0 : 1;
}
