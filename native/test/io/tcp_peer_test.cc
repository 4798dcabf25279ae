// A server that is gone without a word: its machine is cut off, so that neither bytes nor the end of the
// connection arrive, and nothing that is sent to it is acknowledged.
#include "io/tcp_peer.h"

#include <doctest/doctest.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "support/application.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::Reply;
using test::WebServer;

/// Far above what the kernel buffers of a loopback connection hold.
constexpr size_t kLarge = size_t{16} << 20;

ConnectionSetOptions WithTimeout(uint32_t milliseconds) {
  ConnectionSetOptions options;
  options.tcp_timeout_ms = milliseconds;
  return options;
}

/// From now on the server's kernel throws away what arrives for this socket, acknowledgements and probes
/// among it, before TCP sees it.
void CutOff(const WebServer& server) {
  sock_filter drop_all{BPF_RET | BPF_K, 0, 0, 0};
  const sock_fprog program{1, &drop_all};
  REQUIRE(setsockopt(server.fd(), SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) == 0);
}

void Reconnect(const WebServer& server) {
  const int unused = 0;
  REQUIRE(setsockopt(server.fd(), SOL_SOCKET, SO_DETACH_FILTER, &unused, sizeof unused) == 0);
}

int TcpOption(int fd, int option) {
  int value = -1;
  socklen_t size = sizeof value;
  REQUIRE(getsockopt(fd, IPPROTO_TCP, option, &value, &size) == 0);
  return value;
}

TEST_SUITE("a TCP connection whose server is cut off") {
  TEST_CASE("is closed while it is idle") {
    Application app(WithTimeout(2000));
    WebServer server = app.ConnectTcp();
    server.Send(PlainRequest());
    REQUIRE(app.RunUntil([&] { return app.set.statistics().requests == 1; }));
    CutOff(server);
    CHECK(app.RunUntil([&] { return app.set.statistics().open == 0; }));
  }

  TEST_CASE("is closed while the application works, which is told so") {
    Application app(WithTimeout(2000));
    app.on_request = kKeepOpen;
    WebServer server = app.ConnectTcp();
    server.Send(PlainRequest());
    REQUIRE(app.RunUntil([&] { return app.set.statistics().active == 1; }));
    // The acknowledgement of the request gets through.
    REQUIRE(server.Hear() == "REQ_RECEIVED");
    CutOff(server);
    REQUIRE(app.RunUntil([&] { return app.set.statistics().open == 0; }));
    CHECK(app.Events() == "request abort");
  }

  TEST_CASE("is closed while it has an answer in the kernel's buffer") {
    Application app(WithTimeout(1000));
    WebServer server = app.ConnectTcp();
    REQUIRE(app.RunUntil([&] { return app.set.statistics().open == 1; }));
    server.Send(PlainRequest());
    CutOff(server);
    REQUIRE(app.RunUntil([&] { return app.set.statistics().requests == 1; }));
    REQUIRE(app.RunUntil([&] { return app.set.statistics().open == 0; }));
    CHECK(app.logs().back().find("(LSNODE_TCP_TIMEOUT)") != std::string::npos);
  }

  TEST_CASE("is closed while a response waits to be written, which is told to the application") {
    Application app(WithTimeout(1000));
    app.on_request = kKeepOpen;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.ConnectTcp();
    server.Send(PlainRequest());
    REQUIRE(app.RunUntil([&] { return open != nullptr; }));
    CutOff(server);
    Reply part;
    part.body = std::string(kLarge, 'x');
    part.flags = 0;
    app.Send(*open, part);
    REQUIRE(open->pending_output() > 0);
    REQUIRE(app.RunUntil([&] { return app.set.statistics().open == 0; }));
    CHECK(app.Events() == "request log abort");
  }

  TEST_CASE("lives on when it is back in time") {
    Application app(WithTimeout(4000));
    WebServer server = app.ConnectTcp();
    REQUIRE(app.RunUntil([&] { return app.set.statistics().open == 1; }));
    server.Send(PlainRequest());
    CutOff(server);
    REQUIRE(app.RunUntil([&] { return app.set.statistics().requests == 1; }));
    Reconnect(server);
    std::string heard;
    REQUIRE(app.RunUntil([&] { return !(heard += server.Hear()).empty(); }));
    CHECK(heard == "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END");
    CHECK(app.set.statistics().open == 1);
  }
}

TEST_SUITE("a TCP connection whose server does not read") {
  TEST_CASE("is waited for, however long that takes: it answers the kernel's probes") {
    Application app(WithTimeout(1000));
    WebServer server = app.ConnectTcp();
    app.on_request = [&](Connection& connection) {
      Reply large;
      large.body = std::string(kLarge, 'x');
      app.Send(connection, large);
    };
    server.Send(PlainRequest());
    REQUIRE(app.RunUntil([&] { return app.set.statistics().requests == 1; }));
    // Three times as long as a server may be silent.
    CHECK_FALSE(app.RunUntil([&] { return app.set.statistics().open == 0; }, 3));
    size_t received = 0;
    REQUIRE(app.RunUntil([&] {
      received += server.Receive().size();
      return received > kLarge;
    }));
    CHECK(app.logs().empty());
  }
}

TEST_SUITE("the signs of life that a server on TCP is asked for") {
  TEST_CASE("add up to the time-out") {
    struct Case {
      uint32_t timeout_ms;
      int idle;
      int interval;
      int count;
    };
    constexpr std::array kCases = {Case{60'000, 30, 10, 3},       Case{5000, 2, 1, 3},
                                   Case{2000, 1, 1, 1},           Case{1, 1, 1, 1},
                                   Case{3'600'000, 1800, 600, 3}, Case{86'400'000, 32'767, 14'400, 3}};
    for (const Case& expected : kCases) {
      FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      REQUIRE(PrepareTcp(socket.get(), expected.timeout_ms));
      CHECK(TcpOption(socket.get(), TCP_KEEPIDLE) == expected.idle);
      CHECK(TcpOption(socket.get(), TCP_KEEPINTVL) == expected.interval);
      CHECK(TcpOption(socket.get(), TCP_KEEPCNT) == expected.count);
    }
  }

  TEST_CASE("are not asked for without a time-out, nor of a Unix socket") {
    for (const int family : {AF_INET, AF_UNIX}) {
      FileDescriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
      CHECK(PrepareTcp(socket.get(), family == AF_INET ? 0 : 60'000) == (family == AF_INET));
      int asked = -1;
      socklen_t size = sizeof asked;
      REQUIRE(getsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &asked, &size) == 0);
      CHECK(asked == 0);
      CHECK_FALSE(IsPeerSilent(socket.get(), 1));
    }
  }
}

}  // namespace
}  // namespace lsapi
