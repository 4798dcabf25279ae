// Which changes of files mean that the application has changed.
#include "process/file_stamps.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace lsapi {
namespace {

class Directory {
 public:
  Directory() {
    std::string name = "/tmp/lsapi-test-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Directory() {
    for (const char* file : {"a", "b", "new", "link"}) unlink((*this / file).c_str());
    rmdir(path_.c_str());
  }
  std::string operator/(const std::string& file) const { return path_ + "/" + file; }
  /// With a time of change that no other call gives.
  void Write(const std::string& file, const std::string& text) {
    std::ofstream(*this / file) << text;
    const timespec time{++time_, 5};
    const timespec times[] = {time, time};
    REQUIRE(utimensat(AT_FDCWD, (*this / file).c_str(), times, 0) == 0);
  }
  FileStamps Watch() const {
    const std::vector<std::string> files{*this / "a", *this / "b", *this / "link"};
    return {files, FileStamps::Read(files)};
  }

 private:
  std::string path_;
  time_t time_ = 1'000'000;
};

TEST_SUITE("files that are watched") {
  TEST_CASE("have not changed as long as nobody touches them") {
    Directory directory;
    directory.Write("a", "1");
    FileStamps stamps = directory.Watch();
    CHECK_FALSE(stamps.HaveChanged());
    CHECK_FALSE(FileStamps().HaveChanged());
    CHECK(FileStamps::Read({}).empty());
    CHECK(FileStamps::Read({directory / "b", "/proc/self/nothing"}) == "- -");
  }

  TEST_CASE("have changed once, when one is written, touched, new or replaced") {
    Directory directory;
    directory.Write("a", "1");
    FileStamps stamps = directory.Watch();
    directory.Write("a", "22");
    CHECK(stamps.HaveChanged());
    CHECK_FALSE(stamps.HaveChanged());
    directory.Write("a", "22");
    CHECK(stamps.HaveChanged());
    directory.Write("b", "");
    CHECK(stamps.HaveChanged());
    directory.Write("new", "22");
    REQUIRE(std::rename((directory / "new").c_str(), (directory / "a").c_str()) == 0);
    CHECK(stamps.HaveChanged());
    CHECK_FALSE(stamps.HaveChanged());
  }

  TEST_CASE("have changed when a link is switched") {
    Directory directory;
    directory.Write("new", "1");
    REQUIRE(symlink("missing", (directory / "link").c_str()) == 0);
    FileStamps stamps = directory.Watch();
    CHECK_FALSE(stamps.HaveChanged());
    unlink((directory / "link").c_str());
    REQUIRE(symlink("new", (directory / "link").c_str()) == 0);
    CHECK(stamps.HaveChanged());
  }

  TEST_CASE("have not changed when one is gone, nor when it comes back as it was") {
    Directory directory;
    directory.Write("a", "1");
    directory.Write("b", "1");
    FileStamps stamps = directory.Watch();
    REQUIRE(std::rename((directory / "a").c_str(), (directory / "new").c_str()) == 0);
    CHECK_FALSE(stamps.HaveChanged());
    directory.Write("b", "2");
    CHECK(stamps.HaveChanged());
    REQUIRE(std::rename((directory / "new").c_str(), (directory / "a").c_str()) == 0);
    CHECK_FALSE(stamps.HaveChanged());
  }

  TEST_CASE("are compared with how they were before, even if those stamps are nonsense") {
    Directory directory;
    directory.Write("a", "1");
    FileStamps stamps({directory / "a"}, "what is this");
    CHECK(stamps.HaveChanged());
    CHECK_FALSE(stamps.HaveChanged());
    FileStamps none({directory / "a"}, "");
    CHECK(none.HaveChanged());
    CHECK_FALSE(none.HaveChanged());
  }
}

}  // namespace
}  // namespace lsapi
