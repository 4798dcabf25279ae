// Responses on the wire, however slowly the server takes them. Protocol sections 2.2 to 2.6.
#include <doctest/doctest.h>
#include <sanitizer/allocator_interface.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>

#include "support/application.h"
#include "support/request_builder.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Application;
using test::PlainRequest;
using test::RequestBuilder;
using test::RequestWithBody;
using test::system_calls;
using test::WebServer;

const std::string kAnswer = "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END";

std::string SomeBytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 17 + i / 253);
  return bytes;
}

TEST_SUITE("a response") {
  TEST_CASE("may have a body of any size") {
    for (const size_t size : {0u, 1u, 16383u, 16384u, 16385u, 65536u, 1'000'000u}) {
      for (const Encoding encoding : test::kEncodings) {
        CAPTURE(size);
        Application app;
        const std::string body = SomeBytes(size);
        app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body}); };
        WebServer server = app.Connect();
        server.Send(RequestBuilder().Encode(encoding).Build().text());
        const std::string received = app.RunAndReceive(&server);
        CHECK(test::BodyOf(received, encoding) == body);
        const std::string said = test::Describe(received, encoding);
        CHECK(said.rfind("REQ_RECEIVED RESP_HEADER(200; A: b) ", 0) == 0);
        CHECK(said.substr(said.size() - 8) == "RESP_END");
        CHECK(said.find("BROKEN") == std::string::npos);
      }
    }
  }

  TEST_CASE("may be streamed in parts, with text for the log between them") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    app.Send(*open, {.flags = 0});
    CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b)");
    app.Send(*open, {.header = "", .body = "one", .flags = 0});
    app.set.SendStderr(*open, "note");
    app.Send(*open, {.header = "", .body = "two", .flags = 0});
    CHECK(server.Hear() == "RESP_STREAM(one) STDERR_STREAM(note) RESP_STREAM(two)");
    app.Send(*open, {.header = ""});
    CHECK(server.Hear() == "RESP_END");
    CHECK(app.set.Find(open->slot(), 1) == nullptr);
  }

  TEST_CASE("may end its connection") {
    Application app;
    app.on_request = [&](Connection& connection) {
      app.Send(connection, {.flags = kRespondEnd | kRespondClose});
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == kAnswer + " CONN_CLOSE");
    CHECK(server.IsClosed());
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("splits long text for the log into packets") {
    Application app;
    app.on_request = [&](Connection& connection) {
      app.set.SendStderr(connection, std::string(40'000, 'e'));
      app.set.SendStderr(connection, "");
      app.Send(connection, {});
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() ==
          "REQ_RECEIVED STDERR_STREAM(#16384) STDERR_STREAM(#16384) STDERR_STREAM(#7232) "
          "RESP_HEADER(200; A: b) RESP_END");
  }

  TEST_CASE(
      "leaves its header packet in one piece with all that is before it: the server cannot parse it in two") {
    Application app;
    app.on_request = [&](Connection& connection) {
      system_calls().Reset();
      app.Send(connection, {.header = "A: " + std::string(10'000, 'x') + "\n", .body = SomeBytes(100'000)});
      CHECK(system_calls().sends <= 2);  // the second finds the socket full
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Receive(8 + 16 + 2 + 10'004).size() == 8 + 16 + 2 + 10'004);
  }
}

TEST_SUITE("a server that takes a response slowly") {
  TEST_CASE("gets the same bytes, whatever the kernel takes at once") {
    const std::string body = SomeBytes(kMaximumStreamPayload + 7);
    std::string expected;
    for (const size_t budget : {1u << 20, 40'000u, 16'393u, 16'392u, 5'000u, 97u, 9u, 8u, 7u}) {
      for (const bool external : {true, false}) {
        CAPTURE(budget);
        Application app;
        app.on_request = [&](Connection& connection) {
          app.Send(connection, {.flags = 0});
          for (size_t at = 0; at < body.size(); at += 10'000) {
            app.Send(connection,
                     {.header = "", .body = body.substr(at, 10'000), .flags = 0, .external = external});
          }
          app.Send(connection, {.header = ""});
        };
        WebServer server = app.Connect();
        system_calls().Reset();
        system_calls().send_budget = budget;
        server.Send(PlainRequest());
        const std::string received = app.RunAndReceive(&server);
        system_calls().Reset();
        CHECK(test::BodyOf(received) == body);
        CHECK(test::Describe(received).ends_with("RESP_END"));
        // The connection is as good as before.
        app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
        server.Send(PlainRequest());
        app.Run();
        CHECK(server.Hear() == kAnswer);
      }
    }
  }

  TEST_CASE("costs no memory: 50 MB stay where the application has them") {
    Application app;
    const test::CountedBytes body(SomeBytes(50'000'000));
    WebServer server = app.Connect();
    app.on_request = [&](Connection& connection) {
      app.Send(connection, {.flags = 0});
      app.SendExternal(connection, body, kRespondEnd);
      CHECK(connection.pending_output() > 49'000'000);
    };
    const size_t before = __sanitizer_get_current_allocated_bytes();
    server.Send(PlainRequest());
    app.Run();
    CHECK(body.retained() == 1);
    CHECK(__sanitizer_get_current_allocated_bytes() < before + 100'000);
    std::string received;
    while (body.retained() > 0) {
      received += server.Receive(1 << 20);
      app.Run();
    }
    received += server.Receive();
    CHECK(test::BodyOf(received) ==
          std::string_view(reinterpret_cast<const char*>(body.bytes().data()), body.bytes().size()));
    CHECK(test::Describe(received).ends_with("RESP_END"));
    CHECK(app.Events() == "request");
  }

  TEST_CASE("gets everything through the smallest buffer that the kernel has") {
    Application app;
    const std::string body = SomeBytes(2'000'000);
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body}); };
    WebServer server = app.Adopt(1);
    server.Send(PlainRequest());
    const std::string received = app.RunAndReceive(&server);
    CHECK(test::BodyOf(received) == body);
    CHECK(test::Describe(received).ends_with("RESP_END"));
  }

  TEST_CASE("is waited for by an application that streams and heeds what is pending") {
    Application app;
    WebServer server = app.Connect();
    const std::string piece = SomeBytes(100'000);
    size_t produced = 0;
    size_t most_pending = 0;
    const auto produce = [&](Connection& connection) {
      while (produced < 500) {
        app.Send(connection, {.header = produced == 0 ? "A: b\n" : "", .body = piece, .flags = 0});
        ++produced;
        most_pending = std::max(most_pending, connection.pending_output());
        if (connection.pending_output() > 0) return app.set.WatchDrain(connection);
      }
      app.Send(connection, {.header = ""});
    };
    app.on_request = app.on_drain = produce;
    server.Send(PlainRequest());
    std::string received;
    while (!(produced == 500 && app.set.statistics().active == 0)) {
      app.Run();
      received += server.Receive(300'000);
    }
    received += app.RunAndReceive(&server);
    CHECK(test::BodyOf(received).size() == 500 * piece.size());
    CHECK(most_pending < 110'000);
    CHECK(test::Describe(received).ends_with("RESP_END"));
  }

  TEST_CASE("is told to an application that asks only after everything has been sent") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) {
      open = &connection;
      app.Send(connection, {.flags = 0});
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    app.set.WatchDrain(*open);
    app.Run();
    CHECK(app.Events() == "request drain");
  }

  TEST_CASE("is told once for each time that the application asked") {
    Application app;
    const std::string piece = SomeBytes(500'000);
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) {
      open = &connection;
      app.Send(connection, {.body = piece, .flags = 0});
      app.set.WatchDrain(connection);
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.RunAndReceive(&server);
    CHECK(app.Events() == "request drain");
    app.Send(*open, {.header = "", .body = piece, .flags = 0});
    app.RunAndReceive(&server);
    CHECK(app.Events().empty());
  }

  TEST_CASE("may send the next request before it has taken the end of the response") {
    Application app;
    const std::string body = SomeBytes(1'000'000);
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body}); };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Send(PlainRequest());
    app.Run();
    CHECK(app.Events() == "request request");
    const std::string received = app.RunAndReceive(&server);
    CHECK(test::BodyOf(received) == body + body);
  }
}

TEST_SUITE("a system call that fails") {
  TEST_CASE("because a signal came is made again") {
    Application app;
    app.on_request = app.on_body = [&](Connection& connection) {
      BodyRead end{};
      system_calls().fail_next_receive = EINTR;
      app.ReadBody(connection, &end);
      if (end != BodyRead::kEnd) return;
      system_calls().fail_next_send = EINTR;
      app.Send(connection, {.body = "x"});
    };
    WebServer server = app.Connect();
    system_calls().Reset();
    system_calls().fail_next_receive = EINTR;
    server.Send(RequestWithBody(4));
    app.Run();
    server.Send("body");
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_STREAM(x) RESP_END");
    app.on_request = [&](Connection& connection) {
      system_calls().fail_next_send = EINTR;
      app.Send(connection, {.body = "x", .external = true});
    };
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_STREAM(x) RESP_END");
    system_calls().Reset();
  }

  TEST_CASE("for good while sending ends the connection: a response with a hole would be worse than none") {
    for (const int error : {ENOBUFS, ENOMEM, EPIPE, ECONNRESET}) {
      for (const bool external : {false, true}) {
        for (const bool ends : {false, true}) {
          CAPTURE(error);
          Application app;
          const test::CountedBytes body(SomeBytes(100'000));
          app.on_request = [&](Connection& connection) {
            app.Send(connection, {.flags = 0});
            system_calls().fail_next_send = error;
            app.Send(connection, {.header = "", .body = "lost", .flags = 0, .external = external});
            app.Send(connection, {.header = "", .body = "late", .flags = ends ? kRespondEnd : 0u});
            app.Send(connection, {.header = "", .body = "late", .flags = 0});
          };
          if (ends) {
            app.on_request = [&](Connection& connection) {
              app.Send(connection, {.flags = 0});
              system_calls().fail_next_send = error;
              app.Send(connection, {.header = "", .body = "lost", .external = external});
            };
          }
          WebServer server = app.Connect();
          server.Send(PlainRequest());
          app.Run();
          system_calls().Reset();
          CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b)");
          CHECK(server.IsClosed());
          CHECK(app.Events() == (ends ? "request" : "request abort"));
          CHECK(app.set.statistics().open == 0);
        }
      }
    }
  }
}

}  // namespace
}  // namespace lsapi
