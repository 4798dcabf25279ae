#include "log.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstddef>
#include <cstdio>

namespace lsapi {

void Log(const char* format, ...) {
  std::array<char, 1024> line;
  const int prefix = std::snprintf(line.data(), line.size(), "lsapi[%d]: ", getpid());
  if (prefix < 0) return;
  auto size = static_cast<size_t>(prefix);
  va_list arguments;
  va_start(arguments, format);
  const int written = std::vsnprintf(line.data() + size, line.size() - size, format, arguments);
  va_end(arguments);
  if (written < 0) return;
  size = std::min(size + static_cast<size_t>(written), line.size() - 1);
  // URLs of strangers are part of lines.
  std::replace_if(
      line.begin(), line.begin() + static_cast<ptrdiff_t>(size),
      [](char character) { return static_cast<unsigned char>(character) < 0x20 || character == 0x7f; }, '?');
  line[size++] = '\n';
  pollfd ready{STDERR_FILENO, POLLOUT, 0};
  if (poll(&ready, 1, 0) <= 0 || (ready.revents & POLLOUT) == 0) return;
  [[maybe_unused]] const ssize_t result = write(STDERR_FILENO, line.data(), size);
}

}  // namespace lsapi
