// CloudLinux' limits of a user (LVE) and its view of the file system (CageFS): LSAPI_LVE_ENABLE, protocol
// section 5.12. liblve is loaded at run time, where there is one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "privileges.h"

namespace lsapi {

class Lve {
 public:
  /// How far a child goes (the values of LSAPI_LVE_ENABLE).
  enum Level : uint32_t { kOff = 0, kLimits = 1, kCage = 2 };

  /// Loads the library. Where that fails the result is not is_enabled(), and `*error` says why.
  static Lve Load(uint32_t level, std::string* error);

  Lve() = default;
  ~Lve();
  Lve(Lve&& other) noexcept;
  Lve& operator=(Lve&& other) noexcept;
  Lve(const Lve&) = delete;
  Lve& operator=(const Lve&) = delete;

  bool is_enabled() const { return library_ != nullptr; }
  enum class Entry { kEntered, kLimitReached, kNoCage };
  /// Puts this process, which is still root's, under the limits of the user, and with kCage into its cage.
  /// Nothing happens where LVE is not enabled. `*error` says why it could not be done.
  Entry Enter(const Identity& identity, std::string* error) const;

 private:
  void* library_ = nullptr;  // of dlopen()
  uint32_t level_ = kOff;
  mutable std::vector<uint8_t> instance_;
};

}  // namespace lsapi
