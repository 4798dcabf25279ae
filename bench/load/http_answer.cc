#include <algorithm>
#include <charconv>

#include "answer.h"

namespace load {
namespace {

class HttpReader final : public AnswerReader {
 public:
  Progress Consume(std::string_view bytes) override {
    while (true) {
      switch (state_) {
        case State::kLine: {
          if (!TakeLine(&bytes)) return Progress::kMore;
          if (!EndLine()) return Progress::kBroken;
          line_.clear();
          break;
        }
        case State::kData: {
          const std::string_view part = bytes.substr(0, std::min<size_t>(bytes.size(), left_));
          AddBody(part);
          bytes.remove_prefix(part.size());
          left_ -= part.size();
          if (left_ > 0) return Progress::kMore;
          if (chunked_) {
            expected_ = Line::kChunkEnd;
            state_ = State::kLine;
          } else {
            state_ = State::kDone;
          }
          break;
        }
        case State::kDone:
          return bytes.empty() ? Progress::kDone : Progress::kBroken;
      }
    }
  }

 protected:
  void Restart() override {
    line_.clear();
    state_ = State::kLine;
    expected_ = Line::kStatus;
    left_ = 0;
    has_length_ = chunked_ = false;
  }

 private:
  enum class State { kLine, kData, kDone };
  enum class Line { kStatus, kHeader, kChunkSize, kChunkEnd, kTrailer };

  /// False: the line goes on in what comes next.
  bool TakeLine(std::string_view* bytes) {
    const size_t end = bytes->find('\n');
    line_.append(bytes->substr(0, end));
    bytes->remove_prefix(end == std::string_view::npos ? bytes->size() : end + 1);
    if (end == std::string_view::npos) return false;
    if (!line_.empty() && line_.back() == '\r') line_.pop_back();
    return true;
  }

  bool EndLine() {
    switch (expected_) {
      case Line::kStatus: {
        int status = 0;
        if (line_.size() < 12 || line_.compare(0, 7, "HTTP/1.") != 0) return false;
        std::from_chars(line_.data() + 9, line_.data() + 12, status);
        set_status(status);
        expected_ = Line::kHeader;
        return true;
      }
      case Line::kHeader:
        return line_.empty() ? EndHead() : TakeHeader();
      case Line::kChunkSize: {
        const auto [end, error] = std::from_chars(line_.data(), line_.data() + line_.size(), left_, 16);
        if (error != std::errc()) return false;
        if (left_ > 0) {
          state_ = State::kData;
        } else {
          expected_ = Line::kTrailer;
        }
        return true;
      }
      case Line::kChunkEnd:
        expected_ = Line::kChunkSize;
        return line_.empty();
      case Line::kTrailer:
        if (line_.empty()) state_ = State::kDone;
        return true;
    }
    return false;
  }

  bool EndHead() {
    if (chunked_) {
      expected_ = Line::kChunkSize;
    } else if (has_length_) {
      state_ = left_ > 0 ? State::kData : State::kDone;
    } else {
      if (status() != 204 && status() != 304) return false;  // its end would be that of the connection
      state_ = State::kDone;
    }
    return true;
  }

  bool TakeHeader() {
    const std::string_view line = line_;
    if (IsNamed(line, "content-length:")) {
      size_t at = sizeof("content-length:") - 1;
      while (at < line.size() && line[at] == ' ') ++at;
      has_length_ = std::from_chars(line.data() + at, line.data() + line.size(), left_).ec == std::errc();
      return has_length_;
    }
    if (IsNamed(line, "transfer-encoding:")) chunked_ = line.ends_with("chunked");
    return true;
  }

  static bool IsNamed(std::string_view line, std::string_view name) {
    return line.size() >= name.size() &&
           std::equal(name.begin(), name.end(), line.begin(),
                      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
  }

  std::string line_;
  State state_ = State::kLine;
  Line expected_ = Line::kStatus;
  uint64_t left_ = 0;  // of the body, or of a chunk
  bool has_length_ = false;
  bool chunked_ = false;
};

}  // namespace

std::unique_ptr<AnswerReader> MakeHttpReader() { return std::make_unique<HttpReader>(); }

}  // namespace load
