// An application around a ConnectionSet, scripted by tests: what it is told becomes a list of words, and what
// it answers is up to the test.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/connection_set.h"
#include "support/web_server.h"

namespace lsapi::test {

/// Bytes that count how long they are held on to.
class CountedBytes : public ExternalBytes {
 public:
  explicit CountedBytes(std::string text) : text_(std::make_shared<const std::string>(std::move(text))) {}

  Bytes bytes() const override { return {reinterpret_cast<const uint8_t*>(text_->data()), text_->size()}; }
  std::unique_ptr<Retainer> Retain() const override;
  /// How many hold on to the bytes besides this object.
  long retained() const { return text_.use_count() - 1; }

 private:
  std::shared_ptr<const std::string> text_;
};

/// A response, or a part of one.
struct Reply {
  std::string header = "A: b\n";  // lines ended by LF; empty: no header packet
  std::string body;
  uint32_t flags = kRespondEnd;
  int32_t status = 200;
  bool external = false;  // sent by SendBody(), as large bodies are
};

/// Sends a reply, laid out in `room` as the binding does it.
void SendReply(ConnectionSet* set, Connection& connection, const Reply& reply, std::vector<uint8_t>* room);

class Application : public RequestHandler {
 public:
  using Handler = std::function<void(Connection&)>;

  explicit Application(ConnectionSetOptions options = {});

  /// A connection that arrives at the application's listening socket.
  WebServer Connect();
  /// The same over TCP, where closing is a matter of its own.
  WebServer ConnectTcp();
  /// Whether somebody listens at that socket.
  bool AcceptsConnections() const;
  /// A connection that the application was started with as its standard input.
  /// `send_buffer` is the size of the kernel's, as small as it allows.
  WebServer Adopt(int send_buffer = 0);
  /// A connection that another process has accepted and handed over.
  WebServer Serve(bool acknowledged);

  /// Handles everything that is ready.
  void Run();
  /// The same while the server takes what is sent, until nothing more comes.
  std::string RunAndReceive(WebServer* server);
  /// Handles what becomes ready until `done`; false after that many seconds.
  bool RunUntil(const std::function<bool()>& done, int seconds = 5);

  void Send(Connection& connection, const Reply& reply);
  /// Sends body bytes that the caller owns.
  void SendExternal(Connection& connection, const CountedBytes& body, uint32_t flags);
  /// All body bytes that can be had now. `*end` is what ReadBody() said in the end.
  std::string ReadBody(Connection& connection, BodyRead* end = nullptr, size_t piece = 4096);

  /// Events since the last call, separated by blanks: request, body, drain, abort, body-timeout, drained,
  /// log.
  std::string Events();
  const std::vector<std::string>& logs() const { return logs_; }

  // What the application does; by default it answers each request at once with an empty response.
  Handler on_request = [this](Connection& connection) { Send(connection, {}); };
  Handler on_body = [](Connection&) {};
  Handler on_drain = [](Connection&) {};
  Handler on_abort = [](Connection&) {};
  Handler on_body_timeout = [](Connection&) {};
  std::function<void()> on_log = [] {};

  ConnectionSet set;

 private:
  FileDescriptor TryConnect() const;
  void OnRequest(Connection& connection) override;
  void OnBody(Connection& connection) override;
  void OnDrain(Connection& connection) override;
  void OnAbort(Connection& connection, CloseReason reason) override;
  void OnBodyTimeout(Connection& connection) override;
  void OnDrained() override;
  void OnLog(std::string_view line) override;
  void Note(std::string_view event);

  std::string events_;
  std::vector<std::string> logs_;
  std::string address_;  // of the listening socket
  std::vector<uint8_t> room_;
};

/// A handler that does nothing: the request stays open.
inline const Application::Handler kKeepOpen = [](Connection&) {};

}  // namespace lsapi::test
