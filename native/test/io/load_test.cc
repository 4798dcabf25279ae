// What a set tells of its load and does about it: slow requests, busy siblings, the oldest request.
#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <string>
#include <vector>

#include "support/application.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::RequestBuilder;
using test::WebServer;

const std::string kAnswer = "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END";

/// The line about a request with this environment, without what it took.
std::string SlowLine(const test::Pairs& env) {
  ConnectionSetOptions options;
  options.slow_request_ms = 1;
  Application app(options);
  app.on_request = [&](Connection& connection) {
    poll(nullptr, 0, 25);
    app.Send(connection, {});
  };
  WebServer server = app.Connect();
  RequestBuilder builder;
  builder.env = env;
  server.Send(builder.Build().text());
  app.Run();
  REQUIRE(app.logs().size() == 1);
  std::string line = app.logs()[0];
  const size_t took = line.find(" took ");
  REQUIRE(took != std::string::npos);
  const size_t digits = line.find_first_not_of("0123456789", took + 6);
  CHECK(std::stoi(line.substr(took + 6)) > 1);
  const size_t times = line.find('(', digits);
  line.replace(times, line.find(')', times) + 1 - times, "(...)");
  return line.replace(took + 6, digits - took - 6, "N");
}

/// What the line says a part of the time was, in milliseconds.
int TimeIn(const std::string& line, const std::string& part) {
  const size_t at = line.find(part + ' ');
  REQUIRE(at != std::string::npos);
  return std::stoi(line.substr(at + part.size() + 1));
}

TEST_SUITE("a slow request") {
  TEST_CASE("is logged with its method, URL and script") {
    CHECK(SlowLine(
              {{"REQUEST_METHOD", "POST"}, {"REQUEST_URI", "/a?b=1"}, {"SCRIPT_FILENAME", "/srv/app.js"}}) ==
          "slow request: POST /a?b=1 took N ms (...), script /srv/app.js (LSAPI_SLOW_REQ_MSECS)");
    CHECK(SlowLine({{"REQUEST_METHOD", "GET"}, {"SCRIPT_NAME", "/only"}}) ==
          "slow request: GET /only took N ms (...) (LSAPI_SLOW_REQ_MSECS)");
  }

  TEST_CASE("gets one line of readable length, whatever the client has sent") {
    CHECK(SlowLine({{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/\n\x1b[2J\x7f\xc3"}}) ==
          "slow request: GET /\\x0a\\x1b[2J\\x7f\\xc3 took N ms (...) (LSAPI_SLOW_REQ_MSECS)");
    CHECK(SlowLine({{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/" + std::string(5000, 'a')}}) ==
          "slow request: GET /" + std::string(199, 'a') + "... took N ms (...) (LSAPI_SLOW_REQ_MSECS)");
  }

  TEST_CASE("tells how long the process was loaded, the request waited, and the handler took") {
    ConnectionSetOptions options;
    options.slow_request_ms = 1;
    Application app(options);
    app.on_request = [&](Connection& connection) {
      poll(nullptr, 0, 30);
      app.Send(connection, {});
    };
    app.set.NoteLoad(500'000);
    WebServer first = app.Connect();
    first.Send(PlainRequest());
    WebServer second = app.Connect();
    second.Send(PlainRequest());
    app.Run();
    REQUIRE(app.logs().size() == 2);
    const std::string& loaded = app.logs()[0];
    CHECK(TimeIn(loaded, "load") == 500);
    CHECK(TimeIn(loaded, "handler") >= 30);
    CHECK(TimeIn(loaded, "took") >= 530);
    CHECK(TimeIn(loaded, "write") == 0);
    // The handler of the other one was in its way.
    const std::string& queued = app.logs()[1];
    CHECK(TimeIn(queued, "load") == 0);
    CHECK(TimeIn(queued, "queue") >= 30);
    CHECK(TimeIn(queued, "handler") >= 30);
    CHECK(TimeIn(queued, "took") >= 60);
  }

  TEST_CASE("tells how long the server took for the answer, also if that alone was slow") {
    ConnectionSetOptions options;
    options.slow_request_ms = 20;
    Application app(options);
    const std::string body(4 * 1024 * 1024, 'x');
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body, .external = true}); };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(app.logs().empty());
    poll(nullptr, 0, 40);
    CHECK(app.logs().empty());
    app.RunAndReceive(&server);
    REQUIRE(app.logs().size() == 1);
    CHECK(TimeIn(app.logs()[0], "write") >= 40);
  }

  TEST_CASE("is not an answer that the server takes in time") {
    ConnectionSetOptions options;
    options.slow_request_ms = 60'000;
    Application app(options);
    const std::string body(4 * 1024 * 1024, 'x');
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body, .external = true}); };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.RunAndReceive(&server);
    CHECK(app.logs().empty());
  }

  TEST_CASE("whose server leaves in the middle of the answer is logged") {
    ConnectionSetOptions options;
    options.slow_request_ms = 20;
    Application app(options);
    const std::string body(4 * 1024 * 1024, 'x');
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body, .external = true}); };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    poll(nullptr, 0, 40);
    server.Close();
    app.Run();
    REQUIRE(app.logs().size() == 1);
    CHECK(TimeIn(app.logs()[0], "write") >= 40);
  }

  TEST_CASE("is logged once it ends, also when the server has given it up") {
    ConnectionSetOptions options;
    options.slow_request_ms = 1;
    Application app(options);
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    poll(nullptr, 0, 25);
    app.Run();
    CHECK(app.logs().empty());
    server.Close();
    app.Run();
    CHECK(app.Events() == "request abort log");
  }

  TEST_CASE("that ends the set is logged before that") {
    ConnectionSetOptions options;
    options.slow_request_ms = 1;
    options.max_requests = 1;
    Application app(options);
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    poll(nullptr, 0, 25);
    app.Send(*open, {});  // outside Poll(), as applications answer
    CHECK(app.logs().empty());
    app.Run();
    CHECK(app.Events() == "request log drained");
  }

  TEST_CASE("is not what stays within the limit, nor any where there is none") {
    for (const uint32_t limit : {0u, 60'000u}) {
      ConnectionSetOptions options;
      options.slow_request_ms = limit;
      Application app(options);
      app.on_request = [&](Connection& connection) {
        poll(nullptr, 0, 25);
        app.Send(connection, {});
      };
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      CHECK(app.Events() == "request");
    }
  }
}

TEST_SUITE("busy siblings (LSAPI_MAX_BUSY_WORKER)") {
  TEST_CASE("end a connection with its response from the limit on, in the same write") {
    std::atomic<uint32_t> busy = 0;
    ConnectionSetOptions options;
    options.busy_children = &busy;
    options.max_busy_children = 3;
    Application app(options);
    for (const uint32_t now_busy : {2u, 3u, 4u}) {
      busy = now_busy;
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      CHECK(server.Hear() == (now_busy < 3 ? kAnswer : kAnswer + " CONN_CLOSE"));
      CHECK(server.IsClosed() == (now_busy >= 3));
    }
    CHECK_FALSE(app.set.draining());
  }

  TEST_CASE("do not matter where the limit is 0") {
    std::atomic<uint32_t> busy = 100;
    ConnectionSetOptions options;
    options.busy_children = &busy;
    Application app(options);
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == kAnswer);
  }
}

TEST_SUITE("the oldest request") {
  TEST_CASE("is the one that began first of those in progress") {
    Application app;
    std::vector<Connection*> open;
    app.on_request = [&](Connection& connection) { open.push_back(&connection); };
    CHECK(app.set.OldestActive() == nullptr);
    std::vector<WebServer> servers;
    for (int i = 0; i < 3; ++i) servers.push_back(app.Connect());
    app.Run();
    CHECK(app.set.OldestActive() == nullptr);
    for (const size_t index : {size_t{1}, size_t{2}, size_t{0}}) {
      servers[index].Send(PlainRequest());
      app.Run();
      poll(nullptr, 0, 20);
    }
    REQUIRE(open.size() == 3);
    for (Connection* const connection : open) {
      CHECK(app.set.OldestActive() == connection);
      app.Send(*connection, {});
      CHECK(connection->idle_since_ms() > connection->begun_ms());
    }
    CHECK(app.set.OldestActive() == nullptr);
  }
}

}  // namespace
}  // namespace lsapi
