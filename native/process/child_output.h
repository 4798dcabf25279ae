// What a child of a suEXEC daemon prints. It goes through a pipe to the parent, which alone has the log: a
// child with the log's own descriptor could cut it, read what others have printed, or speak in their name.
#pragma once

#include <sys/types.h>

#include <string>

#include "../io/file_descriptor.h"

namespace lsapi {

class ChildOutput {
 public:
  ChildOutput() = default;
  explicit ChildOutput(FileDescriptor pipe) : pipe_(std::move(pipe)) {}

  bool is_open() const { return pipe_.is_open(); }
  int fd() const { return pipe_.get(); }
  /// Writes the whole lines that have come to stderr, each with the pid in front; a bounded number of them,
  /// so that a child that prints without end does not keep its parent. False once the pipe has ended.
  bool Forward(pid_t pid);
  /// What has come without a newline at its end, likewise.
  void Finish(pid_t pid);

 private:
  FileDescriptor pipe_;
  std::string line_;
};

/// A pipe for a new child: `parent` does not block.
struct OutputPipe {
  FileDescriptor parent;
  FileDescriptor child;
};
/// Not open where there are no descriptors left (errno tells).
OutputPipe MakeOutputPipe();

}  // namespace lsapi
