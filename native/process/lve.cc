#include "lve.h"

#include <dlfcn.h>
#include <pwd.h>

#include <array>
#include <utility>

namespace lsapi {

namespace {

// The functions of liblve as its users know them.
using IsAvailable = int (*)();
/// With null: how large an instance is.
using InitializeInstance = int (*)(void* instance);
using EnterLimits = int (*)(void* instance, uint32_t uid, int32_t leader, int32_t flags, uint32_t* cookie);
using Jail = int (*)(passwd* user, char* error);

template <typename Function>
Function Find(void* library, const char* name) {
  return reinterpret_cast<Function>(dlsym(library, name));
}

}  // namespace

Lve::~Lve() {
  if (library_ != nullptr) dlclose(library_);
}

Lve::Lve(Lve&& other) noexcept
    : library_(std::exchange(other.library_, nullptr)),
      level_(other.level_),
      instance_(std::move(other.instance_)) {}

Lve& Lve::operator=(Lve&& other) noexcept {
  std::swap(library_, other.library_);
  std::swap(level_, other.level_);
  std::swap(instance_, other.instance_);
  return *this;
}

Lve Lve::Load(uint32_t level, std::string* error) {
  if (level == kOff) return {};
  Lve lve;
  lve.level_ = level;
  lve.library_ = dlopen("liblve.so.0", RTLD_NOW | RTLD_LOCAL);
  if (lve.library_ == nullptr) {
    const char* const reason = dlerror();
    *error = reason == nullptr ? "liblve.so.0 cannot be loaded" : reason;
    return {};
  }
  const auto is_available = Find<IsAvailable>(lve.library_, "lve_is_available");
  const auto initialize = Find<InitializeInstance>(lve.library_, "lve_instance_init");
  if (is_available == nullptr || initialize == nullptr ||
      Find<EnterLimits>(lve.library_, "lve_enter") == nullptr ||
      (level >= kCage && Find<Jail>(lve.library_, "jail") == nullptr)) {
    *error = "liblve.so.0 has not the functions that are needed";
    return {};
  }
  if (is_available() == 0) {
    *error = "liblve.so.0 says that the kernel has no LVE";
    return {};
  }
  const int size = initialize(nullptr);
  if (size > 0) lve.instance_.resize(static_cast<size_t>(size));
  if (size <= 0 || initialize(lve.instance_.data()) < 0) {
    *error = "LVE cannot be initialised";
    return {};
  }
  return lve;
}

Lve::Entry Lve::Enter(const Identity& identity, std::string* error) const {
  if (!is_enabled()) return Entry::kEntered;
  uint32_t cookie = 0;
  const auto enter = Find<EnterLimits>(library_, "lve_enter");
  if (enter(instance_.data(), identity.ids.uid, -1, -1, &cookie) < 0) {
    *error = "lve_enter() failed: the user has reached its limit of processes or connections";
    return Entry::kLimitReached;
  }
  if (level_ < kCage) return Entry::kEntered;
  constexpr size_t kRecordSize = 16 * 1024;
  std::vector<char> text(kRecordSize);
  passwd record{};
  passwd* user = nullptr;
  if (getpwuid_r(identity.ids.uid, &record, text.data(), text.size(), &user) != 0 || user == nullptr) {
    *error = "the user database does not know the user, so there is no cage for it";
    return Entry::kNoCage;
  }
  std::array<char, 8192> message{};
  if (Find<Jail>(library_, "jail")(user, message.data()) < 0) {
    *error =
        std::string("jail() failed: ") + std::string(message.data(), strnlen(message.data(), message.size()));
    return Entry::kNoCage;
  }
  return Entry::kEntered;
}

}  // namespace lsapi
