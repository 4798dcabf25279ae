#include "forked_process.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace lsapi::test {

bool Eventually(const std::function<bool()>& condition, int seconds) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + std::chrono::seconds(seconds);
  while (!condition()) {
    if (Clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

ForkedProcess::ForkedProcess(const std::function<int()>& work) : pid_(fork()) {
  if (pid_ < 0) std::abort();
  // No destructors, no exit handlers: they are the test program's.
  if (pid_ == 0) _exit(work());
}

ForkedProcess::~ForkedProcess() {
  if (HasEnded()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

bool ForkedProcess::HasEnded() {
  if (status_ == -1 && waitpid(pid_, &status_, WNOHANG) <= 0) status_ = -1;
  return status_ != -1;
}

int ForkedProcess::Wait() {
  Eventually([this] { return HasEnded(); });
  return status_;
}

int ForkedProcess::ExitStatus() {
  const int status = Wait();
  return status != -1 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

CapturedLog::CapturedLog() : file_(memfd_create("log", MFD_CLOEXEC)) {
  if (!file_.is_open() || fcntl(file_.get(), F_SETFL, O_APPEND) != 0) std::abort();
}

void CapturedLog::Begin() const { dup2(file_.get(), STDERR_FILENO); }

std::string CapturedLog::text() const {
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t size = pread(file_.get(), part.data(), part.size(), static_cast<off_t>(text.size()));
    if (size <= 0) return text;
    text.append(part.data(), static_cast<size_t>(size));
  }
}

OwnLog::OwnLog() : former_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 0)) { Begin(); }

OwnLog::~OwnLog() { dup2(former_.get(), STDERR_FILENO); }

Pipe::Pipe() {
  std::array<int, 2> ends;
  if (pipe2(ends.data(), O_CLOEXEC) != 0) std::abort();
  reader.Reset(ends[0]);
  writer.Reset(ends[1]);
}

std::string Pipe::ReadAll() {
  writer.Reset();
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t size = read(reader.get(), part.data(), part.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return text;
    text.append(part.data(), static_cast<size_t>(size));
  }
}

}  // namespace lsapi::test
