#include "md5.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace lsapi {

namespace {

constexpr size_t kBlockSize = 64;
constexpr size_t kLengthSize = 8;

/// floor(2^32 × |sin(i + 1)|), section 3.4 of the RFC.
constexpr std::array<uint32_t, 64> kSines = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391};

/// How far each step of a round rotates.
constexpr std::array<std::array<int, 4>, 4> kRotations = {
    {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}}};

class State {
 public:
  State() = default;
  /// Its last block has the secret in it.
  ~State() { explicit_bzero(block_.data(), block_.size()); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void Add(Bytes bytes) {
    length_ += bytes.size();
    while (!bytes.empty()) {
      const size_t size = std::min(bytes.size(), kBlockSize - used_);
      std::memcpy(block_.data() + used_, bytes.data(), size);
      used_ += size;
      bytes = bytes.subspan(size);
      if (used_ == kBlockSize) {
        Mix();
        used_ = 0;
      }
    }
  }

  Md5Digest Finish() {
    const uint64_t bits = length_ * 8;
    constexpr std::array<uint8_t, kBlockSize> kPadding = {0x80};
    const size_t end = used_ < kBlockSize - kLengthSize ? kBlockSize : 2 * kBlockSize;
    Add(Bytes(kPadding).first(std::min(end - kLengthSize - used_, kBlockSize)));
    std::array<uint8_t, kLengthSize> length;
    for (size_t index = 0; index < kLengthSize; ++index) {
      length[index] = static_cast<uint8_t>(bits >> (8 * index));
    }
    Add(length);
    Md5Digest digest;
    for (size_t index = 0; index < digest.size(); ++index) {
      digest[index] = static_cast<uint8_t>(sums_[index / 4] >> (8 * (index % 4)));
    }
    return digest;
  }

 private:
  void Mix() {
    auto [a, b, c, d] = sums_;
    for (uint32_t step = 0; step < kSines.size(); ++step) {
      uint32_t mixed;
      uint32_t word;
      switch (step / 16) {
        case 0:
          mixed = (b & c) | (~b & d);
          word = step;
          break;
        case 1:
          mixed = (d & b) | (~d & c);
          word = 5 * step + 1;
          break;
        case 2:
          mixed = b ^ c ^ d;
          word = 3 * step + 5;
          break;
        default:
          mixed = c ^ (b | ~d);
          word = 7 * step;
      }
      const uint32_t sum =
          a + mixed + kSines[step] + LoadUint32(block_.data() + size_t{4} * (word % 16), ByteOrder::kLittle);
      a = d;
      d = c;
      c = b;
      b += std::rotl(sum, kRotations[step / 16][step % 4]);
    }
    sums_ = {sums_[0] + a, sums_[1] + b, sums_[2] + c, sums_[3] + d};
  }

  std::array<uint32_t, 4> sums_ = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<uint8_t, kBlockSize> block_{};
  size_t used_ = 0;
  uint64_t length_ = 0;
};

}  // namespace

Md5Digest Md5(std::initializer_list<Bytes> parts) {
  State state;
  for (const Bytes part : parts) state.Add(part);
  return state.Finish();
}

}  // namespace lsapi
