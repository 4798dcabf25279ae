#include "web_server.h"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <vector>

namespace lsapi::test {

// sendto() and recvfrom() are not among the calls that system_calls.h counts.

size_t WebServer::Send(std::string_view bytes) {
  size_t sent = 0;
  while (sent < bytes.size()) {
    const ssize_t size = sendto(socket_.get(), bytes.data() + sent, bytes.size() - sent,
                                MSG_DONTWAIT | MSG_NOSIGNAL, nullptr, 0);
    if (size < 0) break;
    sent += static_cast<size_t>(size);
  }
  return sent;
}

std::string WebServer::Receive(size_t limit) {
  std::string received;
  std::vector<char> piece(std::min<size_t>(limit, 256 * 1024));
  while (received.size() < limit) {
    const ssize_t size =
        recvfrom(socket_.get(), piece.data(), std::min(piece.size(), limit - received.size()), MSG_DONTWAIT,
                 nullptr, nullptr);
    if (size > 0) {
      received.append(piece.data(), static_cast<size_t>(size));
      continue;
    }
    if (size == 0) ended_ = true;
    if (size < 0 && errno == ECONNRESET) ended_ = reset_ = true;
    break;
  }
  return received;
}

bool WebServer::IsClosed() {
  if (ended_) return true;
  char next;
  const ssize_t size = recvfrom(socket_.get(), &next, 1, MSG_DONTWAIT | MSG_PEEK, nullptr, nullptr);
  if (size < 0 && errno == ECONNRESET) reset_ = true;
  ended_ = size == 0 || reset_;
  return ended_;
}

}  // namespace lsapi::test
