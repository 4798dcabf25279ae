#include "system_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <string>
#include <string_view>

#include "../io/file_descriptor.h"

namespace lsapi {

namespace {

std::string ReadFile(const char* path) {
  const FileDescriptor file(open(path, O_RDONLY | O_CLOEXEC));
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t size = file.is_open() ? read(file.get(), part.data(), part.size()) : 0;
    if (size <= 0) return text;
    text.append(part.data(), static_cast<size_t>(size));
  }
}

std::string ProcessFile(pid_t pid, const char* name) {
  std::array<char, 64> path;
  std::snprintf(path.data(), path.size(), "/proc/%d/%s", pid, name);
  return ReadFile(path.data());
}

uint64_t Number(std::string_view text) {
  const size_t digit = text.find_first_of("0123456789");
  uint64_t number = 0;
  if (digit != std::string_view::npos) {
    std::from_chars(text.data() + digit, text.data() + text.size(), number);
  }
  return number;
}

/// The number behind `name` at the beginning of a line, in kB as /proc writes it.
uint64_t Kilobytes(std::string_view text, std::string_view name) {
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    if (line.starts_with(name)) return Number(line.substr(name.size())) * 1024;
    at = end + 1;
  }
  return 0;
}

}  // namespace

SystemMemory ReadSystemMemory() {
  const std::string text = ReadFile("/proc/meminfo");
  return {Kilobytes(text, "MemTotal:"), Kilobytes(text, "MemAvailable:")};
}

uint64_t ResidentMemory(pid_t pid) {
  const std::string text = ProcessFile(pid, "statm");
  const size_t second = text.find(' ');
  if (second == std::string::npos) return 0;
  return Number(std::string_view(text).substr(second)) * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

uint64_t PrivateMemory(pid_t pid) {
  const std::string text = ProcessFile(pid, "smaps_rollup");
  return Kilobytes(text, "Private_Clean:") + Kilobytes(text, "Private_Dirty:");
}

}  // namespace lsapi
