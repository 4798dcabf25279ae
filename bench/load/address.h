// Where a server listens, and sockets for it.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

namespace load {

/// A Unix socket's path, or an IPv4 address and port.
class Address {
 public:
  /// `text`: a path (with a slash in it) or `127.0.0.1:8080`. Nothing: it is neither.
  static std::optional<Address> Parse(const std::string& text) {
    Address address;
    if (text.find('/') != std::string::npos) {
      auto* const path = reinterpret_cast<sockaddr_un*>(&address.storage_);
      if (text.size() >= sizeof path->sun_path) return std::nullopt;
      path->sun_family = AF_UNIX;
      std::memcpy(path->sun_path, text.c_str(), text.size() + 1);
      address.size_ = sizeof *path;
      return address;
    }
    const size_t colon = text.rfind(':');
    auto* const internet = reinterpret_cast<sockaddr_in*>(&address.storage_);
    if (colon == std::string::npos ||
        inet_pton(AF_INET, text.substr(0, colon).c_str(), &internet->sin_addr) != 1) {
      return std::nullopt;
    }
    internet->sin_family = AF_INET;
    internet->sin_port = htons(static_cast<uint16_t>(std::strtoul(text.c_str() + colon + 1, nullptr, 10)));
    address.size_ = sizeof *internet;
    return address;
  }

  /// A connected socket that does not block; -1: errno says why not.
  int Connect() const {
    const int fd = socket(storage_.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return -1;
    // Blocking until here: a full backlog is waited for.
    if (connect(fd, sockaddr_pointer(), size_) != 0) {
      const int error = errno;
      close(fd);
      errno = error;
      return -1;
    }
    if (storage_.ss_family != AF_UNIX) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    return fd;
  }

  /// A listening socket; -1: errno says why not.
  int Listen() const {
    const int fd = socket(storage_.ss_family, SOCK_STREAM, 0);
    const int on = 1;
    if (fd < 0) return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, sockaddr_pointer(), size_) != 0 || listen(fd, SOMAXCONN) != 0) return -1;
    return fd;
  }

 private:
  const sockaddr* sockaddr_pointer() const { return reinterpret_cast<const sockaddr*>(&storage_); }

  sockaddr_storage storage_{};
  socklen_t size_ = 0;
};

}  // namespace load
