// What a parent answers by itself where no child can: 503 with the reason. It understands LSAPI without
// JavaScript.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../io/connection_set.h"

namespace lsapi {

class Refusal : private RequestHandler {
 public:
  Refusal();

  bool is_open() const { return set_.is_open(); }
  /// Readable whenever Poll() has something to do.
  int fd() const { return set_.fd(); }
  void Poll() { set_.Poll(); }
  /// The page that requests get from now on, as `type` (a Content-Type).
  void SetPage(std::string type, std::string body, int32_t status = 503);
  /// Answers whatever comes on a connection, once, and closes it. `packet`: the request where it has been
  /// read.
  void Take(FileDescriptor connection, Bytes packet = {});
  uint64_t answered() const { return set_.statistics().requests; }
  uint32_t open() const { return set_.statistics().open; }

 private:
  void OnRequest(Connection& connection) override;
  void OnBody(Connection& /*connection*/) override {}
  void OnDrain(Connection& /*connection*/) override {}
  void OnAbort(Connection& /*connection*/, CloseReason /*reason*/) override {}
  void OnBodyTimeout(Connection& /*connection*/) override {}
  void OnDrained() override {}
  void OnLog(std::string_view line) override;

  ConnectionSet set_;
  int32_t status_ = 503;
  std::string header_;
  std::string body_;
  std::vector<uint8_t> room_;
};

}  // namespace lsapi
