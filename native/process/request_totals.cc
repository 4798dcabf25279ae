#include "request_totals.h"

#include <bit>

namespace lsapi {

namespace {

void Add(std::atomic<uint64_t>& number, uint64_t difference) {
  number.store(number.load(std::memory_order_relaxed) + difference, std::memory_order_relaxed);
}

/// From the number of bits of a duration to the first bound that it may stay within: two or three steps
/// remain.
constexpr auto kFirstBound = [] {
  std::array<uint8_t, 65> first{};
  for (size_t bits = 1; bits < first.size(); ++bits) {
    size_t bound = 0;
    while (bound < kDurationBounds.size() && kDurationBounds[bound] < uint64_t{1} << (bits - 1)) ++bound;
    first[bits] = static_cast<uint8_t>(bound);
  }
  return first;
}();

}  // namespace

void CountAnswer(RequestTotals& totals, uint64_t duration_us, uint32_t status) {
  size_t bucket = kFirstBound[static_cast<size_t>(std::bit_width(duration_us))];
  while (bucket < kDurationBounds.size() && duration_us > kDurationBounds[bucket]) ++bucket;
  const uint32_t digit = status / 100;
  Add(totals.durations[bucket], 1);
  Add(totals.statuses[digit < 6 ? digit : 0], 1);
  Add(totals.duration_us, duration_us);
}

void MoveTotals(RequestTotals& totals, RequestTotals& ended) {
  const auto move = [](std::atomic<uint64_t>& into, std::atomic<uint64_t>& from) {
    into.fetch_add(from.exchange(0, std::memory_order_relaxed), std::memory_order_relaxed);
  };
  move(totals.duration_us, ended.duration_us);
  for (size_t index = 0; index < std::size(totals.statuses); ++index) {
    move(totals.statuses[index], ended.statuses[index]);
  }
  for (size_t index = 0; index < std::size(totals.durations); ++index) {
    move(totals.durations[index], ended.durations[index]);
  }
}

}  // namespace lsapi
