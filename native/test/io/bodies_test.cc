// Request bodies: raw bytes behind the packet, in any portions. Protocol sections 1.10 and 7.4.
#include <doctest/doctest.h>
#include <poll.h>

#include <string>

#include "protocol/known_headers.h"
#include "support/application.h"
#include "support/request_builder.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::RequestBuilder;
using test::RequestWithBody;
using test::WebServer;

const std::string kAnswer = "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END";
const std::string kLastAnswer = kAnswer + " CONN_CLOSE";

std::string SomeBytes(size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 13 + i / 255);
  return bytes;
}

/// An application that reads each body as it arrives and answers at its end.
struct Reader : Application {
  explicit Reader(ConnectionSetOptions options = {}) : Application(options) {
    on_request = on_body = [this](Connection& connection) {
      body += ReadBody(connection, &end, piece);
      if (end == BodyRead::kEnd) Send(connection, {});
    };
  }
  std::string body;
  BodyRead end = BodyRead::kWouldBlock;
  size_t piece = 4096;
};

TEST_SUITE("a body") {
  TEST_CASE("may come with its request") {
    for (const size_t size : {1u, 8u, 1000u, 15'000u, 16'384u, 100'000u}) {
      Reader app;
      WebServer server = app.Connect();
      const std::string body = SomeBytes(size);
      server.Send(RequestWithBody(size) + body);
      app.Run();
      CHECK(app.body == body);
      CHECK(server.Hear() == kAnswer);
    }
  }

  TEST_CASE("may come byte by byte") {
    Reader app;
    WebServer server = app.Connect();
    const std::string body = SomeBytes(300);
    server.Send(RequestWithBody(body.size()));
    app.Run();
    CHECK(app.Events() == "request");
    for (const char byte : body) {
      server.Send(std::string(1, byte));
      app.Run();
      REQUIRE(app.Events() == "body");
    }
    CHECK(app.body == body);
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("may be cut anywhere, the cut in the packet included") {
    const std::string body = SomeBytes(500);
    const std::string bytes = RequestWithBody(body.size()) + body;
    for (size_t cut = 1; cut < bytes.size(); ++cut) {
      Reader app;
      WebServer server = app.Connect();
      server.Send(bytes.substr(0, cut));
      app.Run();
      server.Send(bytes.substr(cut));
      app.Run();
      REQUIRE(app.body == body);
      REQUIRE(server.Hear() == kAnswer);
    }
  }

  TEST_CASE("is read in pieces of any size, and its end is told as often as asked") {
    for (const size_t piece : {1u, 2u, 7u, 64u, 1000u, 1u << 20}) {
      Reader app;
      app.piece = piece;
      WebServer server = app.Connect();
      const std::string body = SomeBytes(20'000);
      server.Send(RequestWithBody(body.size()) + body);
      app.Run();
      CHECK(app.body == body);
      CHECK(server.Hear() == kAnswer);
    }
    Application app;
    WebServer server = app.Connect();
    app.on_request = [&](Connection& connection) {
      BodyRead end{};
      CHECK(app.ReadBody(connection, &end) == "abc");
      for (int i = 0; i < 3; ++i) {
        CHECK(app.ReadBody(connection, &end).empty());
        CHECK(end == BodyRead::kEnd);
      }
    };
    server.Send(RequestWithBody(3) + "abc");
    app.Run();
  }

  TEST_CASE("of no bytes has its end at once") {
    Reader app;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(0));
    app.Run();
    CHECK(app.end == BodyRead::kEnd);
    CHECK(app.body.empty());
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("stays in the kernel until it is read: the server has to wait, and memory stays flat") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    constexpr size_t kSize = 50'000'000;
    const std::string chunk(100'000, 'x');
    server.Send(RequestWithBody(kSize));
    size_t sent = 0;
    for (int round = 0; round < 50; ++round) {
      const size_t taken = server.Send(chunk);
      sent += taken;
      app.Run();
    }
    CHECK(sent < 2'000'000);
    CHECK(app.Events() == "request");

    Connection* const connection = app.set.Find(0, 1);
    REQUIRE(connection != nullptr);
    size_t received = 0;
    app.on_body = [&](Connection& reading) { received += app.ReadBody(reading).size(); };
    app.on_body(*connection);
    while (received < kSize) {
      sent += server.Send(std::string_view(chunk).substr(0, kSize - sent));
      app.Run();
    }
    CHECK(received == kSize);
    app.Send(*connection, {});
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("is announced once for each time that the application found nothing to read") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(100));
    app.Run();
    server.Send("not asked for yet");
    app.Run();
    CHECK(app.Events() == "request");
    Connection& connection = *app.set.Find(0, 1);
    BodyRead end{};
    CHECK(app.ReadBody(connection, &end) == "not asked for yet");
    CHECK(end == BodyRead::kWouldBlock);
    server.Send("a");
    app.Run();
    server.Send("b");
    app.Run();
    CHECK(app.Events() == "body");
    CHECK(app.ReadBody(connection) == "ab");
  }

  TEST_CASE("may look like packets") {
    Reader app;
    WebServer server = app.Connect();
    const std::string body = PlainRequest() + test::AbortPacket() + PlainRequest();
    server.Send(RequestWithBody(body.size()));
    app.Run();
    server.Send(body);
    app.Run();
    CHECK(app.body == body);
    CHECK(server.Hear() == kAnswer);
  }
}

TEST_SUITE("after a body that the application did not read") {
  TEST_CASE("the connection is kept when all of it has come: the rest is thrown away") {
    for (const size_t size : {1u, 10'000u, 20'000u, 100'000u}) {
      CAPTURE(size);
      Application app;
      WebServer server = app.Connect();
      server.Send(RequestWithBody(size) + std::string(size, 'x'));
      app.Run();
      CHECK(server.Hear() == kAnswer);
      server.Send(PlainRequest());
      app.Run();
      CHECK(server.Hear() == kAnswer);
      CHECK(app.logs().empty());
    }
  }

  TEST_CASE("the connection is kept when all of it has come in pieces, some of them read") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(RequestWithBody(50'000) + std::string(20'000, 'x'));
    app.Run();
    std::array<uint8_t, 100> some;
    CHECK(app.set.ReadBody(*open, some) == 100);
    server.Send(std::string(30'000, 'x'));
    app.Run();
    app.Send(*open, {});
    CHECK(server.Hear() == kAnswer);
    app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("the connection ends when some of it is missing: what comes next could not be told apart") {
    // The server may use the connection again without ever sending the rest (section 1.10).
    for (const size_t sent : {0u, 1u, 99u}) {
      Application app;
      WebServer server = app.Connect();
      server.Send(RequestWithBody(100) + std::string(sent, 'x'));
      app.Run();
      CHECK(server.Hear() == kLastAnswer);
      server.Send(PlainRequest());
      app.Run();
      CHECK(app.Events() == "request");
      server.Close();
      app.Run();
      CHECK(app.set.statistics().open == 0);
    }
  }

  TEST_CASE(
      "the response and the end of the connection leave in one piece, and are not cut off by late bytes") {
    Application app;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(10'000'000) + std::string(10'000, 'x'));
    app.on_request = [&](Connection& connection) {
      test::system_calls().Reset();
      app.Send(connection, {});
      CHECK(test::system_calls().sends == 1);
    };
    app.Run();
    for (int i = 0; i < 100; ++i) {
      server.Send(std::string(50'000, 'x'));
      app.Run();
    }
    CHECK(server.Hear() == kLastAnswer);
    CHECK(server.IsClosed());  // as far as sending goes
    CHECK_FALSE(server.WasReset());
    server.Close();
    app.Run();
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE(
      "the response reaches a server on TCP whole, although closing with unread bytes resets such a "
      "connection") {
    Application app;
    WebServer server = app.ConnectTcp();
    const std::string answer(1'000'000, 'a');
    app.on_request = [&](Connection& connection) { app.Send(connection, {.body = answer}); };
    server.Send(RequestWithBody(100'000'000));
    const std::string chunk(1'000'000, 'x');
    std::string received;
    size_t sent = 0;
    CHECK(app.RunUntil([&] {
      if (sent < 20 * chunk.size()) sent += server.Send(chunk);
      received += server.Receive(100'000);
      return server.IsClosed();
    }));
    CHECK(test::BodyOf(received) == answer);
    CHECK(test::Describe(received).ends_with("RESP_END CONN_CLOSE"));
    CHECK_FALSE(server.WasReset());
  }

  TEST_CASE("the connection is closed at once when the server's last bytes come together with its end") {
    Application app;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(100));
    app.Run();
    CHECK(server.Hear() == kLastAnswer);
    CHECK(app.set.statistics().open == 1);
    server.Send("more");
    server.Close();
    app.Run();
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("the connection ends for good although the server goes on sending") {
    Application app;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(10'000'000));
    app.Run();
    CHECK(app.set.statistics().open == 1);
    CHECK(app.RunUntil([&] {
      server.Send("x");
      return app.set.statistics().open == 0;
    }));
    CHECK(app.Events() == "request");
  }

  TEST_CASE("the connection is served again when the next request was sent right behind that body") {
    // No server does so before it has the response; a client of ours that does must not wait for ever.
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(RequestWithBody(50'000));
    app.Run();
    server.Send(std::string(50'000, 'x') + PlainRequest());
    app.Run();
    app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
    app.Send(*open, {});
    app.Run();
    const std::string heard = server.Hear();
    CHECK((heard == kAnswer + " " + kAnswer || heard == kLastAnswer));
  }
}

TEST_SUITE("bytes behind a body") {
  TEST_CASE("do not become part of it, and end the connection with the response") {
    for (const size_t piece : {10u, 4096u}) {
      for (const bool together : {true, false}) {
        Reader app;
        app.piece = piece;
        WebServer server = app.Connect();
        server.Send(RequestWithBody(10) + (together ? "0123456789more" : ""));
        app.Run();
        if (!together) {
          server.Send("0123456789more");
          app.Run();
        }
        CHECK(app.body == "0123456789");
        CHECK(server.Hear() == kLastAnswer);
      }
    }
  }

  TEST_CASE("may be many") {
    Reader app;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(10));
    app.Run();
    server.Send("0123456789" + std::string(100'000, 'x'));
    app.Run();
    CHECK(app.body == "0123456789");
    CHECK(server.Hear() == kLastAnswer);
    CHECK_FALSE(server.WasReset());
  }
}

TEST_SUITE("a body of unknown length") {
  TEST_CASE("is not read, and the response ends the connection") {
    for (const int32_t declared : {-1, -2}) {
      Reader app;
      WebServer server = app.Connect();
      server.Send(RequestBuilder().Body(declared).Build().text() + "some bytes");
      app.Run();
      CHECK(app.body.empty());
      CHECK(app.end == BodyRead::kEnd);
      CHECK(server.Hear() == kLastAnswer);
    }
  }

  TEST_CASE("that trickles in while the application works is no reason to give up") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(RequestBuilder().Body(-1).Known(kTransferEncoding, "chunked").Build().text());
    app.Run();
    for (int i = 0; i < 20; ++i) {
      server.Send(std::string(1000, 'x'));
      app.Run();
    }
    CHECK(app.Events() == "request");
    CHECK(open->request().body_length() == -1);
    app.Send(*open, {});
    CHECK(server.Hear() == kLastAnswer);
    CHECK_FALSE(server.WasReset());
  }

  TEST_CASE("that can be told from Content-Length is one of known length") {
    Reader app;
    WebServer server = app.Connect();
    server.Send(RequestBuilder().Body(-1).Known(kContentLength, "5").Build().text() + "hello");
    app.Run();
    CHECK(app.body == "hello");
    CHECK(server.Hear() == kAnswer);
  }
}

TEST_SUITE("a body that stalls") {
  ConnectionSetOptions ShortTimeout() {
    ConnectionSetOptions options;
    options.body_timeout_ms = 1;
    return options;
  }

  TEST_CASE("while the application waits for it is told to the application, which answers") {
    Reader app(ShortTimeout());
    app.on_body_timeout = [&](Connection& connection) { app.Send(connection, {.status = 408}); };
    WebServer server = app.Connect();
    server.Send(RequestWithBody(100) + "some");
    app.Run();
    std::string events;
    CHECK(app.RunUntil([&] { return (events += app.Events()) == "requestbody-timeout"; }));
    CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(408; A: b) RESP_END CONN_CLOSE");
  }

  TEST_CASE("is nobody's fault while the application does not ask for it") {
    Application app(ShortTimeout());
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    server.Send(RequestWithBody(100) + "some");
    app.Run();
    poll(nullptr, 0, 700);
    app.Run();
    CHECK(app.Events() == "request");
  }

  TEST_CASE("has its time anew whenever something comes") {
    ConnectionSetOptions options;
    options.body_timeout_ms = 1200;
    Reader app(options);
    WebServer server = app.Connect();
    server.Send(RequestWithBody(4));
    for (int i = 0; i < 4; ++i) {
      app.Run();
      poll(nullptr, 0, 600);
      server.Send("x");
    }
    app.Run();
    CHECK(app.body == "xxxx");
    CHECK(server.Hear() == kAnswer);
  }
}

}  // namespace
}  // namespace lsapi
