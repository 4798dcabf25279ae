// The secret that server and suEXEC daemon share (LSAPI_SECRET, protocol section 5.13).
#pragma once

#include <cstdint>
#include <string>

#include "../protocol/credentials.h"

namespace lsapi {

/// The first 16 bytes of the secret file, in a page of their own that is neither swapped nor dumped. Movable
/// owner of the page; wiped when it ends.
class Secret {
 public:
  Secret() = default;
  ~Secret() { Wipe(); }
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  /// Reads the file, which must be a regular file of this process's effective user that nobody else may read
  /// or write, no symbolic link, of 16 bytes at least. Otherwise not is_open(), and `*error` says why: a
  /// sentence about the file, with the remedy.
  static Secret Read(const std::string& path, std::string* error);

  bool is_open() const { return page_ != nullptr; }
  /// Only while is_open().
  SecretBytes bytes() const { return SecretBytes(page_, kSecretSize); }
  /// Overwrites the secret and gives the page back. Copies in other processes stay.
  void Wipe();

 private:
  uint8_t* page_ = nullptr;
};

}  // namespace lsapi
