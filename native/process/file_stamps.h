// How files look from outside: tells a changed, replaced, new or removed file from an unchanged one.
#pragma once

#include <string>
#include <vector>

namespace lsapi {

class FileStamps {
 public:
  FileStamps() = default;
  FileStamps(std::vector<std::string> files, std::string stamps)
      : files_(std::move(files)), stamps_(std::move(stamps)) {}

  /// Device, inode, size and time of change of each file, `-` for a missing one, as text. Symbolic links are
  /// followed: a link that is switched to another release is a change.
  static std::string Read(const std::vector<std::string>& files);
  /// Whether a file has changed since the last call that returned true, or since the stamps that it began
  /// with. Files that are gone are no change: they are about to be replaced, or were never meant to be there.
  bool HaveChanged();

 private:
  std::vector<std::string> files_;
  std::string stamps_;
};

}  // namespace lsapi
