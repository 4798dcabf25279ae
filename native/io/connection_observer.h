// Bookkeeping beyond a connection set, for whoever has to know what its connections do: the scoreboard.
#pragma once

#include <cstdint>

namespace lsapi {

class Connection;

/// Called from the set's own calls, in the middle of them: must not call back into the set. Times are
/// milliseconds of CLOCK_MONOTONIC.
class ConnectionObserver {
 public:
  virtual ~ConnectionObserver() = default;
  /// Opened and closed balance exactly, however connections came and went.
  virtual void OnConnectionOpened(uint64_t now_ms) = 0;
  virtual void OnConnectionClosed(uint64_t now_ms) = 0;
  /// A request is complete up to its body; `connection.request()` can be read here, and until it has ended.
  virtual void OnRequestBegun(const Connection& connection, uint64_t now_ms) = 0;
  /// It was answered completely, or is gone with its connection: once for each request that has begun.
  virtual void OnRequestEnded(const Connection& connection, uint64_t now_ms) = 0;
  /// No more work is taken: told to drain, or the share of requests is used up. Called once.
  virtual void OnDraining() = 0;
};

}  // namespace lsapi
