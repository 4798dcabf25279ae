// Connections that another process accepted, the descriptor that they come by, and who acknowledges what:
// protocol section 2.4.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <functional>
#include <string>
#include <utility>

#include "io/listener.h"
#include "support/application.h"
#include "support/request_builder.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::WebServer;

const std::string kUnacknowledged = "RESP_HEADER(200; A: b) RESP_END";
const std::string kAnswer = "REQ_RECEIVED " + kUnacknowledged;

/// Two connected sockets.
struct Pair {
  Pair() {
    std::array<int, 2> ends;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    mine.Reset(ends[0]);
    theirs.Reset(ends[1]);
  }
  FileDescriptor mine;
  FileDescriptor theirs;
};

class Source : public ReadableSource {
 public:
  explicit Source(std::function<void()> call) : call_(std::move(call)) {}
  void OnReadable() override { call_(); }

 private:
  std::function<void()> call_;
};

std::string HearAfter(Application* app, WebServer* server) {
  server->Send(PlainRequest());
  app->Run();
  return server->Hear();
}

TEST_SUITE("a connection that is handed over") {
  TEST_CASE("is served; a PID notice stands for the acknowledgement of its first request only") {
    for (const bool acknowledged : {true, false}) {
      Application app;
      WebServer server = app.Serve(acknowledged);
      CHECK(HearAfter(&app, &server) == (acknowledged ? kUnacknowledged : kAnswer));
      CHECK(HearAfter(&app, &server) == kAnswer);
      CHECK(HearAfter(&app, &server) == kAnswer);
      CHECK(app.set.statistics().connections == 1);
    }
  }

  TEST_CASE("hears nothing before the response while its first request is with the application") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer server = app.Serve(true);
    server.Send(PlainRequest());
    app.Run();
    CHECK(server.Hear().empty());
    CHECK(app.Events() == "request");
  }

  TEST_CASE("leaves nothing of that to the next connection in its slot") {
    Application app;
    for (const bool acknowledged : {true, false}) {
      WebServer server = app.Serve(acknowledged);
      CHECK(HearAfter(&app, &server) == (acknowledged ? kUnacknowledged : kAnswer));
      server.Close();
      app.Run();
    }
    WebServer accepted = app.Connect();
    CHECK(HearAfter(&app, &accepted) == kAnswer);
  }

  TEST_CASE("does not make the set drain when it is the last one and closes") {
    Application app;
    app.set.StopListening();
    WebServer server = app.Serve(true);
    server.Send(PlainRequest());
    app.Run();
    server.Close();
    app.Run();
    CHECK(app.set.statistics().open == 0);
    CHECK_FALSE(app.set.draining());
    CHECK(app.Events() == "request");
  }

  TEST_CASE("becomes non-blocking, and sends small packets at once over TCP") {
    Application app;
    const ListenResult listening = ListenTcp("127.0.0.1", 0, 1);
    REQUIRE(listening.error == 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(listening.port);
    const FileDescriptor client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    FileDescriptor accepted(accept(listening.socket.get(), nullptr, nullptr));
    const FileDescriptor same(dup(accepted.get()));
    CHECK(app.set.Serve(std::move(accepted), true) == 0);
    CHECK((fcntl(same.get(), F_GETFL) & O_NONBLOCK) != 0);
    int no_delay = 0;
    socklen_t size = sizeof no_delay;
    REQUIRE(getsockopt(same.get(), IPPROTO_TCP, TCP_NODELAY, &no_delay, &size) == 0);
    CHECK(no_delay != 0);
  }

  TEST_CASE("that is none is refused, and so is one after the set has drained") {
    Application app;
    CHECK(app.set.Serve(FileDescriptor(-1), true) == EBADF);
    app.set.Drain();
    app.Run();
    CHECK(app.Events() == "drained");
    Pair pair;
    WebServer server(std::move(pair.theirs));
    CHECK(app.set.Serve(std::move(pair.mine), true) == ESHUTDOWN);
    CHECK(server.IsClosed());
  }

  TEST_CASE("while the set drains is served if its request is there, and closed if it is not") {
    Application app;
    app.on_request = kKeepOpen;
    WebServer busy = app.Connect();
    busy.Send(PlainRequest());
    app.Run();
    app.set.Drain();
    app.Run();
    app.on_request = [&](Connection& connection) { app.Send(connection, {}); };
    WebServer requesting = app.Serve(true);
    requesting.Send(PlainRequest());
    app.Run();
    CHECK(requesting.Hear() == kUnacknowledged + " CONN_CLOSE");
    WebServer silent = app.Serve(true);
    app.Run();
    CHECK(silent.Hear() == "CONN_CLOSE");
    CHECK(silent.IsClosed());
    CHECK(app.Events() == "request request");
    CHECK(app.set.statistics().open == 1);
  }
}

TEST_SUITE("a further descriptor") {
  TEST_CASE("is told of as long as it is readable") {
    Application app;
    Pair pair;
    int calls = 0;
    Source source([&] {
      if (++calls < 3) return;
      char byte;
      CHECK(read(pair.mine.get(), &byte, 1) == 1);
    });
    CHECK(app.set.AddSource(pair.mine.get(), &source) == 0);
    app.Run();
    CHECK(calls == 0);
    CHECK(write(pair.theirs.get(), "x", 1) == 1);
    app.Run();
    CHECK(calls == 3);
    app.set.RemoveSource();
    CHECK(write(pair.theirs.get(), "x", 1) == 1);
    app.Run();
    CHECK(calls == 3);
    CHECK(fcntl(pair.mine.get(), F_GETFD) >= 0);  // stays the caller's
  }

  TEST_CASE("may hand over connections, whose requests are dispatched in the same Poll()") {
    Application app;
    const Pair control;
    Pair connection;
    WebServer server(std::move(connection.theirs));
    server.Send(PlainRequest());
    Source source([&] {
      CHECK(app.set.Serve(std::move(connection.mine), true) == 0);
      app.set.RemoveSource();
    });
    REQUIRE(app.set.AddSource(control.mine.get(), &source) == 0);
    CHECK(write(control.theirs.get(), "x", 1) == 1);
    app.set.Poll();
    CHECK(app.Events() == "request");
    CHECK(server.Hear() == kUnacknowledged);
  }

  TEST_CASE("is told of at its end") {
    Application app;
    Pair pair;
    bool ended = false;
    Source source([&] {
      char byte;
      ended = read(pair.mine.get(), &byte, 1) == 0;
      app.set.RemoveSource();
    });
    REQUIRE(app.set.AddSource(pair.mine.get(), &source) == 0);
    pair.theirs.Reset();
    app.Run();
    CHECK(ended);
  }

  TEST_CASE("is one at a time") {
    Application app;
    Pair pair;
    Source source([] {});
    CHECK(app.set.AddSource(-1, &source) == EBADF);
    app.set.RemoveSource();
    CHECK(app.set.AddSource(pair.mine.get(), &source) == 0);
    CHECK(app.set.AddSource(pair.theirs.get(), &source) == EBUSY);
    app.set.RemoveSource();
    CHECK(app.set.AddSource(pair.theirs.get(), &source) == 0);
  }
}

TEST_SUITE("acknowledging connections (LSAPI_ACCEPT_NOTIFY)") {
  constexpr auto kOptions = [] {
    ConnectionSetOptions options;
    options.acknowledge_connections = true;
    return options;
  };

  TEST_CASE("happens when they are accepted, and never again") {
    Application app(kOptions());
    WebServer server = app.Connect();
    app.Run();
    CHECK(server.Hear() == "REQ_RECEIVED");
    for (int i = 0; i < 3; ++i) CHECK(HearAfter(&app, &server) == kUnacknowledged);
    app.on_request = kKeepOpen;
    CHECK(HearAfter(&app, &server).empty());
  }

  TEST_CASE("happens before the response where the request is there already") {
    Application app(kOptions());
    WebServer server = app.Connect();
    CHECK(HearAfter(&app, &server) == kAnswer);
  }

  TEST_CASE("is left out where a PID notice was sent, and made up for where none was") {
    Application app(kOptions());
    WebServer notified = app.Serve(true);
    WebServer silent = app.Serve(false);
    app.Run();
    CHECK(notified.Hear().empty());
    CHECK(silent.Hear() == "REQ_RECEIVED");
    for (int i = 0; i < 2; ++i) {
      CHECK(HearAfter(&app, &notified) == kUnacknowledged);
      CHECK(HearAfter(&app, &silent) == kUnacknowledged);
    }
  }

  TEST_CASE("is not for adopted connections: their requests are acknowledged") {
    Application app(kOptions());
    WebServer server = app.Adopt();
    app.Run();
    CHECK(server.Hear().empty());
    for (int i = 0; i < 2; ++i) CHECK(HearAfter(&app, &server) == kAnswer);
  }

  TEST_CASE("to a server that is gone closes the connection") {
    Application app(kOptions());
    { WebServer server = app.Connect(); }
    test::system_calls().fail_next_send = EPIPE;
    app.Run();
    test::system_calls().Reset();
    CHECK(app.set.statistics().connections == 1);
    CHECK(app.set.statistics().open == 0);
    CHECK(app.Events().empty());
  }
}

}  // namespace
}  // namespace lsapi
