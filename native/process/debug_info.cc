#include "debug_info.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "../io/file_descriptor.h"
#include "log.h"

namespace lsapi {

namespace {

constexpr size_t kPathSize = 300;

std::string ReadFirst(pid_t pid, const char* name) {
  std::array<char, kPathSize> path;
  std::snprintf(path.data(), path.size(), "/proc/%d/%s", pid, name);
  const FileDescriptor file(open(path.data(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text;
  const ssize_t size = file.is_open() ? read(file.get(), text.data(), text.size()) : 0;
  return {text.data(), size > 0 ? static_cast<size_t>(size) : 0};
}

std::string FindLine(std::string_view text, std::string_view name) {
  const size_t at = text.find(name);
  if (at == std::string_view::npos) return {};
  std::string line(text.substr(at, text.find('\n', at) - at));
  for (char& character : line) {
    if (character == '\t') character = ' ';
  }
  return line;
}

}  // namespace

void LogDebugInfo(pid_t pid) {
  const std::string status = ReadFirst(pid, "status");
  Log("child %d: %s, %s, %s, %s", pid, FindLine(status, "State:").c_str(), FindLine(status, "VmRSS:").c_str(),
      FindLine(status, "Threads:").c_str(), FindLine(status, "SigPnd:").c_str());
  Log("child %d: waits in %s; system call %s", pid, ReadFirst(pid, "wchan").c_str(),
      FindLine(ReadFirst(pid, "syscall"), "").c_str());
  std::array<char, kPathSize> path;
  std::snprintf(path.data(), path.size(), "/proc/%d/fd", pid);
  const auto close = [](DIR* directory) { closedir(directory); };
  const std::unique_ptr<DIR, decltype(close)> directory(opendir(path.data()), close);
  if (!directory) return;
  while (const dirent* const entry = readdir(directory.get())) {
    if (entry->d_name[0] == '.') continue;
    std::snprintf(path.data(), path.size(), "/proc/%d/fd/%s", pid, entry->d_name);
    std::array<char, kPathSize> target;
    const ssize_t size = readlink(path.data(), target.data(), target.size() - 1);
    if (size > 0)
      Log("child %d: descriptor %s is %.*s", pid, entry->d_name, static_cast<int>(size), target.data());
  }
}

}  // namespace lsapi
