// Closing idle connections: which one, and with how much time for a request that is on its way (protocol
// section 2.6).
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/application.h"
#include "support/request_builder.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::WebServer;

const std::string kAnswer = "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END";
const std::string kLastAnswer = kAnswer + " CONN_CLOSE";
/// So long that it is not over in a test.
constexpr uint32_t kLong = 60'000;

ConnectionSetOptions Patient(uint32_t milliseconds) {
  ConnectionSetOptions options;
  options.close_patience_ms = milliseconds;
  return options;
}

std::string HearAfter(Application* app, WebServer* server) {
  server->Send(PlainRequest());
  app->Run();
  return server->Hear();
}

TEST_SUITE("the longest idle connection") {
  TEST_CASE("is the one whose last request, or whose opening, is furthest back") {
    Application app;
    CHECK(app.set.LongestIdleSince() == 0);
    CHECK_FALSE(app.set.CloseLongestIdle());
    std::vector<WebServer> servers;
    std::vector<uint64_t> opened;
    for (int i = 0; i < 3; ++i) {
      servers.push_back(app.Connect());
      app.Run();
      if (i == 0) opened.push_back(app.set.LongestIdleSince());
      poll(nullptr, 0, 20);
    }
    CHECK(opened[0] > 0);
    CHECK(app.set.LongestIdleSince() == opened[0]);
    CHECK(HearAfter(&app, &servers[0]) == kAnswer);
    CHECK(app.set.LongestIdleSince() > opened[0]);
    for (const size_t index : {size_t{1}, size_t{2}, size_t{0}}) {
      CHECK(app.set.CloseLongestIdle());
      CHECK(servers[index].Hear() == "CONN_CLOSE");
      CHECK(servers[index].IsClosed());
    }
    CHECK_FALSE(app.set.CloseLongestIdle());
    CHECK(app.set.LongestIdleSince() == 0);
    CHECK_FALSE(app.set.draining());
  }

  TEST_CASE(
      "is none that is at work: with a request, in the middle of a packet, with a response to be taken") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer active = app.Connect();
    active.Send(PlainRequest());
    WebServer part = app.Connect();
    part.Send(PlainRequest().substr(0, 100));
    app.Run();
    app.on_request = [&](Connection& connection) {
      app.Send(connection, {.body = std::string(2'000'000, 'x')});
    };
    WebServer slow = app.Connect();
    slow.Send(PlainRequest());
    app.Run();
    CHECK(app.set.statistics().active == 1);
    CHECK(app.set.LongestIdleSince() == 0);
    CHECK_FALSE(app.set.CloseLongestIdle());
    app.RunAndReceive(&slow);
    CHECK(app.set.LongestIdleSince() > 0);
    CHECK(app.set.CloseLongestIdle());
    CHECK(slow.Hear() == "CONN_CLOSE");
  }

  TEST_CASE("is none whose request has arrived but was not read yet") {
    Application app;
    WebServer server = app.Connect();
    app.Run();
    server.Send(PlainRequest());
    CHECK_FALSE(app.set.CloseLongestIdle());
    app.Run();
    CHECK(server.Hear() == kAnswer);
    CHECK(app.set.CloseLongestIdle());
  }
}

TEST_SUITE("closing with patience") {
  TEST_CASE("may be given to one drain alone") {
    Application app(Patient(20));
    WebServer server = app.Connect();
    app.Run();
    poll(nullptr, 0, 60);
    app.set.Drain(kLong);
    app.Run();
    CHECK(server.Hear().empty());
    CHECK_FALSE(server.IsClosed());
    CHECK(HearAfter(&app, &server) == kLastAnswer);
    CHECK(server.IsClosed());
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE(
      "of a connection that was quiet for that long sends CONN_CLOSE at once, and waits for the server") {
    Application app(Patient(50));
    WebServer leaving = app.Connect();
    WebServer requesting = app.Connect();
    WebServer silent = app.Connect();
    app.Run();
    poll(nullptr, 0, 100);
    app.set.Drain();
    app.set.Poll();
    CHECK(leaving.Hear() == "CONN_CLOSE");
    leaving.Close();
    requesting.Send(PlainRequest());
    app.Run();
    CHECK(requesting.Hear() == "CONN_CLOSE " + kLastAnswer);
    CHECK(requesting.IsClosed());
    CHECK(app.RunUntil([&] { return app.set.statistics().open == 0; }));
    CHECK(silent.Hear() == "CONN_CLOSE");
    CHECK(silent.IsClosed());
    app.Run();
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE("gives a connection that was just used time for its next request before a word is said") {
    Application app(Patient(kLong));
    WebServer used = app.Connect();
    WebServer fresh = app.Connect();
    CHECK(HearAfter(&app, &used) == kAnswer);
    app.set.Drain();
    app.Run();
    CHECK(used.Hear().empty());
    CHECK(fresh.Hear().empty());
    CHECK(HearAfter(&app, &used) == kLastAnswer);
    CHECK(HearAfter(&app, &fresh) == kLastAnswer);
    CHECK(app.Events() == "request request request drained");
  }

  TEST_CASE("is over after twice the time, not with the next tick of the timer") {
    constexpr uint32_t kPatience = 60;
    Application app(Patient(kPatience));
    std::vector<WebServer> servers;
    for (int i = 0; i < 5; ++i) {
      servers.push_back(app.Connect());
      CHECK(HearAfter(&app, &servers.back()) == kAnswer);
      poll(nullptr, 0, 10);
    }
    using Clock = std::chrono::steady_clock;
    const auto begun = Clock::now();
    app.set.Drain();
    app.Run();
    app.Events();
    CHECK(app.RunUntil([&] { return app.set.statistics().open == 0; }));
    const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begun).count();
    app.Run();
    CHECK(app.Events() == "drained");
    CHECK(took >= kPatience);
    CHECK(took < 500);  // a tick
    for (WebServer& server : servers) CHECK(server.Hear() == "CONN_CLOSE");
  }

  TEST_CASE("leaves a packet that has begun the time that packets have") {
    Application app(Patient(100));
    WebServer server = app.Connect();
    app.Run();
    app.set.Drain();
    app.Run();
    const std::string packet = PlainRequest();
    server.Send(packet.substr(0, 100));
    app.Run();
    poll(nullptr, 0, 250);
    app.Run();
    CHECK(app.set.statistics().open == 1);
    server.Send(packet.substr(100));
    app.Run();
    CHECK(server.Hear() == kLastAnswer);
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE("holds for the longest idle one, which is ordered once and no longer idle") {
    Application app(Patient(200));
    WebServer quiet = app.Connect();
    app.Run();
    poll(nullptr, 0, 250);
    WebServer fresh = app.Connect();
    app.Run();
    CHECK(app.set.CloseLongestIdle());
    CHECK(quiet.Hear() == "CONN_CLOSE");
    CHECK_FALSE(quiet.IsClosed());
    CHECK(app.set.CloseLongestIdle());
    CHECK(fresh.Hear().empty());
    CHECK(app.set.LongestIdleSince() == 0);
    CHECK_FALSE(app.set.CloseLongestIdle());
    CHECK(HearAfter(&app, &fresh) == kLastAnswer);
    CHECK(app.RunUntil([&] { return quiet.IsClosed(); }));
    CHECK(app.set.statistics().open == 0);
    CHECK(app.Events() == "request");
    // The others are as ever.
    WebServer next = app.Connect();
    CHECK(HearAfter(&app, &next) == kAnswer);
  }

  TEST_CASE("is hurried by a drain with less") {
    Application app(Patient(kLong));
    std::vector<WebServer> servers;
    for (int i = 0; i < 3; ++i) servers.push_back(app.Connect());
    app.Run();
    app.set.Drain();
    app.Run();
    CHECK(app.Events().empty());
    app.set.Drain(20);
    app.Run();
    for (WebServer& server : servers) CHECK(app.RunUntil([&] { return server.Hear() == "CONN_CLOSE"; }));
    app.set.Drain(0);
    app.Run();
    for (WebServer& server : servers) {
      CHECK(server.Hear().empty());
      CHECK(server.IsClosed());
    }
    CHECK(app.Events() == "drained");
  }

  TEST_CASE("gives a connection that is handed over while the set drains time for its request") {
    Application app(Patient(kLong));
    WebServer first = app.Connect();
    app.Run();
    app.set.Drain();
    app.Run();
    WebServer server = app.Serve(false);
    app.Run();
    CHECK(HearAfter(&app, &server) == kLastAnswer);
    CHECK(HearAfter(&app, &first) == kLastAnswer);
    CHECK(app.Events() == "request request drained");
  }

  TEST_CASE("is not for connections beyond the limit of requests") {
    ConnectionSetOptions options = Patient(kLong);
    options.max_requests = 1;
    Application app(options);
    WebServer server = app.Connect();
    WebServer idle = app.Connect();
    app.Run();
    CHECK(HearAfter(&app, &server) == kLastAnswer);
    CHECK(idle.Hear() == "CONN_CLOSE");
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE("waits for the last response to be taken, and then no longer") {
    Application app(Patient(kLong));
    const std::string body(2'000'000, 'x');
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body}); };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    app.set.Drain();
    const std::string received = app.RunAndReceive(&server);
    CHECK(test::BodyOf(received) == body);
    CHECK(test::Describe(received).ends_with("RESP_END CONN_CLOSE"));
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE("ends quietly where the server takes nothing any more") {
    Application app(Patient(20));
    WebServer server = app.Connect();
    WebServer other = app.Connect();
    app.Run();
    poll(nullptr, 0, 60);
    other.Send(PlainRequest().substr(0, 100));  // keeps the timer running
    app.Run();
    test::system_calls().send_budget = 3;  // of CONN_CLOSE, until the server takes more
    app.set.Drain();
    app.Run();
    poll(nullptr, 0, 60);
    test::system_calls().send_budget = 0;
    app.Run();
    test::system_calls().Reset();
    poll(nullptr, 0, 60);
    app.Run();
    CHECK(test::system_calls().timer_changes == 0);
    CHECK(app.set.statistics().open >= 1);
    server.Close();
    other.Close();
    CHECK(app.RunUntil([&] { return app.set.statistics().open == 0; }));
  }

  TEST_CASE("costs requests nothing") {
    Application app(Patient(kLong));
    WebServer server = app.Connect();
    CHECK(HearAfter(&app, &server) == kAnswer);
    test::system_calls().Reset();
    for (int i = 0; i < 10; ++i) CHECK(HearAfter(&app, &server) == kAnswer);
    CHECK(test::system_calls().total() == 30);
    CHECK(test::system_calls().timer_changes == 0);
    CHECK(test::system_calls().epoll_changes == 0);
  }
}

}  // namespace
}  // namespace lsapi
