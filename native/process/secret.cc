#include "secret.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "../io/file_descriptor.h"

namespace lsapi {

namespace {

constexpr size_t kPageSize = 4096;

std::string Describe(int error, const std::string& path) {
  if (error == ELOOP) return path + " is a symbolic link; name the file itself";
  return path + " cannot be read: " + std::strerror(error);
}

/// What is wrong with the file; empty: nothing.
std::string Objection(const struct stat& file, const std::string& path) {
  if (!S_ISREG(file.st_mode)) return path + " is no regular file";
  if (file.st_uid != geteuid()) {
    return path + " belongs to user " + std::to_string(file.st_uid) + ", not to " +
           std::to_string(geteuid()) + "; chown it";
  }
  if ((file.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return path + " is open to others than its owner; chmod 600 it";
  }
  if (file.st_size < static_cast<off_t>(kSecretSize)) {
    return path + " has fewer than " + std::to_string(kSecretSize) + " bytes";
  }
  return {};
}

}  // namespace

Secret::Secret(Secret&& other) noexcept : page_(std::exchange(other.page_, nullptr)) {}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this != &other) {
    Wipe();
    page_ = std::exchange(other.page_, nullptr);
  }
  return *this;
}

Secret Secret::Read(const std::string& path, std::string* error) {
  // Not blocking: a FIFO would wait for a writer.
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  struct stat status;
  if (!file.is_open() || fstat(file.get(), &status) != 0) {
    *error = Describe(errno, path);
    return {};
  }
  *error = Objection(status, path);
  if (!error->empty()) return {};
  void* const page = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    *error = std::string("there is no memory for the secret: ") + std::strerror(errno);
    return {};
  }
  // Where the limit of locked memory forbids it, the secret can do without.
  mlock(page, kPageSize);
  madvise(page, kPageSize, MADV_DONTDUMP);
  Secret secret;
  secret.page_ = static_cast<uint8_t*>(page);
  if (read(file.get(), page, kSecretSize) != static_cast<ssize_t>(kSecretSize)) {
    *error = Describe(errno, path);
    return {};
  }
  return secret;
}

void Secret::Wipe() {
  if (page_ == nullptr) return;
  explicit_bzero(page_, kPageSize);
  munmap(page_, kPageSize);
  page_ = nullptr;
}

}  // namespace lsapi
