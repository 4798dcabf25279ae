#include "tcp_peer.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>

namespace lsapi {

namespace {

/// The longest that the kernel takes for TCP_KEEPIDLE and TCP_KEEPINTVL, in seconds.
constexpr int kLongestKeepAlive = 32'767;

bool SetTcpOption(int fd, int option, int value) {
  return setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value) == 0;
}

}  // namespace

bool PrepareTcp(int fd, uint32_t timeout_ms) {
  // Every write is a whole step of a response: nothing is gained by waiting for more. Fails on Unix sockets.
  if (!SetTcpOption(fd, TCP_NODELAY, 1)) return false;
  if (timeout_ms == 0) return true;
  // Half of the time passes before the first probe; an answer to any of the following ones will do.
  const int seconds = static_cast<int>((uint64_t{timeout_ms} + 999) / 1000);
  const int idle = std::clamp(seconds / 2, 1, kLongestKeepAlive);
  const int interval = std::clamp(seconds / 6, 1, kLongestKeepAlive);
  const int on = 1;
  SetTcpOption(fd, TCP_KEEPIDLE, idle);
  SetTcpOption(fd, TCP_KEEPINTVL, interval);
  SetTcpOption(fd, TCP_KEEPCNT, std::max((seconds - idle) / interval, 1));
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  return true;
}

bool IsPeerSilent(int fd, uint32_t timeout_ms) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return false;
  // Bytes that were sent again, or the question whether a window is still shut, which is asked at intervals
  // of up to two minutes.
  const bool unanswered = info.tcpi_retransmits > 0 || info.tcpi_probes > 0;
  return unanswered && std::min(info.tcpi_last_ack_recv, info.tcpi_last_data_recv) >= timeout_ms;
}

void ResetOnClose(int fd) {
  const linger at_once{1, 0};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace lsapi
