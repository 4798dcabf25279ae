// What a parent answers by itself.
#include "process/refusal.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <string>
#include <utility>

#include "support/forked_process.h"
#include "support/request_builder.h"
#include "support/web_server.h"

namespace lsapi {
namespace {

using test::RequestBuilder;
using test::WebServer;

WebServer Connect(Refusal* refusal) {
  std::array<int, 2> ends;
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
  refusal->Take(FileDescriptor(ends[0]));
  return WebServer(FileDescriptor(ends[1]));
}

/// Everything that is answered until the connection ends.
std::string HearAll(Refusal* refusal, WebServer* server) {
  std::string received;
  CHECK(test::Eventually([&] {
    pollfd ready{refusal->fd(), POLLIN, 0};
    if (poll(&ready, 1, 1) > 0) refusal->Poll();
    received += server->Receive();
    return server->IsClosed();
  }));
  return received;
}

std::string Request(const std::string& method) {
  RequestBuilder builder;
  builder.env = {{"SCRIPT_NAME", "/"}, {"REQUEST_METHOD", method}, {"REQUEST_URI", "/"}};
  return builder.Build().text();
}

TEST_SUITE("a connection that no child can have") {
  TEST_CASE("gets a 503 with the reason, and is closed") {
    Refusal refusal;
    REQUIRE(refusal.is_open());
    refusal.SetPage("text/html", "<p>why</p>");
    WebServer server = Connect(&refusal);
    CHECK(refusal.open() == 1);
    server.Send(Request("GET"));
    CHECK(test::Describe(HearAll(&refusal, &server)) ==
          "RESP_HEADER(503; Content-Type: text/html; Cache-Control: no-store; Retry-After: 2; "
          "Content-Length: 10) "
          "RESP_STREAM(<p>why</p>) RESP_END CONN_CLOSE");
    CHECK(refusal.answered() == 1);
    CHECK(refusal.open() == 0);
  }

  TEST_CASE("gets no page in answer to HEAD") {
    Refusal refusal;
    WebServer server = Connect(&refusal);
    server.Send(Request("HEAD"));
    const std::string received = HearAll(&refusal, &server);
    CHECK(test::Describe(received).starts_with("RESP_HEADER(503; Content-Type: text/plain; charset=utf-8;"));
    CHECK(test::Describe(received).find("Content-Length: 20") != std::string::npos);
    CHECK(test::BodyOf(received).empty());
  }

  TEST_CASE("gets a page of any size") {
    Refusal refusal;
    for (const size_t size : {size_t{0}, kMaximumStreamPayload, kMaximumStreamPayload + 1, size_t{100'000}}) {
      CAPTURE(size);
      std::string page;
      while (page.size() < size) page += static_cast<char>('a' + page.size() % 23);
      refusal.SetPage("text/plain", page);
      WebServer server = Connect(&refusal);
      server.Send(Request("GET"));
      const std::string received = HearAll(&refusal, &server);
      CHECK(test::BodyOf(received) == page);
      CHECK(test::Describe(received).find("BROKEN") == std::string::npos);
    }
  }

  TEST_CASE("is answered in the request's own byte order") {
    Refusal refusal;
    for (const Encoding encoding : test::kEncodings) {
      WebServer server = Connect(&refusal);
      server.Send(RequestBuilder().Encode(encoding).Build().text());
      CHECK(test::Describe(HearAll(&refusal, &server), encoding).starts_with("RESP_HEADER(503;"));
    }
  }

  TEST_CASE("is closed where it brings no request") {
    Refusal refusal;
    const test::OwnLog log;
    WebServer server = Connect(&refusal);
    server.Send("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n");
    CHECK(test::BodyOf(HearAll(&refusal, &server)).empty());
    WebServer gone = Connect(&refusal);
    gone.Close();
    CHECK(test::Eventually([&] {
      refusal.Poll();
      return refusal.open() == 0;
    }));
    CHECK(refusal.answered() == 0);
  }
}

}  // namespace
}  // namespace lsapi
