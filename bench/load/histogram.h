// Latencies without keeping each of them.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace load {

/// Counts nanoseconds in buckets that are less than 1 % wide; from 0 to some 18 minutes, longer ones in the
/// last.
class Histogram {
 public:
  void Add(uint64_t nanoseconds) {
    ++counts_[BucketOf(nanoseconds)];
    ++total_;
    if (nanoseconds > max_) max_ = nanoseconds;
  }
  uint64_t total() const { return total_; }
  uint64_t max() const { return max_; }

  /// The value below which the part `quantile` (0 to 1) of all lies: the upper end of its bucket. 0: there
  /// are none.
  uint64_t Quantile(double quantile) const {
    const auto wanted = static_cast<uint64_t>(quantile * static_cast<double>(total_));
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < counts_.size(); ++bucket) {
      seen += counts_[bucket];
      if (seen > wanted || (seen == total_ && seen > 0)) {
        const uint64_t upper = UpperEndOf(bucket);
        return upper < max_ ? upper : max_;
      }
    }
    return 0;
  }

 private:
  // Below 2^kBits each value has a bucket; from there on each power of two has 2^kBits of them.
  static constexpr unsigned kBits = 7;
  static constexpr uint64_t kParts = uint64_t{1} << kBits;
  static constexpr unsigned kLargestPower = 40;

  static size_t BucketOf(uint64_t value) {
    if (value < kParts) return value;
    const auto power = static_cast<unsigned>(std::bit_width(value)) - 1;
    if (power >= kLargestPower) return kBuckets - 1;
    const uint64_t part = (value >> (power - kBits)) - kParts;
    return (power - kBits + 1) * kParts + part;
  }
  static uint64_t UpperEndOf(size_t bucket) {
    if (bucket < kParts) return bucket;
    const uint64_t power = bucket / kParts - 1 + kBits;
    return (((bucket % kParts) + kParts + 1) << (power - kBits)) - 1;
  }

  static constexpr size_t kBuckets = (kLargestPower - kBits + 1) * kParts;
  std::array<uint64_t, kBuckets> counts_{};
  uint64_t total_ = 0;
  uint64_t max_ = 0;
};

}  // namespace load
