// What bookkeeping beyond the set is told: the scoreboard of a process group counts by it.
#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

#include "support/application.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::PlainRequest;
using test::RequestBuilder;
using test::RequestWithBody;
using test::WebServer;

/// Writes down what it is told: `+` and `-` are connections, words are requests.
class Notes : public ConnectionObserver {
 public:
  void OnConnectionOpened(uint64_t now_ms) override { Note("+", now_ms); }
  void OnConnectionClosed(uint64_t now_ms) override { Note("-", now_ms); }
  void OnRequestBegun(const Connection& connection, uint64_t now_ms) override {
    CHECK(connection.begun_ms() == now_ms);
    Note("begun:" + std::string(connection.request().request_uri()), now_ms);
  }
  void OnRequestEnded(const Connection& connection, uint64_t now_ms) override {
    Note("ended:" + std::string(connection.request().request_uri()), now_ms);
  }
  void OnDraining() override { Note("draining", last_ms_); }

  std::string Take() { return std::exchange(text_, {}); }

 private:
  void Note(const std::string& word, uint64_t now_ms) {
    CHECK(now_ms >= last_ms_);
    last_ms_ = now_ms;
    if (!text_.empty()) text_ += ' ';
    text_ += word;
  }

  std::string text_;
  uint64_t last_ms_ = 1;
};

struct Observed {
  explicit Observed(ConnectionSetOptions options = {}) : app(options) { app.set.SetObserver(&notes); }
  Notes notes;
  Application app;
};

std::string RequestFor(const std::string& uri) {
  RequestBuilder builder;
  builder.env = {{"REQUEST_URI", uri}};
  return builder.Build().text();
}

TEST_SUITE("an observer") {
  TEST_CASE("sees connections and requests begin and end, with the requests") {
    Observed observed;
    WebServer server = observed.app.Connect();
    observed.app.Run();
    CHECK(observed.notes.Take() == "+");
    server.Send(RequestFor("/one"));
    observed.app.Run();
    server.Send(RequestFor("/two"));
    observed.app.Run();
    CHECK(observed.notes.Take() == "begun:/one ended:/one begun:/two ended:/two");
    server.Close();
    observed.app.Run();
    CHECK(observed.notes.Take() == "-");
  }

  TEST_CASE("sees connections however they came: accepted, adopted, handed over") {
    Observed observed;
    WebServer accepted = observed.app.Connect();
    WebServer adopted = observed.app.Adopt();
    WebServer handed_over = observed.app.Serve(true);
    observed.app.Run();
    CHECK(observed.notes.Take() == "+ + +");
    observed.app.set.CloseAll();
    CHECK(observed.notes.Take() == "- - -");
  }

  TEST_CASE("is told once of the end of a request, whoever brings it about") {
    for (const std::string how : {"abort", "answer to an abort", "end of stream", "close", "body gone"}) {
      CAPTURE(how);
      Observed observed;
      Application& app = observed.app;
      app.on_request = kKeepOpen;
      if (how == "answer to an abort")
        app.on_abort = [&](Connection& connection) { app.Send(connection, {}); };
      if (how == "body gone") {
        app.on_request = app.on_body = [&](Connection& connection) { app.ReadBody(connection); };
      }
      WebServer server = app.Connect();
      server.Send(how == "body gone" ? RequestWithBody(100) + "part" : PlainRequest());
      app.Run();
      CHECK(observed.notes.Take() == "+ begun:/hi?a=1");
      if (how.ends_with("abort")) server.Send(test::AbortPacket());
      if (how == "close") {
        app.set.CloseAll();
      } else {
        server.Close();
      }
      app.Run();
      CHECK(observed.notes.Take() == "ended:/hi?a=1 -");
      CHECK(app.set.statistics().active == 0);
    }
  }

  TEST_CASE("is not told of packets that become no request") {
    Observed observed;
    WebServer garbage = observed.app.Connect();
    WebServer part = observed.app.Connect();
    garbage.Send("garbage");
    part.Send(PlainRequest().substr(0, 100));
    observed.app.Run();
    part.Close();
    observed.app.Run();
    CHECK(observed.notes.Take() == "+ - + -");
  }

  TEST_CASE("is told once that the set drains") {
    Observed observed;
    observed.app.set.Drain();
    CHECK(observed.notes.Take() == "draining");
    observed.app.set.Drain();
    observed.app.Run();
    CHECK(observed.notes.Take().empty());
  }

  TEST_CASE("is told that the share of requests is used up with the last of them, before it is answered") {
    ConnectionSetOptions options;
    options.max_requests = 2;
    Observed observed(options);
    WebServer server = observed.app.Connect();
    server.Send(RequestFor("/one"));
    observed.app.Run();
    server.Send(RequestFor("/two"));
    observed.app.Run();
    CHECK(observed.notes.Take() == "+ begun:/one ended:/one begun:/two draining ended:/two -");
    CHECK(observed.app.Events() == "request request drained");
  }

  TEST_CASE("may be taken away") {
    Observed observed;
    observed.app.set.SetObserver(nullptr);
    WebServer server = observed.app.Connect();
    server.Send(PlainRequest());
    observed.app.Run();
    CHECK(observed.notes.Take().empty());
    CHECK(observed.app.Events() == "request");
  }
}

}  // namespace
}  // namespace lsapi
