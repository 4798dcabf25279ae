#include "listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace lsapi {

namespace {

ListenResult Failed() {
  ListenResult result;
  result.error = errno;
  return result;
}

ListenResult BindAndListen(FileDescriptor socket, const sockaddr* address, socklen_t size, int backlog) {
  if (bind(socket.get(), address, size) != 0 || listen(socket.get(), backlog) != 0) return Failed();
  ListenResult result;
  result.socket = std::move(socket);
  return result;
}

/// Whether somebody accepts connections on a Unix socket.
bool IsAlive(const sockaddr_un& address) {
  FileDescriptor probe(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return connect(probe.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ||
         errno == EAGAIN;  // a full backlog is a live socket too
}

}  // namespace

ListenResult ListenUnix(const std::string& path, int backlog, int mode) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return Failed();
  }
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);

  struct stat file;
  if (lstat(path.c_str(), &file) == 0) {
    if (!S_ISSOCK(file.st_mode)) {
      errno = ENOTSOCK;
      return Failed();
    }
    if (IsAlive(address)) {
      errno = EADDRINUSE;
      return Failed();
    }
    unlink(path.c_str());
  }
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return Failed();
  ListenResult result =
      BindAndListen(std::move(socket), reinterpret_cast<sockaddr*>(&address), sizeof address, backlog);
  if (result.error == 0 && mode >= 0 && chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) return Failed();
  return result;
}

ListenResult ListenTcp(const std::string& ip, uint16_t port, int backlog, AddressUse use) {
  addrinfo hints{};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (getaddrinfo(ip.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) {
    errno = EADDRNOTAVAIL;
    return Failed();
  }
  FileDescriptor socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int on = 1;
  if (socket.is_open()) {
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (use == AddressUse::kShared) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  }
  ListenResult result;
  if (socket.is_open()) {
    result = BindAndListen(std::move(socket), found->ai_addr, found->ai_addrlen, backlog);
  } else {
    result = Failed();
  }
  freeaddrinfo(found);
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  if (result.error == 0 &&
      getsockname(result.socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) == 0) {
    // The port stands at the same place in both families' structures.
    result.port = ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
  }
  return result;
}

DescriptorKind ClassifyDescriptor(int fd) {
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) return DescriptorKind::kOther;
  if (listening != 0) return DescriptorKind::kListening;
  sockaddr_storage peer;
  socklen_t peer_size = sizeof peer;
  return getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0 ? DescriptorKind::kConnected
                                                                              : DescriptorKind::kOther;
}

}  // namespace lsapi
