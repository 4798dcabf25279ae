// What became of the requests of a process, as counters in shared memory: answers by their status, and how
// long they took. Part of the scoreboard's layout; the bounds are those of lib/status/durations.ts.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace lsapi {

/// Upper bounds of the duration counters in microseconds, each of them included: six to a decade, so that
/// what lies between two of them is known to within a half. One more counter has what took longer.
constexpr std::array<uint64_t, 37> kDurationBounds = {
    100,        150,        200,        300,        500,        700,         //
    1'000,      1'500,      2'000,      3'000,      5'000,      7'000,       //
    10'000,     15'000,     20'000,     30'000,     50'000,     70'000,      //
    100'000,    150'000,    200'000,    300'000,    500'000,    700'000,     //
    1'000'000,  1'500'000,  2'000'000,  3'000'000,  5'000'000,  7'000'000,   //
    10'000'000, 15'000'000, 20'000'000, 30'000'000, 50'000'000, 70'000'000,  //
    100'000'000};

/// Counters of one writer: nothing is lost without read-modify-write instructions as long as nobody else
/// writes.
struct alignas(64) RequestTotals {
  // From the packet until the application ended its answer, all together.
  std::atomic<uint64_t> duration_us;  //   0
  // Answers by the first digit of their status; 0: given up without one.
  std::atomic<uint64_t> statuses[6];  //   8
  uint64_t reserved;                  //  56
  // By kDurationBounds; the last two are not used.
  std::atomic<uint64_t> durations[40];  //  64
};
static_assert(sizeof(RequestTotals) == 384);
static_assert(sizeof(RequestTotals::durations) / sizeof(uint64_t) > kDurationBounds.size());

/// Counts one answer. `status` is 0 where the request was given up before there was any.
void CountAnswer(RequestTotals& totals, uint64_t duration_us, uint32_t status);

/// Adds what `ended` has counted, which is 0 afterwards.
void MoveTotals(RequestTotals& totals, RequestTotals& ended);

}  // namespace lsapi
