// The server gives a request up: ABORT_REQUEST, the end of the connection, or both. Protocol sections 2.8
// and 7.4.
#include <doctest/doctest.h>

#include <string>

#include "support/application.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::AbortPacket;
using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::RequestWithBody;
using test::WebServer;

/// The ways in which a server leaves: always the end of the connection, mostly with an ABORT_REQUEST before
/// it.
enum class Leaving { kAbortAndClose, kAbort, kClose };

void Leave(WebServer* server, Leaving how, Encoding encoding = {0, ByteOrder::kLittle}) {
  if (how != Leaving::kClose) server->Send(AbortPacket(encoding));
  if (how != Leaving::kAbort) server->Close();
}

constexpr std::array kWays = {Leaving::kAbortAndClose, Leaving::kAbort, Leaving::kClose};

TEST_SUITE("a request that is given up") {
  TEST_CASE("while the application works is told to it, and its connection is closed") {
    for (const Leaving way : kWays) {
      for (const Encoding encoding : test::kEncodings) {
        Application app;
        Connection* open = nullptr;
        app.on_request = [&](Connection& connection) { open = &connection; };
        WebServer server = app.Connect();
        server.Send(PlainRequest());
        app.Run();
        const uint32_t serial = open->serial();
        Leave(&server, way, encoding);
        app.Run();
        CHECK(app.Events() == "request abort");
        CHECK(app.set.Find(open->slot(), serial) == nullptr);
        CHECK(app.set.statistics().aborted == 1);
        CHECK(app.set.statistics().active == 0);
        CHECK(app.set.statistics().open == 0);
      }
    }
  }

  TEST_CASE("while its body was read completely, too") {
    for (const Leaving way : kWays) {
      Application app;
      app.on_request = [&](Connection& connection) { CHECK(app.ReadBody(connection) == "hello"); };
      WebServer server = app.Connect();
      server.Send(RequestWithBody(5) + "hello");
      app.Run();
      Leave(&server, way);
      app.Run();
      CHECK(app.Events() == "request abort");
      CHECK(app.set.statistics().open == 0);
    }
  }

  TEST_CASE("while its body is complete but not read yet, too") {
    for (const Leaving way : kWays) {
      Application app;
      app.on_request = kKeepOpen;
      WebServer server = app.Connect();
      server.Send(RequestWithBody(5) + "hello");
      app.Run();
      Leave(&server, way);
      app.Run();
      CHECK(app.Events() == "request abort");
    }
  }

  TEST_CASE("by an ABORT_REQUEST right behind it or its body, in one piece") {
    for (const std::string body : {"", "hello"}) {
      Application app;
      app.on_request = kKeepOpen;
      WebServer server = app.Connect();
      server.Send(RequestWithBody(body.size()) + body + AbortPacket());
      app.Run();
      CHECK(app.Events() == "request abort");
      CHECK(app.set.statistics().open == 0);
    }
  }

  TEST_CASE("by an ABORT_REQUEST that is read together with the end of the body") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(RequestWithBody(5));
    app.Run();
    server.Send("hello" + AbortPacket());
    app.Run();
    CHECK(app.Events() == "request");
    CHECK(app.ReadBody(*open) == "hello");
    app.Run();
    CHECK(app.Events() == "abort");
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("by an ABORT_REQUEST in pieces, at the latest when the connection ends") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    for (const char byte : AbortPacket()) {
      server.Send(std::string(1, byte));
      app.Run();
    }
    CHECK(app.Events() == "request");
    server.Close();
    app.Run();
    CHECK(app.Events() == "abort");
  }

  TEST_CASE("in the middle of its body is told to the application that waits for more") {
    for (const Leaving way : {Leaving::kAbortAndClose, Leaving::kClose}) {
      Application app;
      app.on_request = app.on_body = [&](Connection& connection) { app.ReadBody(connection); };
      WebServer server = app.Connect();
      server.Send(RequestWithBody(100) + "some");
      app.Run();
      Leave(&server, way);
      app.Run();
      CHECK(app.Events() == "request abort");
      CHECK(app.set.statistics().open == 0);
    }
  }

  TEST_CASE("in the middle of its body is told to the application that does not read it") {
    // Also when the kernel's buffers hold more than is ever read at once.
    for (const size_t size : {100u, 100'000u}) {
      for (const bool accepted_before : {true, false}) {
        Application app;
        app.on_request = kKeepOpen;
        WebServer server = app.Connect();
        if (accepted_before) app.Run();
        server.Send(RequestWithBody(1'000'000) + std::string(size, 'x'));
        server.Close();
        app.Run();
        CHECK(app.set.statistics().active == 0);
        CHECK(app.set.statistics().open == 0);
      }
    }
  }

  TEST_CASE("is not given the abort as the end of its body") {
    // The eight bytes of the ABORT_REQUEST would complete the declared length.
    for (const size_t with_request : {0u, 12u, 20u}) {
      Application app;
      BodyRead end{};
      std::string body;
      app.on_request = app.on_body = [&](Connection& connection) { body += app.ReadBody(connection, &end); };
      WebServer server = app.Connect();
      const std::string bytes = std::string(12, 'x') + AbortPacket();
      app.Run();
      server.Send(RequestWithBody(20) + bytes.substr(0, with_request));
      if (with_request < 20) app.Run();
      server.Send(bytes.substr(with_request));
      server.Close();
      app.Run();
      CAPTURE(with_request);
      CHECK(body.size() <= 12);
      CHECK(end != BodyRead::kEnd);
      CHECK(app.set.statistics().open == 0);
    }
  }

  TEST_CASE("is noticed by reading the body before the end of the connection is told by the kernel") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(RequestWithBody(20));
    app.Run();
    const uint32_t serial = open->serial();
    server.Send("some" + std::string(8, 'x'));
    app.Run();
    server.Send(AbortPacket());
    server.Close();
    BodyRead end{};
    CHECK(app.ReadBody(*open, &end).empty());
    CHECK(end == BodyRead::kGone);
    CHECK(app.set.Find(open->slot(), serial) == nullptr);
    app.Run();
    CHECK(app.Events() == "request");  // kGone was the message
    CHECK(app.set.statistics().aborted == 1);
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("is noticed by reading a body that came with the request and ends in the abort") {
    Application app;
    WebServer server = app.Connect();
    BodyRead end{};
    app.on_request = [&](Connection& connection) {
      server.Close();
      CHECK(app.ReadBody(connection, &end).empty());
    };
    server.Send(RequestWithBody(20) + std::string(12, 'x') + AbortPacket());
    app.Run();
    CHECK(end == BodyRead::kGone);
    CHECK(app.Events() == "request");
    CHECK(app.set.statistics().aborted == 1);
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("can be answered nevertheless, by an application that does not know yet") {
    for (const bool large : {false, true}) {
      Application app;
      app.on_request = [&](Connection& connection) {
        app.Send(connection, {.body = std::string(large ? 1'000'000 : 10, 'x')});
      };
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      server.Close();
      app.Run();
      CHECK(app.set.statistics().open == 0);
      CHECK(app.set.statistics().active == 0);
    }
  }

  TEST_CASE("can be answered by the handler that is told so: nothing is sent") {
    Application app;
    app.on_request = kKeepOpen;
    app.on_abort = [&](Connection& connection) { app.Send(connection, {}); };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Receive();
    server.Send(AbortPacket());
    app.Run();
    CHECK(server.Receive().empty());
    CHECK(server.IsClosed());
    CHECK(app.set.statistics().open == 0);
    CHECK(app.set.statistics().active == 0);
  }
}

TEST_SUITE("a body whose last bytes look like ABORT_REQUEST") {
  TEST_CASE("is a body as long as the connection stays") {
    for (const size_t with_request : {0u, 5u, 12u, 20u}) {
      Application app;
      std::string body;
      app.on_request = app.on_body = [&](Connection& connection) {
        BodyRead end{};
        body += app.ReadBody(connection, &end);
        if (end == BodyRead::kEnd) app.Send(connection, {});
      };
      WebServer server = app.Connect();
      const std::string bytes = std::string(12, 'x') + AbortPacket();
      server.Send(RequestWithBody(20) + bytes.substr(0, with_request));
      app.Run();
      server.Send(bytes.substr(with_request));
      app.Run();
      CHECK(body == bytes);
      CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END");
    }
  }

  TEST_CASE("can be followed by the real one") {
    Application app;
    app.on_request = app.on_body = [&](Connection& connection) { app.ReadBody(connection); };
    WebServer server = app.Connect();
    server.Send(RequestWithBody(8));
    app.Run();
    server.Send(AbortPacket());
    app.Run();
    CHECK(app.Events() == "request body");
    server.Send(AbortPacket());
    app.Run();
    CHECK(app.Events() == "abort");
  }
}

TEST_SUITE("a server that vanishes during the response") {
  TEST_CASE("is told as an abort, and what was to be sent is thrown away") {
    for (const bool large : {false, true}) {
      Application app;
      Connection* open = nullptr;
      app.on_request = [&](Connection& connection) { open = &connection; };
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      app.Send(*open, {.body = std::string(large ? 5'000'000 : 10, 'x'), .flags = 0});
      CHECK((open->pending_output() > 0) == large);
      server.Close();
      // Written before the kernel could tell: goes nowhere, and does no harm.
      app.Send(*open, {.header = "", .body = "more", .flags = 0});
      app.Run();
      CHECK(app.Events() == "request abort");
      CHECK(app.set.statistics().open == 0);
    }
  }

  TEST_CASE("does not take what is written then: it stays pending, until the abort ends the wait") {
    Application app;
    const test::CountedBytes body(std::string(5'000'000, 'x'));
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    app.Send(*open, {.body = "taken", .flags = 0});
    REQUIRE(open->pending_output() == 0);
    server.Close();
    size_t pending = 0;
    for (int part = 0; part < 3; ++part) {
      app.Send(*open, {.header = "", .body = std::string(1000, 'x'), .flags = 0});
      CHECK(open->pending_output() >= pending + 1000);
      pending = open->pending_output();
    }
    app.SendExternal(*open, body, 0);
    CHECK(open->pending_output() >= pending + 5'000'000);
    app.set.WatchDrain(*open);
    app.Run();
    CHECK(app.Events() == "request abort");
  }

  TEST_CASE("gives back the application's memory") {
    Application app;
    const test::CountedBytes body(std::string(5'000'000, 'x'));
    app.on_request = [&](Connection& connection) {
      app.Send(connection, {.flags = 0});
      app.SendExternal(connection, body, 0);
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(body.retained() == 1);
    server.Close();
    app.Run();
    CHECK(body.retained() == 0);
  }

  TEST_CASE("after the application has ended it is nothing to speak of") {
    Application app;
    const test::CountedBytes body(std::string(5'000'000, 'x'));
    app.on_request = [&](Connection& connection) {
      app.Send(connection, {.flags = 0});
      app.SendExternal(connection, body, kRespondEnd);
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Close();
    app.Run();
    CHECK(app.Events() == "request");
    CHECK(app.set.statistics().open == 0);
    CHECK(body.retained() == 0);
  }
}

}  // namespace
}  // namespace lsapi
