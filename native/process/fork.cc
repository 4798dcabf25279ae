#include "fork.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../io/file_descriptor.h"

namespace lsapi {

namespace {

struct Mapping {
  uintptr_t begin;
  uintptr_t end;
};

/// The whole file, whose size nobody knows before it is read. An errno, or 0.
int ReadAll(const char* path, std::string& text) {
  const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return errno;
  size_t used = 0;
  text.resize(size_t{1} << 17);
  for (;;) {
    if (used == text.size()) text.resize(text.size() * 2);
    const ssize_t count = read(file.get(), text.data() + used, text.size() - used);
    if (count > 0) {
      used += static_cast<size_t>(count);
    } else if (count == 0) {
      text.resize(used);
      return 0;
    } else if (errno != EINTR) {
      return errno;
    }
  }
}

/// `7f0000000000-7f0000001000 rw-p …`: the line that begins a mapping's paragraph.
bool ParseRange(std::string_view line, Mapping& mapping) {
  const char* end = line.data() + line.size();
  const auto first = std::from_chars(line.data(), end, mapping.begin, 16);
  if (first.ec != std::errc{} || first.ptr == end || *first.ptr != '-') return false;
  const auto second = std::from_chars(first.ptr + 1, end, mapping.end, 16);
  return second.ec == std::errc{} && second.ptr != end && *second.ptr == ' ';
}

/// Whether the flags (`VmFlags: rd wr mr mw me dc ac`) have MADV_DONTFORK.
bool IsKeptFromChildren(std::string_view flags) { return flags.find(" dc") != std::string_view::npos; }

std::vector<Mapping> FindKeptFromChildren(std::string_view smaps) {
  constexpr std::string_view kFlags = "VmFlags:";
  std::vector<Mapping> found;
  Mapping mapping{};
  while (!smaps.empty()) {
    const std::string_view line = smaps.substr(0, smaps.find('\n'));
    smaps.remove_prefix(line.size() < smaps.size() ? line.size() + 1 : line.size());
    if (line.starts_with(kFlags)) {
      if (IsKeptFromChildren(line.substr(kFlags.size()))) found.push_back(mapping);
    } else {
      // Lines of the paragraph are no ranges: they have a colon behind their name.
      Mapping next{};
      if (ParseRange(line, next)) mapping = next;
    }
  }
  return found;
}

}  // namespace

int AllowForkOfAllMappings() {
  std::string smaps;
  if (const int error = ReadAll("/proc/self/smaps", smaps); error != 0) return error;
  // All are read before the first is changed: a change merges neighbors, which the kernel's listing could
  // miss.
  for (const Mapping& mapping : FindKeptFromChildren(smaps)) {
    // NOLINTNEXTLINE(performance-no-int-to-ptr): addresses come as text
    if (madvise(reinterpret_cast<void*>(mapping.begin), mapping.end - mapping.begin, MADV_DOFORK) != 0)
      return errno;
  }
  return 0;
}

ForkResult ForkWithAllMappings() {
  if (const int error = AllowForkOfAllMappings(); error != 0) return {.pid = -1, .error = error};
  const pid_t pid = fork();
  return {.pid = pid, .error = pid < 0 ? errno : 0};
}

}  // namespace lsapi
