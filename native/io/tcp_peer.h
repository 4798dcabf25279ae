// What a TCP connection needs that a Unix socket does not: a peer, or the way to it, can be gone without a
// word.
#pragma once

#include <cstdint>

namespace lsapi {

/// Prepares a connected socket that may be a TCP connection; returns whether it is one. Its writes leave at
/// once, and while nothing is under way the kernel asks the peer for a sign of life: a connection whose peer
/// has given none for `timeout_ms` (rounded up to seconds, 2 at least) fails with ETIMEDOUT. 0: it is never
/// asked.
bool PrepareTcp(int fd, uint32_t timeout_ms);

/// Whether a TCP connection's peer leaves something without an answer at the moment, and has been silent for
/// `timeout_ms`. Where that is so for more than a moment the peer is lost. The kernel does not ask for signs
/// of life meanwhile, and would go on sending for a quarter of an hour (tcp_retries2). A peer that is there
/// but does not read answers the kernel's probes, however long that takes: the reason why this is not left to
/// TCP_USER_TIMEOUT, which ends such connections, too.
bool IsPeerSilent(int fd, uint32_t timeout_ms);

/// Closing the socket throws away what was sent and not acknowledged, and resets the connection.
void ResetOnClose(int fd);

}  // namespace lsapi
