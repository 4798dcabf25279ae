// Blocks for incoming packets. A connection holds one only from the first byte of a request to the end of its
// response, so idle connections cost no buffer and the steady state allocates nothing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace lsapi {

class BufferPool {
 public:
  /// Size of a pooled block: a browser's request and the beginning of its body fit.
  static constexpr size_t kBlockSize = 16 * 1024;

  class Buffer {
   public:
    Buffer() = default;
    Buffer(Buffer&&) = default;
    Buffer& operator=(Buffer&&) = default;

    uint8_t* data() { return bytes_.get(); }
    const uint8_t* data() const { return bytes_.get(); }
    size_t capacity() const { return capacity_; }
    explicit operator bool() const { return bytes_ != nullptr; }

   private:
    friend class BufferPool;
    Buffer(std::unique_ptr<uint8_t[]> bytes, size_t capacity)
        : bytes_(std::move(bytes)), capacity_(capacity) {}

    std::unique_ptr<uint8_t[]> bytes_;
    size_t capacity_ = 0;
  };

  /// A block of at least `size` bytes, contents undefined.
  Buffer Acquire(size_t size) {
    if (size <= kBlockSize && !free_.empty()) {
      Buffer buffer = std::move(free_.back());
      free_.pop_back();
      return buffer;
    }
    const size_t capacity = size <= kBlockSize ? kBlockSize : size;
    Buffer buffer(std::unique_ptr<uint8_t[]>(new uint8_t[capacity]), capacity);
    Poison(buffer);
    return buffer;
  }

  /// Takes a block back; what is larger than a block, or too many, is freed.
  void Release(Buffer buffer) {
    if (buffer && buffer.capacity_ == kBlockSize && free_.size() < kMaximumFree) {
      Poison(buffer);
      free_.push_back(std::move(buffer));
    }
  }

 private:
  static constexpr size_t kMaximumFree = 64;
  static constexpr uint8_t kPoison = 0xdb;

  /// In debug builds nothing of a former request is left in a block, and what shows bytes that nobody wrote
  /// shows kPoison; test/isolation looks for both.
  static void Poison([[maybe_unused]] Buffer& buffer) {
#ifndef NDEBUG
    std::fill_n(buffer.data(), buffer.capacity_, kPoison);
#endif
  }

  std::vector<Buffer> free_;
};

}  // namespace lsapi
