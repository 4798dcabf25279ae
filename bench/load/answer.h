// One answer, whatever protocol brings it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace load {

/// Recognizes the end of an answer, its status and how long its body is. One a connection, used again.
class AnswerReader {
 public:
  enum class Progress { kMore, kDone, kBroken };

  virtual ~AnswerReader() = default;
  /// Takes bytes from the socket. kDone: the answer is complete and nothing is left over.
  virtual Progress Consume(std::string_view bytes) = 0;

  /// Before the next answer. `keep_body`: its body is kept for validation.
  void Reset(bool keep_body) {
    status_ = 0;
    body_bytes_ = 0;
    keep_body_ = keep_body;
    body_.clear();
    Restart();
  }
  int status() const { return status_; }
  uint64_t body_bytes() const { return body_bytes_; }
  const std::string& body() const { return body_; }

 protected:
  virtual void Restart() = 0;
  void AddBody(std::string_view part) {
    body_bytes_ += part.size();
    if (keep_body_) body_.append(part);
  }
  void set_status(int status) { status_ = status; }

 private:
  int status_ = 0;
  uint64_t body_bytes_ = 0;
  bool keep_body_ = false;
  std::string body_;
};

/// A reader of LSAPI packets, in the byte order of this machine.
std::unique_ptr<AnswerReader> MakeLsapiReader();

/// A reader of HTTP/1.1 answers with a Content-Length or in chunks, to any method but HEAD.
std::unique_ptr<AnswerReader> MakeHttpReader();

}  // namespace load
