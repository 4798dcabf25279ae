// Turns what JavaScript hands over (a header text, a body) into packets, in one piece of memory that is used
// again for every response.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>

#include "../io/connection_set.h"
#include "../protocol/response_writer.h"
#include "exchange.h"

namespace lsapi::binding {

/// Flags of respond() besides RespondFlags.
enum ComposeFlags : uint32_t {
  kComposeNoBody = 8,        // HEAD: the body is measured, not sent
  kComposeLatin1Body = 16,   // a string body is latin1, not UTF-8
  kComposeHeader = 32,       // there is a header text
  kComposeTextBody = 64,     // the body is a string
  kComposeBytesBody = 128,   // the body is a Uint8Array
  kComposeSameHeader = 256,  // the header text is that of the last call that had one
};

/// What JavaScript gets from respond(): bytes still to be sent, or one of these.
inline constexpr int32_t kRespondGone = -1;
/// Header errors: -(error << 16 | line).
inline constexpr int32_t HeaderFailure(HeaderError error, uint32_t line) {
  return -static_cast<int32_t>(static_cast<uint32_t>(error) << 16 | (line & 0xffff));
}

class ResponseComposer {
 public:
  /// Sends a response or a part of one. `header` is a string of lines ended by LF, `body` a string or a
  /// Uint8Array; flags, lengths in characters, and the number of lines are in `exchange`. Returns bytes that
  /// the server has not taken, or a HeaderFailure().
  int32_t Respond(napi_env env, ConnectionSet* set, Connection& connection, const Exchange& exchange,
                  napi_value header, napi_value body);

 private:
  uint8_t* Reserve(size_t size);
  /// Reads the header text as latin1 into text_. Returns the index of the first line with a character beyond
  /// that, -1 where there is none.
  int32_t ReadHeaderText(napi_env env, napi_value header, size_t length);

  std::unique_ptr<uint8_t[]> room_;
  size_t room_size_ = 0;
  std::unique_ptr<char16_t[]> wide_text_;
  std::unique_ptr<char[]> text_;  // what was read last
  int32_t wrong_line_ = -1;       // in that text, see ReadHeaderText()
  size_t text_size_ = 0;          // characters that both hold
};

}  // namespace lsapi::binding
