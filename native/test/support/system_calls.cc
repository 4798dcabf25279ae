#include "system_calls.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace lsapi::test {

SystemCalls& system_calls() {
  static SystemCalls calls;
  return calls;
}

namespace {

bool Fails(int* planned) {
  if (*planned == 0) return false;
  errno = std::exchange(*planned, 0);
  return true;
}

}  // namespace

}  // namespace lsapi::test

using lsapi::test::Fails;
using lsapi::test::system_calls;

// NOLINTBEGIN(bugprone-reserved-identifier): the linker prescribes these names.
extern "C" {

int __real_accept4(int fd, sockaddr* address, socklen_t* size, int flags);
ssize_t __real_recv(int fd, void* into, size_t size, int flags);
ssize_t __real_readv(int fd, const iovec* parts, int count);
ssize_t __real_send(int fd, const void* bytes, size_t size, int flags);
ssize_t __real_sendmsg(int fd, const msghdr* message, int flags);
int __real_epoll_wait(int epoll, epoll_event* events, int count, int timeout);
int __real_epoll_ctl(int epoll, int operation, int fd, epoll_event* event);
int __real_timerfd_settime(int fd, int flags, const itimerspec* time, itimerspec* old);

pid_t __real_fork();

pid_t __wrap_fork() {
  if (system_calls().fail_forks == 0) return __real_fork();
  --system_calls().fail_forks;
  errno = EAGAIN;
  return -1;
}

int __wrap_accept4(int fd, sockaddr* address, socklen_t* size, int flags) {
  ++system_calls().accepts;
  if (Fails(&system_calls().fail_next_accept)) return -1;
  return __real_accept4(fd, address, size, flags);
}

ssize_t __wrap_recv(int fd, void* into, size_t size, int flags) {
  ++system_calls().receives;
  if (Fails(&system_calls().fail_next_receive)) return -1;
  return __real_recv(fd, into, size, flags);
}

ssize_t __wrap_readv(int fd, const iovec* parts, int count) {
  ++system_calls().receives;
  if (Fails(&system_calls().fail_next_receive)) return -1;
  return __real_readv(fd, parts, count);
}

ssize_t __wrap_send(int fd, const void* bytes, size_t size, int flags) {
  auto& calls = system_calls();
  ++calls.sends;
  if (Fails(&calls.fail_next_send)) return -1;
  if (!calls.send_budget) return __real_send(fd, bytes, size, flags);
  if (calls.budget_left == 0) {
    errno = EAGAIN;
    return -1;
  }
  const ssize_t sent = __real_send(fd, bytes, std::min(size, calls.budget_left), flags);
  if (sent > 0) calls.budget_left -= static_cast<size_t>(sent);
  return sent;
}

ssize_t __wrap_sendmsg(int fd, const msghdr* message, int flags) {
  auto& calls = system_calls();
  if (calls.send_budget) {
    // Within a budget the parts become one piece, of which a part is sent.
    std::vector<char> bytes;
    for (size_t i = 0; i < message->msg_iovlen; ++i) {
      const auto* part = static_cast<const char*>(message->msg_iov[i].iov_base);
      bytes.insert(bytes.end(), part, part + message->msg_iov[i].iov_len);
    }
    return __wrap_send(fd, bytes.data(), bytes.size(), flags);
  }
  ++calls.sends;
  if (Fails(&calls.fail_next_send)) return -1;
  return __real_sendmsg(fd, message, flags);
}

int __wrap_epoll_wait(int epoll, epoll_event* events, int count, int timeout) {
  auto& calls = system_calls();
  ++calls.epoll_waits;
  calls.budget_left = calls.send_budget.value_or(0);
  return __real_epoll_wait(epoll, events, count, timeout);
}

int __wrap_epoll_ctl(int epoll, int operation, int fd, epoll_event* event) {
  ++system_calls().epoll_changes;
  return __real_epoll_ctl(epoll, operation, fd, event);
}

int __wrap_timerfd_settime(int fd, int flags, const itimerspec* time, itimerspec* old) {
  ++system_calls().timer_changes;
  return __real_timerfd_settime(fd, flags, time, old);
}

}  // extern "C"
// NOLINTEND(bugprone-reserved-identifier)
