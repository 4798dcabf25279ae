// Requests that take longer than LSAPI_SLOW_REQ_MSECS, and where their time went.
#include "clock.h"
#include "connection_set.h"

namespace lsapi {

void ConnectionSet::NoteTimes(Connection& connection) {
  const uint64_t ended = connection.begun_us_ + connection.duration_us_;
  const uint64_t told = connection.handler_us_ != 0 ? connection.handler_us_ : ended;
  RequestTimes times;
  times.queue = told - connection.begun_us_;
  times.load = std::exchange(connection.load_us_, 0);
  times.handler = ended - told;
  const bool is_written = connection.output_.empty();
  if (is_written && times.total() <= uint64_t{options_.slow_request_ms} * 1000) return;
  auto request = std::make_unique<SlowRequest>(connection.request_, times);
  if (is_written) {
    LogIfSlow(*request);
  } else {
    connection.ended_us_ = ended;
    connection.written_ = std::move(request);
  }
}

void ConnectionSet::NoteWritten(Connection& connection) {
  connection.written_->times.write = ExactMicroseconds() - connection.ended_us_;
  LogIfSlow(*connection.written_);
  connection.written_.reset();
}

void ConnectionSet::LogIfSlow(const SlowRequest& request) {
  if (request.times.total() <= uint64_t{options_.slow_request_ms} * 1000) return;
  if (slow_requests_.empty()) Wake();
  slow_requests_.push_back(DescribeSlowRequest(request));
}

void ConnectionSet::WriteSlowRequests() {
  const std::vector<std::string> lines = std::exchange(slow_requests_, {});
  for (const std::string& line : lines) handler_->OnLog(line);
}

}  // namespace lsapi
