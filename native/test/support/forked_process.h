// Processes that tests start, and conditions that come true in them some time.
#pragma once

#include <sys/types.h>

#include <functional>
#include <string>

#include "io/file_descriptor.h"

namespace lsapi::test {

/// Waits until `condition` holds; false after `seconds`, which only a test that fails needs.
bool Eventually(const std::function<bool()>& condition, int seconds = 20);

/// A fork of this process that runs a function; what that returns is its exit status. It is killed when this
/// goes away.
class ForkedProcess {
 public:
  explicit ForkedProcess(const std::function<int()>& work);
  /// A child that something else has made.
  explicit ForkedProcess(pid_t pid) : pid_(pid) {}
  ~ForkedProcess();
  ForkedProcess(const ForkedProcess&) = delete;
  ForkedProcess& operator=(const ForkedProcess&) = delete;

  pid_t pid() const { return pid_; }
  /// Waits for its end: the status as waitpid() tells it, or -1 where it does not end.
  int Wait();
  /// Likewise: its exit status, or -1.
  int ExitStatus();
  bool HasEnded();

 private:
  pid_t pid_;
  int status_ = -1;
};

/// A file in memory that takes what is written to stderr.
class CapturedLog {
 public:
  CapturedLog();
  /// From now on, this process's stderr is written here.
  void Begin() const;
  std::string text() const;
  bool Contains(const std::string& part) const { return text().find(part) != std::string::npos; }

 private:
  FileDescriptor file_;
};

/// The log of this process, as long as this lives.
class OwnLog : public CapturedLog {
 public:
  OwnLog();
  ~OwnLog();
  OwnLog(const OwnLog&) = delete;
  OwnLog& operator=(const OwnLog&) = delete;

 private:
  FileDescriptor former_;
};

/// A pipe.
struct Pipe {
  Pipe();
  /// Reads until the last writer is gone; closes this process's own end for that.
  std::string ReadAll();
  FileDescriptor reader;
  FileDescriptor writer;
};

}  // namespace lsapi::test
