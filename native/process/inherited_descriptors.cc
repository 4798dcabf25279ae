#include "inherited_descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <map>
#include <memory>
#include <string_view>

#include "../io/file_descriptor.h"

namespace lsapi {

namespace {

/// All open descriptors from 3 on; empty where /proc is missing.
std::vector<int> ListDescriptors() {
  std::vector<int> descriptors;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), &closedir);
  if (!directory) return descriptors;
  while (const dirent* const entry = readdir(directory.get())) {
    const std::string_view name(entry->d_name);
    int fd = -1;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), fd);
    const bool is_number = error == std::errc() && end == name.data() + name.size();
    if (is_number && fd > STDERR_FILENO && fd != dirfd(directory.get())) descriptors.push_back(fd);
  }
  return descriptors;
}

/// What `/proc/self/fd/N` says: `anon_inode:[eventfd]`.
std::string TypeOf(int fd) {
  std::array<char, 64> text;
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = readlink(path.c_str(), text.data(), text.size());
  return size < 0 ? std::string() : std::string(text.data(), static_cast<size_t>(size));
}

struct Pipe {
  FileDescriptor reading;
  FileDescriptor writing;
};

/// One new pipe for all descriptors of an old one.
class Pipes {
 public:
  int End(ino_t inode, bool writes) {
    Pipe& pipe = pipes_[inode];
    if (!pipe.reading.is_open()) {
      std::array<int, 2> ends;
      if (pipe2(ends.data(), O_CLOEXEC) != 0) return -1;
      pipe = {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
    }
    return writes ? pipe.writing.get() : pipe.reading.get();
  }

 private:
  std::map<ino_t, Pipe> pipes_;
};

FileDescriptor Replacement(const std::string& type) {
  if (type == "anon_inode:[eventfd]") return FileDescriptor(eventfd(0, EFD_CLOEXEC));
  if (type == "anon_inode:[eventpoll]") return FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (type == "anon_inode:[timerfd]") return FileDescriptor(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC));
  return FileDescriptor(open("/dev/null", O_RDWR | O_CLOEXEC));
}

}  // namespace

InheritedDescriptors::InheritedDescriptors() {
  for (const int fd : ListDescriptors()) {
    struct stat status;
    if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode)) pipes_.push_back(status.st_ino);
  }
}

std::string InheritedDescriptors::MakePrivate(std::span<const int> kept) const {
  const std::vector<int> descriptors = ListDescriptors();
  if (descriptors.empty()) return "/proc/self/fd cannot be read";
  Pipes pipes;
  for (const int fd : descriptors) {
    struct stat status;
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (std::ranges::find(kept, fd) != kept.end() || fstat(fd, &status) != 0) continue;
    const bool is_pipe = S_ISFIFO(status.st_mode);
    if (is_pipe && std::ranges::find(pipes_, status.st_ino) == pipes_.end()) continue;
    const int flags = fcntl(fd, F_GETFL);
    FileDescriptor replacement;
    if (!is_pipe) replacement = Replacement(TypeOf(fd));
    const int by = is_pipe ? pipes.End(status.st_ino, (flags & O_ACCMODE) == O_WRONLY) : replacement.get();
    if (by < 0 || dup3(by, fd, O_CLOEXEC) < 0)
      return std::string("a descriptor cannot be replaced: ") + std::strerror(errno);
    fcntl(fd, F_SETFL, flags & O_NONBLOCK);
  }
  return {};
}

}  // namespace lsapi
