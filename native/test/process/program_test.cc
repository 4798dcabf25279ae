// Programs that are started, or take this one's place.
#include "process/program.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <string>

#include "support/forked_process.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

Program Shell(const std::string& script) {
  return {
      .file = "/bin/sh", .arguments = {"sh", "-c", script}, .environment = {"NAME=value"}, .directory = "/"};
}

/// A path for a script to write to: dash knows descriptors of one digit only.
std::string PathOf(const FileDescriptor& fd) { return "/proc/self/fd/" + std::to_string(fd.get()); }

std::string CurrentDirectory() {
  std::array<char, PATH_MAX> path;
  return getcwd(path.data(), path.size()) == nullptr ? "" : path.data();
}

TEST_SUITE("a program that is started") {
  TEST_CASE("has its environment, its role, its directory and the descriptors that are kept for it") {
    test::Pipe kept;
    test::Pipe other;
    Program program = Shell("(echo \"$NAME $LSAPI_GROUP_ROLE $PWD\"; [ -e " + PathOf(other.writer) +
                            " ] || echo alone) > " + PathOf(kept.writer));
    program.environment.emplace_back("LSAPI_GROUP_ROLE=former");
    program.directory = "/proc";
    const std::array descriptors = {kept.writer.get()};
    test::ForkedProcess process(Spawn(program, "child:1", descriptors));
    CHECK(process.ExitStatus() == 0);
    CHECK(kept.ReadAll() == "value child:1 /proc\nalone\n");
  }

  TEST_CASE("leaves this process's descriptors as they are") {
    test::Pipe pipe;
    const std::array descriptors = {pipe.writer.get()};
    test::ForkedProcess process(Spawn(Shell(":"), "", descriptors));
    CHECK(process.ExitStatus() == 0);
    CHECK((fcntl(pipe.writer.get(), F_GETFD) & FD_CLOEXEC) != 0);
  }

  TEST_CASE("has none of the descriptors that others have left open, once they are hidden") {
    test::Pipe pipe;
    test::ForkedProcess process([&] {
      fcntl(pipe.writer.get(), F_SETFD, 0);
      HideDescriptors();
      const bool has_standard_ones = (fcntl(STDERR_FILENO, F_GETFD) & FD_CLOEXEC) == 0;
      test::ForkedProcess program(Spawn(Shell("! [ -e " + PathOf(pipe.writer) + " ]"), "", {}));
      return has_standard_ones && program.ExitStatus() == 0 ? 0 : 1;
    });
    CHECK(process.ExitStatus() == 0);
  }

  TEST_CASE("has no signals blocked") {
    test::ForkedProcess process([] {
      sigset_t all;
      sigfillset(&all);
      sigprocmask(SIG_SETMASK, &all, nullptr);
      test::ForkedProcess inner(Spawn(Shell("kill -TERM $$; exit 7"), "", {}));
      const int status = inner.Wait();
      return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM ? 0 : 1;
    });
    CHECK(process.ExitStatus() == 0);
  }

  TEST_CASE("starts where its directory is gone, too") {
    Program program = Shell("exit 5");
    program.directory = "/nowhere";
    CHECK(test::ForkedProcess(Spawn(program, "", {})).ExitStatus() == 5);
  }

  TEST_CASE("ends with 127 where it is not there") {
    Program program = Shell("");
    program.file = "/nowhere/sh";
    CHECK(test::ForkedProcess(Spawn(program, "", {})).ExitStatus() == 127);
  }

  TEST_CASE("is refused with an errno where no process can be made") {
    test::system_calls().fail_forks = 1;
    CHECK(Spawn(Shell(""), "", {}) == -EAGAIN);
  }
}

TEST_SUITE("a program that takes this one's place") {
  TEST_CASE("has its pid, its role and the descriptors that are kept") {
    test::Pipe pipe;
    test::ForkedProcess process([&] {
      const std::array descriptors = {pipe.writer.get()};
      return Replace(Shell("echo \"$$ $LSAPI_GROUP_ROLE $NAME $PWD\" > " + PathOf(pipe.writer)), "reload:1",
                     descriptors);
    });
    CHECK(process.ExitStatus() == 0);
    CHECK(pipe.ReadAll() == std::to_string(process.pid()) + " reload:1 value /\n");
  }

  TEST_CASE("leaves everything as it was where it cannot be run") {
    test::Pipe pipe;
    const std::array descriptors = {pipe.writer.get()};
    const std::string before = CurrentDirectory();
    Program program = Shell("");
    program.file = "/nowhere/sh";
    CHECK(Replace(program, "reload:", descriptors) == ENOENT);
    CHECK((fcntl(pipe.writer.get(), F_GETFD) & FD_CLOEXEC) != 0);
    CHECK(CurrentDirectory() == before);
    CHECK(getenv(kRoleVariable) == nullptr);
    // What it leaves of standard descriptors is right for Node; this program had them otherwise.
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) fcntl(fd, F_SETFD, 0);
  }
}

}  // namespace
}  // namespace lsapi
