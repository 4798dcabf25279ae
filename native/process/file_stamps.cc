#include "file_stamps.h"

#include <sys/stat.h>

#include <array>
#include <cstdio>
#include <string_view>

namespace lsapi {

namespace {

std::string ReadStamp(const std::string& path) {
  struct stat file;
  if (stat(path.c_str(), &file) != 0) return "-";
  std::array<char, 128> text;
  std::snprintf(
      text.data(), text.size(), "%llx.%llx.%llx.%llx.%lx", static_cast<unsigned long long>(file.st_dev),
      static_cast<unsigned long long>(file.st_ino), static_cast<unsigned long long>(file.st_size),
      static_cast<unsigned long long>(file.st_mtim.tv_sec), static_cast<unsigned long>(file.st_mtim.tv_nsec));
  return text.data();
}

std::string_view TakeWord(std::string_view* text) {
  const size_t end = text->find(' ');
  const std::string_view word = text->substr(0, end);
  text->remove_prefix(end == std::string_view::npos ? text->size() : end + 1);
  return word;
}

}  // namespace

std::string FileStamps::Read(const std::vector<std::string>& files) {
  std::string stamps;
  for (const std::string& file : files) {
    if (!stamps.empty()) stamps += ' ';
    stamps += ReadStamp(file);
  }
  return stamps;
}

bool FileStamps::HaveChanged() {
  const std::string now = Read(files_);
  if (now == stamps_) return false;
  bool changed = false;
  std::string kept;
  std::string_view before = stamps_;
  std::string_view after = now;
  for (size_t index = 0; index < files_.size(); ++index) {
    const std::string_view old_stamp = TakeWord(&before);
    const std::string_view new_stamp = TakeWord(&after);
    const bool gone = new_stamp == "-";
    changed = changed || (!gone && new_stamp != old_stamp);
    if (!kept.empty()) kept += ' ';
    kept += gone ? old_stamp : new_stamp;
  }
  stamps_ = kept;
  return changed;
}

}  // namespace lsapi
