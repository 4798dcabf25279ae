// The web server's end of a connection, as tests play it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "io/file_descriptor.h"
#include "support/response_text.h"

namespace lsapi::test {

class WebServer {
 public:
  explicit WebServer(FileDescriptor socket) : socket_(std::move(socket)) {}

  /// Sends without waiting; returns how many bytes the kernel took, which mostly are all of them.
  size_t Send(std::string_view bytes);
  /// Takes up to `limit` bytes of what has arrived.
  std::string Receive(size_t limit = SIZE_MAX);
  /// What has arrived, in words.
  std::string Hear(Encoding encoding = {0, ByteOrder::kLittle}) { return Describe(Receive(), encoding); }
  /// Whether the application has closed the connection and nothing that it sent is left to be read.
  bool IsClosed();
  /// Whether the connection was cut: the kernel tells so when bytes of ours were never read.
  bool WasReset() const { return reset_; }
  void Close() { socket_.Reset(); }
  int fd() const { return socket_.get(); }

 private:
  FileDescriptor socket_;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace lsapi::test
