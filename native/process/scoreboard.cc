#include "scoreboard.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

namespace lsapi {

namespace {

constexpr uint32_t kMostSlots = 1 << 16;

size_t SizeOf(uint32_t slots) { return sizeof(ScoreboardHeader) + size_t{slots} * sizeof(ScoreboardSlot); }

template <size_t kSize>
void StoreString(char (&into)[kSize], std::string_view text) {
  const size_t size = std::min(text.size(), kSize - 1);
  std::copy_n(text.begin(), size, into);
  into[size] = '\0';
}

template <size_t kSize>
std::string LoadString(const char (&from)[kSize]) {
  // A copy first: the end of what may still change cannot be relied upon.
  std::array<char, kSize> text;
  std::memcpy(text.data(), from, kSize);
  return {text.data(), strnlen(text.data(), kSize)};
}

}  // namespace

void StoreText(ScoreboardSlot& slot, std::string_view method, std::string_view url) {
  const uint32_t version = slot.text_version.load(std::memory_order_relaxed);
  slot.text_version.store(version | 1, std::memory_order_relaxed);
  std::atomic_thread_fence(std::memory_order_release);
  StoreString(slot.method, method);
  StoreString(slot.url, url);
  slot.text_version.store((version | 1) + 1, std::memory_order_release);
}

SlotText ReadText(const ScoreboardSlot& slot) {
  constexpr int kAttempts = 4;
  SlotText text;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const uint32_t before = slot.text_version.load(std::memory_order_acquire);
    text = {LoadString(slot.method), LoadString(slot.url)};
    std::atomic_thread_fence(std::memory_order_acquire);
    if (before % 2 == 0 && slot.text_version.load(std::memory_order_relaxed) == before) break;
  }
  return text;
}

Scoreboard::~Scoreboard() {
  if (header_ != nullptr) munmap(header_, size_);
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept
    : memory_(std::move(other.memory_)),
      header_(std::exchange(other.header_, nullptr)),
      slots_(std::exchange(other.slots_, {})),
      size_(std::exchange(other.size_, 0)) {}

Scoreboard& Scoreboard::operator=(Scoreboard&& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(header_, other.header_);
  std::swap(slots_, other.slots_);
  std::swap(size_, other.size_);
  return *this;
}

Scoreboard Scoreboard::Create(uint32_t slot_count) {
  Scoreboard board;
  board.memory_.Reset(memfd_create(kScoreboardName, MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const size_t size = SizeOf(slot_count);
  if (!board.memory_.is_open() || fchmod(board.memory_.get(), S_IRUSR | S_IWUSR) != 0 ||
      ftruncate(board.memory_.get(), static_cast<off_t>(size)) != 0 || !board.Map(size)) {
    return {};
  }
  // Where a kernel knows no seals, a group can do without.
  fcntl(board.memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
  board.Identify();
  return board;
}

void Scoreboard::Identify() const {
  header_->magic = kScoreboardMagic;
  header_->version = kScoreboardVersion;
  header_->slot_count = slot_count();
  header_->slot_size = sizeof(ScoreboardSlot);
}

Scoreboard Scoreboard::Open(FileDescriptor memory) {
  Scoreboard board;
  board.memory_ = std::move(memory);
  struct stat file;
  if (fstat(board.memory_.get(), &file) != 0) return {};
  const auto size = static_cast<size_t>(file.st_size);
  if (size < sizeof(ScoreboardHeader) || !board.Map(size)) return {};
  const ScoreboardHeader& header = *board.header_;
  const uint32_t slots = header.slot_count;
  if (header.magic != kScoreboardMagic || header.version != kScoreboardVersion ||
      header.slot_size != sizeof(ScoreboardSlot) || slots > kMostSlots || SizeOf(slots) != size) {
    errno = EINVAL;
    return {};
  }
  return board;
}

bool Scoreboard::Map(size_t size) {
  void* const memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  if (memory == MAP_FAILED) return false;
  size_ = size;
  // The kernel's zeroes are valid objects: all members are trivial or atomics of trivial types.
  header_ = std::launder(static_cast<ScoreboardHeader*>(memory));
  auto* const slots = std::launder(reinterpret_cast<ScoreboardSlot*>(header_ + 1));
  slots_ = {slots, (size - sizeof(ScoreboardHeader)) / sizeof(ScoreboardSlot)};
  return true;
}

int Scoreboard::KeepOnly(uint32_t index) {
  if (index >= slot_count() || index % kSlotsInPage != kOwnPage) return EINVAL;
  auto* const begin = reinterpret_cast<std::byte*>(header_);
  const size_t own = sizeof(ScoreboardHeader) + size_t{index} * sizeof(ScoreboardSlot);
  const auto replace = [begin](size_t from, size_t to) {
    if (from >= to) return true;
    return mmap(begin + from, to - from, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                0) != MAP_FAILED;
  };
  if (!replace(0, own) || !replace(own + kPageSize, size_)) return errno;
  memory_.Reset();
  Identify();
  return 0;
}

void Scoreboard::Clear(uint32_t index) const {
  ScoreboardSlot& slot = slots_[index];
  slot.pid.store(0);
  std::memset(static_cast<void*>(&slot), 0, sizeof slot);
}

}  // namespace lsapi
