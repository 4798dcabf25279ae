// Requests on a connection: fragments, refusals, reuse, acknowledgements. Protocol sections 1.12, 2.4
// and 7.4.
#include <doctest/doctest.h>

#include <algorithm>
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

TEST_SUITE("a request") {
  TEST_CASE("is answered on its connection, in its own encoding") {
    for (const Encoding encoding : test::kEncodings) {
      Application app;
      WebServer server = app.Connect();
      server.Send(RequestBuilder().Encode(encoding).Build().text());
      app.Run();
      CHECK(server.Hear(encoding) == kAnswer);
      CHECK_FALSE(server.IsClosed());
    }
  }

  TEST_CASE("may arrive byte by byte") {
    Application app;
    WebServer server = app.Connect();
    const std::string packet = RequestBuilder().Known(10, "example.org").Build().text();
    std::string host;
    app.on_request = [&](Connection& connection) {
      host = connection.request().known_header(10);
      app.Send(connection, {});
    };
    for (size_t i = 0; i + 1 < packet.size(); ++i) {
      server.Send(packet.substr(i, 1));
      app.Run();
      REQUIRE(app.Events().empty());
      REQUIRE(server.Receive().empty());
    }
    server.Send(packet.substr(packet.size() - 1));
    app.Run();
    CHECK(app.Events() == "request");
    CHECK(server.Hear() == kAnswer);
    CHECK(host == "example.org");
  }

  TEST_CASE("may be cut anywhere, also where its block is too small for it") {
    const std::string packet = RequestBuilder().Unknown("X", std::string(100'000, 'x')).Build().text();
    for (const size_t cut : {1u, 7u, 8u, 9u, 44u, 207u, 208u, 16383u, 16384u, 16385u, 99'999u}) {
      Application app;
      WebServer server = app.Connect();
      app.on_request = [&](Connection& connection) {
        CHECK(connection.request().unknown_header(0).value == std::string(100'000, 'x'));
        app.Send(connection, {});
      };
      server.Send(packet.substr(0, cut));
      app.Run();
      CHECK(app.Events().empty());
      server.Send(packet.substr(cut));
      app.Run();
      CHECK(server.Hear() == kAnswer);
    }
  }

  TEST_CASE("may have a packet up to the limit and no longer") {
    for (const size_t limit : {kDefaultPacketLimit, kMaximumPacketLimit}) {
      const size_t rest = RequestBuilder().Unknown("X", "").Build().bytes.size();
      for (const size_t over : {0u, 1u}) {
        ConnectionSetOptions options;
        options.packet_limit = limit;
        Application app(options);
        WebServer server = app.Connect();
        const std::string packet =
            RequestBuilder().Unknown("X", std::string(limit - rest + over, 'x')).Build().text();
        REQUIRE(packet.size() == limit + over);
        for (size_t sent = 0; sent < packet.size() && !server.IsClosed(); app.Run()) {
          sent += server.Send(std::string_view(packet).substr(sent));
        }
        CHECK(app.Events() == (over == 0 ? "request" : "log"));
        CHECK(server.IsClosed() == (over == 1));
      }
    }
  }

  TEST_CASE("follows another one on the connection, any number of times") {
    Application app;
    WebServer server = app.Connect();
    for (int i = 0; i < 1000; ++i) {
      server.Send(PlainRequest());
      app.Run();
      REQUIRE(server.Hear() == kAnswer);
    }
    CHECK(app.set.statistics().requests == 1000);
    CHECK(app.set.statistics().connections == 1);
    CHECK(app.set.statistics().open == 1);
    CHECK(app.set.statistics().active == 0);
  }

  TEST_CASE("may change the encoding of the connection") {
    Application app;
    WebServer server = app.Connect();
    for (int i = 0; i < 8; ++i) {
      const Encoding encoding = test::kEncodings[static_cast<size_t>(i) % 4];
      server.Send(RequestBuilder().Encode(encoding).Build().text());
      app.Run();
      CHECK(server.Hear(encoding) == kAnswer);
    }
  }

  TEST_CASE("is served beside others") {
    Application app;
    std::vector<WebServer> servers;
    for (int i = 0; i < 300; ++i) servers.push_back(app.Connect());
    for (WebServer& server : servers) server.Send(PlainRequest());
    app.Run();
    for (WebServer& server : servers) CHECK(server.Hear() == kAnswer);
    CHECK(app.set.statistics().open == 300);
    servers.clear();
    app.Run();
    CHECK(app.set.statistics().open == 0);
  }
}

TEST_SUITE("a packet that is not valid") {
  struct Case {
    std::string bytes;
    std::string code;
  };

  std::vector<Case> Cases() {
    std::vector<Case> cases = {
        {"X", "LSAPI_ERR_PACKET_MAGIC"},
        {"LX", "LSAPI_ERR_PACKET_MAGIC"},
        {"GET / HTTP/1.1\r\n\r\n", "LSAPI_ERR_PACKET_MAGIC"},
        {std::string("LS\x03\0\x08\0\0\0", 8), "LSAPI_ERR_PACKET_TYPE"},
        {std::string("LS\x01\0\x08\0\0\0", 8), "LSAPI_ERR_PACKET_LENGTH"},
        {std::string("LS\x01\0\xff\xff\xff\xff", 8), "LSAPI_ERR_PACKET_LENGTH"},
        {std::string("LS\x01\0\xff\xff\xff\x7f", 8), "LSAPI_ERR_PACKET_LENGTH"},
    };
    const auto broken = [&](const char* code, auto change) {
      test::BuiltPacket packet = RequestBuilder().Unknown("X", "y").Build();
      change(packet);
      cases.push_back({packet.text(), code});
    };
    broken("LSAPI_ERR_PACKET_COUNT", [](auto& packet) { packet.SetInt32(test::kFieldEnvCount, -1); });
    broken("LSAPI_ERR_PACKET_ENV", [](auto& packet) { packet.SetListLength(packet.env, 0); });
    broken("LSAPI_ERR_PACKET_OFFSET", [](auto& packet) { packet.SetInt32(test::kFieldMethod, 44); });
    broken("LSAPI_ERR_PACKET_LAYOUT", [](auto& packet) { packet.SetInt32(test::kFieldHeaderLength, 0); });
    broken("LSAPI_ERR_PACKET_HEADER_INDEX", [](auto& packet) { packet.SetInt32(packet.unknown, -1); });
    return cases;
  }

  TEST_CASE("ends its connection without a reply, with one line in the log that tells why") {
    for (const Case& broken : Cases()) {
      CAPTURE(broken.code);
      Application app;
      WebServer server = app.Connect();
      WebServer other = app.Connect();
      server.Send(broken.bytes);
      app.Run();
      CHECK(app.Events() == "log");
      CHECK(app.logs()[0].find(broken.code) != std::string::npos);
      CHECK(app.logs()[0].find('\n') == std::string::npos);
      CHECK(server.Receive().empty());
      CHECK(server.IsClosed());
      CHECK(app.set.statistics().rejected == 1);
      CHECK(app.set.statistics().requests == 0);
      CHECK(app.set.statistics().open == 1);
      other.Send(PlainRequest());
      app.Run();
      CHECK(other.Hear() == kAnswer);
    }
  }

  TEST_CASE("ends a connection that has served requests before, and leaves their responses intact") {
    for (const Case& broken : Cases()) {
      Application app;
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      server.Send(broken.bytes);
      app.Run();
      CHECK(server.Hear() == kAnswer);
      CHECK(server.IsClosed());
      CHECK(app.Events() == "request log");
    }
  }

  TEST_CASE("is noticed at its first wrong byte") {
    Application app;
    WebServer server = app.Connect();
    server.Send("L");
    app.Run();
    CHECK_FALSE(server.IsClosed());
    server.Send("x");
    app.Run();
    CHECK(server.IsClosed());
  }
}

TEST_SUITE("the end of a connection") {
  TEST_CASE("between requests is nothing to speak of") {
    Application app;
    WebServer fresh = app.Connect();
    WebServer used = app.Connect();
    used.Send(PlainRequest());
    app.Run();
    fresh.Close();
    used.Close();
    app.Run();
    CHECK(app.Events() == "request");
    CHECK(app.set.statistics().open == 0);
    CHECK(app.set.statistics().aborted == 0);
  }

  TEST_CASE("in the middle of a packet is logged") {
    const std::string packet = PlainRequest();
    for (size_t size = 1; size < packet.size(); size += 13) {
      Application app;
      WebServer server = app.Connect();
      server.Send(packet.substr(0, size));
      // Whether the end arrives with the bytes or after them makes no difference.
      if (size % 2 == 0) app.Run();
      server.Close();
      app.Run();
      CHECK(app.Events() == "log");
      CHECK(app.set.statistics().open == 0);
      CHECK(app.set.statistics().rejected == 0);
    }
  }

  TEST_CASE("that arrives with a request means that nobody waits for the answer any more") {
    for (const size_t body : {0u, 100u, 100'000u}) {
      CAPTURE(body);
      Application app;
      app.on_request = kKeepOpen;
      WebServer server = app.Connect();
      app.Run();  // accepted: the next event brings everything at once
      server.Send(test::RequestWithBody(body) + std::string(body, 'x'));
      server.Close();
      app.Run();
      CHECK(app.set.statistics().open == 0);
      CHECK(app.set.statistics().active == 0);
    }
  }
}

TEST_SUITE("ABORT_REQUEST") {
  TEST_CASE("on an idle connection closes it") {
    for (const Encoding encoding : test::kEncodings) {
      Application app;
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      server.Receive();
      server.Send(test::AbortPacket(encoding));
      app.Run();
      CHECK(server.Receive().empty());
      CHECK(server.IsClosed());
      CHECK(app.Events() == "request");
    }
  }
}

TEST_SUITE("the acknowledgement") {
  TEST_CASE("of a connection's first request is sent before the application runs") {
    Application app;
    WebServer server = app.Connect();
    std::string heard;
    app.on_request = [&](Connection& connection) {
      heard = server.Hear();
      CHECK(connection.is_first_request());
      app.Send(connection, {});
    };
    server.Send(PlainRequest());
    app.Run();
    CHECK(heard == "REQ_RECEIVED");
    CHECK(server.Hear() == "RESP_HEADER(200; A: b) RESP_END");
  }

  TEST_CASE("of later requests comes with the response, in one piece") {
    Application app;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Receive();
    std::string heard;
    app.on_request = [&](Connection& connection) {
      heard = server.Hear();
      CHECK_FALSE(connection.is_first_request());
      app.Send(connection, {});
    };
    server.Send(PlainRequest());
    app.Run();
    CHECK(heard.empty());
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("of later requests does not wait for an answer that takes longer than the batch") {
    Application app;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Receive();
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED");
    app.Send(*open, {});
    CHECK(server.Hear() == "RESP_HEADER(200; A: b) RESP_END");
  }

  TEST_CASE("comes with the first part of a response, and only once") {
    Application app;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Receive();
    app.on_request = [&](Connection& connection) {
      app.Send(connection, {.body = "1", .flags = 0});
      app.Send(connection, {.header = "", .body = "2", .flags = 0});
      app.Send(connection, {.header = "", .body = "3"});
    };
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() ==
          "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_STREAM(1) RESP_STREAM(2) RESP_STREAM(3) RESP_END");
  }

  TEST_CASE("stands in front of text for the log as well, in one piece with it") {
    Application app;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Receive();
    app.on_request = [&](Connection& connection) {
      app.set.SendStderr(connection, "note");
      app.Send(connection, {});
    };
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED STDERR_STREAM(note) RESP_HEADER(200; A: b) RESP_END");
  }

  TEST_CASE("on the standard input of a worker always comes first: the server would replay the request") {
    Application app;
    WebServer server = app.Adopt();
    std::string heard;
    app.on_request = [&](Connection& connection) {
      heard = server.Hear();
      app.Send(connection, {});
    };
    for (int i = 0; i < 3; ++i) {
      server.Send(PlainRequest());
      app.Run();
      CHECK(heard == "REQ_RECEIVED");
      CHECK(server.Hear() == "RESP_HEADER(200; A: b) RESP_END");
    }
  }

  TEST_CASE("of a request is sent before its body has arrived") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    server.Send(test::RequestWithBody(1000));
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED");
  }
}

TEST_SUITE("bytes behind a request, while it is being served") {
  TEST_CASE("break the protocol: the response ends the connection") {
    for (const bool together : {true, false}) {
      Application app;
      Connection* open = nullptr;
      app.on_request = [&](Connection& connection) { open = &connection; };
      WebServer server = app.Connect();
      server.Send(PlainRequest() + (together ? PlainRequest() : ""));
      app.Run();
      if (!together) {
        server.Send("x");
        app.Run();
      }
      CHECK(app.Events() == "request");
      app.Send(*open, {});
      CHECK(server.Hear() == "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END CONN_CLOSE");
      server.Close();
      app.Run();
      CHECK(app.set.statistics().open == 0);
      CHECK(app.Events().empty());
    }
  }

  TEST_CASE("that arrive after the response are the next request, wherever they were cut") {
    Application app;
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    server.Receive();
    const std::string next = PlainRequest();
    server.Send(next.substr(0, 3));
    app.Run();
    server.Send(next.substr(3));
    app.Run();
    CHECK(server.Hear() == kAnswer);
  }
}

}  // namespace
}  // namespace lsapi
