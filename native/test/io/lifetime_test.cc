// The life of connections and of the whole set: draining, limits, timeouts, slots. Protocol sections 2.6
// and 7.3.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cerrno>
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
using test::RequestBuilder;
using test::RequestWithBody;
using test::WebServer;

const std::string kAnswer = "REQ_RECEIVED RESP_HEADER(200; A: b) RESP_END";
const std::string kLastAnswer = kAnswer + " CONN_CLOSE";

TEST_SUITE("draining") {
  TEST_CASE("without a connection is over at once") {
    Application app;
    app.set.Drain();
    app.Run();
    CHECK(app.Events() == "drained");
    app.set.Drain();
    app.Run();
    CHECK(app.Events().empty());
  }

  TEST_CASE("closes idle connections with CONN_CLOSE, in the encoding of their last request") {
    for (const Encoding encoding : test::kEncodings) {
      Application app;
      WebServer fresh = app.Connect();
      WebServer used = app.Connect();
      used.Send(RequestBuilder().Encode(encoding).Build().text());
      app.Run();
      used.Receive();
      app.set.Drain();
      app.Run();
      CHECK(fresh.Hear(Encoding{}) == "CONN_CLOSE");
      CHECK(used.Hear(encoding) == "CONN_CLOSE");
      CHECK(fresh.IsClosed());
      CHECK(used.IsClosed());
      CHECK(app.Events() == "request drained");
    }
  }

  TEST_CASE("lets requests finish, and ends their connections with the response") {
    Application app;
    std::vector<Connection*> open;
    app.on_request = [&](Connection& connection) { open.push_back(&connection); };
    WebServer one = app.Connect();
    WebServer two = app.Connect();
    one.Send(PlainRequest());
    two.Send(PlainRequest());
    app.Run();
    app.set.Drain();
    app.Run();
    CHECK(app.set.draining());
    CHECK(app.Events() == "request request");
    app.Send(*open[0], {});
    app.Run();
    CHECK(app.Events().empty());
    app.Send(*open[1], {});
    app.Run();
    CHECK(app.Events() == "drained");
    CHECK(one.Hear() == kLastAnswer);
    CHECK(two.Hear() == kLastAnswer);
  }

  TEST_CASE("serves a request that has arrived, or begun to, when it begins") {
    Application app;
    WebServer whole = app.Connect();
    WebServer part = app.Connect();
    app.Run();
    const std::string packet = PlainRequest();
    part.Send(packet.substr(0, 100));
    app.Run();
    whole.Send(packet);
    app.set.Drain();
    app.Run();
    CHECK(whole.Hear() == kLastAnswer);
    CHECK(app.Events() == "request");
    part.Send(packet.substr(100));
    app.Run();
    CHECK(part.Hear() == kLastAnswer);
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE("does not cut off a response that the server is slow to take") {
    for (const bool limit : {false, true}) {
      ConnectionSetOptions options;
      if (limit) options.max_requests = 2;
      Application app(options);
      const std::string body(2'000'000, 'x');
      app.on_request = [&](Connection& connection) { app.Send(connection, {.body = body}); };
      WebServer server = app.Connect();
      WebServer other = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      if (limit) {
        app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
        other.Send(PlainRequest());  // the last request that the process takes
      } else {
        app.set.Drain();
      }
      app.Run();
      const std::string received = app.RunAndReceive(&server);
      CHECK(test::BodyOf(received) == body);
      CHECK(test::Describe(received).ends_with("RESP_END CONN_CLOSE"));
      CHECK(server.IsClosed());
      CHECK(app.Events().ends_with("drained"));
    }
  }

  TEST_CASE("stops listening") {
    Application app;
    CHECK(app.AcceptsConnections());
    app.set.Drain();
    app.Run();
    CHECK_FALSE(app.AcceptsConnections());
  }

  TEST_CASE("may begin in a handler") {
    Application app;
    app.on_request = [&](Connection& connection) {
      app.set.Drain();
      app.Send(connection, {});
    };
    WebServer server = app.Connect();
    WebServer idle = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == kLastAnswer);
    CHECK(idle.Hear() == "CONN_CLOSE");
    CHECK(app.Events() == "request drained");
  }
}

TEST_SUITE("a limit of requests") {
  TEST_CASE("is kept exactly: the last response ends its connection, the others are closed") {
    ConnectionSetOptions options;
    options.max_requests = 3;
    Application app(options);
    WebServer server = app.Connect();
    WebServer idle = app.Connect();
    for (int i = 0; i < 3; ++i) {
      server.Send(PlainRequest());
      app.Run();
      CHECK(server.Hear() == (i < 2 ? kAnswer : kLastAnswer));
    }
    CHECK(idle.Hear() == "CONN_CLOSE");
    CHECK(app.Events() == "request request request drained");
  }

  TEST_CASE("is kept when more requests arrive in one batch: they are left to other processes") {
    for (const bool accepted_before : {false, true}) {
      for (const size_t sent_before : {0u, 1u, 100u}) {
        CAPTURE(accepted_before);
        CAPTURE(sent_before);
        ConnectionSetOptions options;
        options.max_requests = 2;
        Application app(options);
        const std::string packet = PlainRequest();
        std::vector<WebServer> servers;
        for (int i = 0; i < 5; ++i) servers.push_back(app.Connect());
        for (WebServer& server : servers) server.Send(packet.substr(0, sent_before));
        if (accepted_before) app.Run();
        for (WebServer& server : servers) server.Send(packet.substr(sent_before));
        app.Run();
        CHECK(app.set.statistics().requests == 2);
        CHECK(app.Events() == "request request drained");
        int answered = 0;
        for (WebServer& server : servers) {
          const std::string heard = server.Hear();
          if (heard == kLastAnswer) {
            ++answered;
          } else {
            // No acknowledgement: the server delivers the request elsewhere.
            CHECK((heard.empty() || heard == "CONN_CLOSE"));
          }
          CHECK(server.IsClosed());
        }
        CHECK(answered == 2);
      }
    }
  }

  TEST_CASE("of one request serves it") {
    ConnectionSetOptions options;
    options.max_requests = 1;
    Application app(options);
    WebServer server = app.Adopt();
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == kLastAnswer);
    CHECK(app.Events() == "request drained");
  }

  TEST_CASE("leaves requests that are still being served their time") {
    ConnectionSetOptions options;
    options.max_requests = 2;
    Application app(options);
    std::vector<Connection*> open;
    app.on_request = [&](Connection& connection) { open.push_back(&connection); };
    WebServer one = app.Connect();
    WebServer two = app.Connect();
    one.Send(PlainRequest());
    two.Send(PlainRequest());
    app.Run();
    app.Send(*open[0], {});
    app.Send(*open[1], {});
    app.Run();
    CHECK(one.Hear() == kLastAnswer);
    CHECK(two.Hear() == kLastAnswer);
    CHECK(app.Events() == "request request drained");
  }
}

TEST_SUITE("a packet that stalls") {
  TEST_CASE("ends its connection after the timeout, with a line in the log") {
    ConnectionSetOptions options;
    options.packet_timeout_ms = 1;
    Application app(options);
    WebServer server = app.Connect();
    WebServer idle = app.Connect();
    server.Send(PlainRequest().substr(0, 100));
    app.Run();
    CHECK(app.RunUntil([&] { return app.set.statistics().open == 1; }));
    CHECK(app.Events() == "log");
    CHECK(app.logs()[0].find("LSNODE_PACKET_TIMEOUT") != std::string::npos);
    CHECK(server.IsClosed());
    CHECK_FALSE(idle.IsClosed());  // a connection without a packet may wait as long as it likes
  }

  TEST_CASE("gains no time by sending a little now and then") {
    ConnectionSetOptions options;
    options.packet_timeout_ms = 1;
    Application app(options);
    WebServer server = app.Connect();
    std::string left = PlainRequest();
    CHECK(app.RunUntil([&] {
      server.Send(left.substr(0, 1));
      left.erase(0, 1);
      poll(nullptr, 0, 10);
      return server.IsClosed();
    }));
    CHECK(app.Events() == "log");
  }

  TEST_CASE("may take for ever where the timeout is 0") {
    ConnectionSetOptions options;
    options.packet_timeout_ms = 0;
    Application app(options);
    WebServer server = app.Connect();
    const std::string packet = PlainRequest();
    server.Send(packet.substr(0, 100));
    app.Run();
    poll(nullptr, 0, 700);
    app.Run();
    server.Send(packet.substr(100));
    app.Run();
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("and is given up leaves no timer behind") {
    Application app;
    WebServer server = app.Connect();
    server.Send(PlainRequest().substr(0, 100));
    app.Run();
    server.Close();
    test::system_calls().Reset();
    // At its next tick the timer finds nothing to do, and is stopped.
    CHECK(app.RunUntil([] { return test::system_calls().timer_changes == 1; }));
    poll(nullptr, 0, 600);
    app.Run();
    CHECK(test::system_calls().timer_changes == 1);
  }

  TEST_CASE("is not held against the request that it became") {
    ConnectionSetOptions options;
    options.packet_timeout_ms = 1;
    Application app(options);
    app.on_request = kKeepOpen;
    WebServer server = app.Connect();
    const std::string packet = PlainRequest();
    server.Send(packet.substr(0, 100));
    app.Run();
    server.Send(packet.substr(100));
    app.Run();
    poll(nullptr, 0, 700);
    app.Run();
    CHECK(app.Events() == "request");
  }
}

TEST_SUITE("accepting") {
  TEST_CASE("goes on after the process was out of file descriptors") {
    Application app;
    WebServer before = app.Connect();
    app.Run();
    std::vector<WebServer> waiting;
    for (int i = 0; i < 3; ++i) waiting.push_back(app.Connect());
    for (WebServer& server : waiting) server.Send(PlainRequest());

    rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    rlimit none = limit;
    const int next = fcntl(0, F_DUPFD_CLOEXEC, 0);
    close(next);
    none.rlim_cur = static_cast<rlim_t>(next);
    REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
    app.Run();
    const std::string events = app.Events();
    before.Send(PlainRequest());
    app.Run();
    setrlimit(RLIMIT_NOFILE, &limit);

    CHECK(events == "log");
    CHECK(app.logs()[0].find("Too many open files") != std::string::npos);
    CHECK(before.Hear() == kAnswer);
    CHECK(app.RunUntil([&] { return app.set.statistics().requests == 4; }));
    for (WebServer& server : waiting) CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("goes on at once after a signal, and after a connection that was gone already") {
    for (const int error : {EINTR, ECONNABORTED}) {
      Application app;
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      test::system_calls().fail_next_accept = error;
      app.Run();
      test::system_calls().Reset();
      CHECK(server.Hear() == kAnswer);
      CHECK(app.Events() == "request");
    }
  }

  TEST_CASE("ends when told so; connections stay") {
    Application app;
    WebServer server = app.Connect();
    app.Run();
    app.set.StopListening();
    CHECK_FALSE(app.AcceptsConnections());
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear() == kAnswer);
  }

  TEST_CASE("of something that is no socket is refused") {
    Application app;
    CHECK(app.set.Listen(FileDescriptor(-1)) == EBADF);
    CHECK(app.set.Adopt(FileDescriptor(-1)) == EBADF);
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("may be stopped from inside, by what happens to a connection that was just accepted") {
    Application app;
    WebServer broken = app.Connect();
    WebServer next = app.Connect();
    broken.Send("garbage");
    app.on_log = [&] { app.set.StopListening(); };
    app.Run();
    CHECK(app.Events() == "log");
    CHECK(app.logs()[0].find("PACKET_MAGIC") != std::string::npos);
    CHECK(app.set.statistics().connections == 1);
  }
}

TEST_SUITE("closing everything") {
  TEST_CASE("may happen at any time") {
    Application app;
    app.on_request = kKeepOpen;
    std::vector<WebServer> servers;
    for (int i = 0; i < 4; ++i) servers.push_back(app.Connect());
    servers[1].Send(PlainRequest());
    servers[2].Send(PlainRequest().substr(0, 50));
    servers[3].Send(RequestWithBody(100) + "part");
    app.Run();
    app.set.CloseAll();
    app.set.CloseAll();
    app.Run();
    CHECK(app.set.statistics().open == 0);
    CHECK(app.set.statistics().active == 0);
    for (WebServer& server : servers) {
      server.Receive();
      CHECK(server.IsClosed());
    }
  }

  TEST_CASE("may happen in a handler, whatever it was called for") {
    for (const std::string when : {"request", "log", "abort", "body", "drain"}) {
      CAPTURE(when);
      Application app;
      const auto close = [&](Connection&) { app.set.CloseAll(); };
      WebServer other = app.Connect();
      other.Send(PlainRequest());
      WebServer server = app.Connect();
      app.on_request = kKeepOpen;
      if (when == "request") {
        app.on_request = close;
        server.Send(PlainRequest());
      } else if (when == "log") {
        app.on_log = [&] { app.set.CloseAll(); };
        server.Send("garbage");
      } else if (when == "abort") {
        app.on_abort = close;
        server.Send(PlainRequest() + test::AbortPacket());
      } else if (when == "body") {
        app.on_request = [&](Connection& connection) { app.ReadBody(connection); };
        app.on_body = close;
        server.Send(RequestWithBody(100));
        app.Run();
        server.Send("body");
      } else {
        app.on_request = [&](Connection& connection) {
          app.Send(connection, {.body = std::string(1'000'000, 'x'), .flags = 0});
          app.set.WatchDrain(connection);
        };
        app.on_drain = close;
        server.Send(PlainRequest());
        app.Run();
        server.Receive();
        app.Run();
        server.Receive();
      }
      for (int i = 0; i < 20; ++i) {
        app.Run();
        server.Receive();
        other.Receive();
      }
      CHECK(app.set.statistics().open == 0);
      CHECK(app.set.statistics().active == 0);
      // Slots that were freed twice would be given to two connections.
      WebServer one = app.Adopt();
      WebServer two = app.Adopt();
      WebServer three = app.Adopt();
      app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
      for (WebServer* const again : {&one, &two, &three}) {
        again->Send(PlainRequest());
        app.Run();
        CHECK(again->Hear() == kAnswer);
      }
    }
  }
}

TEST_SUITE("a reference to a request") {
  TEST_CASE("is good until the request ends, and never for another one") {
    Application app;
    uint32_t slot = 0;
    uint32_t serial = 0;
    app.on_request = [&](Connection& connection) {
      slot = connection.slot();
      serial = connection.serial();
    };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    Connection* const connection = app.set.Find(slot, serial);
    REQUIRE(connection != nullptr);
    CHECK(app.set.Find(slot, serial + 1) == nullptr);
    CHECK(app.set.Find(slot + 1, serial) == nullptr);
    CHECK(app.set.Find(0xffffffff, serial) == nullptr);
    app.Send(*connection, {});
    CHECK(app.set.Find(slot, serial) == nullptr);
    const uint32_t first = serial;
    server.Send(PlainRequest());
    app.Run();
    CHECK(serial != first);
    CHECK(app.set.Find(slot, first) == nullptr);
    CHECK(app.set.Find(slot, serial) != nullptr);
  }

  TEST_CASE("does not reach the connection that has its slot now") {
    Application app;
    uint32_t serial = 0;
    app.on_request = [&](Connection& connection) {
      CHECK(connection.slot() == 0);
      CHECK(connection.serial() != serial);
      CHECK(app.set.Find(0, serial) == nullptr);
      serial = connection.serial();
    };
    for (int i = 0; i < 10; ++i) {
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      server.Close();
      app.Run();
    }
    CHECK(app.set.statistics().open == 0);
  }

  TEST_CASE("is all that is left: nothing of a connection passes to the next one in its slot") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) {
      open = &connection;
      app.set.WatchDrain(connection);
      app.ReadBody(connection);
      app.Send(connection, {.body = std::string(2'000'000, 'x'), .flags = 0});
    };
    {
      // Bytes that it should not send, a body that is waited for, output that is not taken.
      WebServer server = app.Adopt();
      server.Send(RequestWithBody(10) + "part");
      app.Run();
      server.Send("0123456789");
      app.Run();
      app.ReadBody(*open);
    }
    app.Run();
    CHECK(app.set.statistics().open == 0);
    app.Events();
    app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
    for (int i = 0; i < 3; ++i) {
      WebServer server = app.Connect();
      server.Send(PlainRequest());
      app.Run();
      CHECK(server.Hear() == kAnswer);
      CHECK(app.Events() == "request");
    }
  }

  TEST_CASE("of a body or drain event that has become void is dropped") {
    Application app;
    std::vector<Connection*> open;
    app.on_request = [&](Connection& connection) {
      app.ReadBody(connection);
      open.push_back(&connection);
    };
    WebServer one = app.Connect();
    WebServer two = app.Connect();
    one.Send(RequestWithBody(10));
    two.Send(RequestWithBody(10));
    app.Run();
    // Both bodies arrive in one batch; the first event ends both requests.
    app.on_body = [&](Connection&) {
      for (Connection* const connection : open) app.Send(*connection, {});
    };
    one.Send("0123456789");
    two.Send("0123456789");
    app.Run();
    CHECK(app.Events() == "request request body");
    CHECK(one.Hear() == kAnswer);
    CHECK(two.Hear() == kAnswer);
  }
}

TEST_SUITE("statistics") {
  TEST_CASE("tell how long nothing has happened") {
    Application app;
    Connection* open = nullptr;
    app.on_request = [&](Connection& connection) { open = &connection; };
    WebServer server = app.Connect();
    server.Send(PlainRequest());
    app.Run();
    poll(nullptr, 0, 30);
    CHECK(app.set.idle_milliseconds() == 0);
    app.Send(*open, {});
    app.Run();
    poll(nullptr, 0, 50);
    CHECK(app.set.idle_milliseconds() >= 30);
  }
}

}  // namespace
}  // namespace lsapi
