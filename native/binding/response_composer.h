// Turns what JavaScript hands over (a header text, a body) into packets, in one piece of memory that is used
// again for every response.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>

#include "../io/connection_set.h"
#include "../protocol/response_writer.h"

namespace lsapi::binding {

/// Flags of respond() besides RespondFlags.
enum ComposeFlags : uint32_t {
  kComposeNoBody = 8,       // HEAD: the body is measured, not sent
  kComposeLatin1Body = 16,  // a string body is latin1, not UTF-8
};

/// What JavaScript gets from respond(): bytes still to be sent, or one of these.
inline constexpr int32_t kRespondGone = -1;
/// Header errors: -(error << 16 | line).
inline constexpr int32_t HeaderFailure(HeaderError error, uint32_t line) {
  return -static_cast<int32_t>(static_cast<uint32_t>(error) << 16 | (line & 0xffff));
}

class ResponseComposer {
 public:
  /// Sends a response or a part of one. `header` is a string of `header_count` lines ended by LF, or
  /// undefined; `body` is undefined, a string or a Uint8Array.
  int32_t Respond(napi_env env, ConnectionSet* set, Connection& connection, uint32_t flags, int32_t status,
                  napi_value header, uint32_t header_count, napi_value body);

 private:
  uint8_t* Reserve(size_t size);
  std::string_view ReadHeaderText(napi_env env, napi_value header);

  std::unique_ptr<uint8_t[]> room_;
  size_t room_size_ = 0;
  std::unique_ptr<char[]> text_;
  size_t text_size_ = 0;
};

}  // namespace lsapi::binding
