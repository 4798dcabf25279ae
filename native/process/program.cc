#include "program.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <csignal>
#include <memory>
#include <string_view>

#include "../io/file_descriptor.h"

namespace lsapi {

namespace {

/// argv and envp, made before a fork: between fork and exec nothing may allocate.
class Arguments {
 public:
  Arguments(const Program& program, const std::string& role)
      : role_(std::string(kRoleVariable) + '=' + role) {
    for (const std::string& argument : program.arguments) Push(&argv_, argument);
    argv_.push_back(nullptr);
    const std::string_view own =
        std::string_view(role_).substr(0, std::string_view(kRoleVariable).size() + 1);
    for (const std::string& variable : program.environment) {
      if (!std::string_view(variable).starts_with(own)) Push(&envp_, variable);
    }
    Push(&envp_, role_);
    envp_.push_back(nullptr);
  }

  char* const* argv() const { return argv_.data(); }
  char* const* envp() const { return envp_.data(); }

 private:
  /// execve() takes pointers to char for historical reasons and does not write through them.
  static void Push(std::vector<char*>* list, const std::string& text) {
    list->push_back(const_cast<char*>(text.c_str()));
  }

  std::string role_;
  std::vector<char*> argv_;
  std::vector<char*> envp_;
};

void KeepOpen(std::span<const int> descriptors, bool keep) {
  for (const int fd : descriptors) fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
  // libuv marks all descriptors at the start of Node (uv_disable_stdio_inheritance), standard ones included.
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

/// A directory that is gone keeps nothing from starting: paths are absolute, or say by themselves what is
/// missing.
void Enter(const std::string& directory) { [[maybe_unused]] const int result = chdir(directory.c_str()); }

}  // namespace

int Replace(const Program& program, const std::string& role, std::span<const int> kept) {
  const Arguments arguments(program, role);
  KeepOpen(kept, true);
  const FileDescriptor here(open(".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  Enter(program.directory);
  execve(program.file.c_str(), arguments.argv(), arguments.envp());
  const int error = errno;
  KeepOpen(kept, false);
  [[maybe_unused]] const int result = fchdir(here.get());
  return error;
}

pid_t Spawn(const Program& program, const std::string& role, std::span<const int> kept) {
  const Arguments arguments(program, role);
  const pid_t pid = fork();
  if (pid < 0) return -errno;
  if (pid > 0) return pid;
  KeepOpen(kept, true);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  Enter(program.directory);
  execve(program.file.c_str(), arguments.argv(), arguments.envp());
  constexpr int kCannotExecute = 127;
  _exit(kCannotExecute);
}

void HideDescriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc/self/fd"), closedir);
  if (directory == nullptr) return;
  while (const dirent* const entry = readdir(directory.get())) {
    const std::string_view name(entry->d_name);
    int fd = -1;
    std::from_chars(name.data(), name.data() + name.size(), fd);
    if (fd > STDERR_FILENO) fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
}

}  // namespace lsapi
