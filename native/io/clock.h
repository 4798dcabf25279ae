// The clocks of connections, all CLOCK_MONOTONIC: the same in all processes of the machine.
#pragma once

#include <time.h>

#include <cstdint>

namespace lsapi {

namespace internal {
inline uint64_t ReadClock(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
}
}  // namespace internal

/// Milliseconds as of the kernel's last tick, up to 10 ms ago: next to free, for every request.
inline uint64_t CoarseMilliseconds() { return internal::ReadClock(CLOCK_MONOTONIC_COARSE); }

/// Milliseconds now: tells whether a timer that fired was the one waited for. Never behind the coarse clock.
inline uint64_t ExactMilliseconds() { return internal::ReadClock(CLOCK_MONOTONIC); }

/// Microseconds now, for durations.
inline uint64_t ExactMicroseconds() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1'000'000 + static_cast<uint64_t>(time.tv_nsec) / 1000;
}

}  // namespace lsapi
