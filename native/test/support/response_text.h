// Tells in words what bytes from the application to the server say, so that tests can state whole
// conversations.
#pragma once

#include <string>
#include <string_view>

#include "protocol/packet.h"

namespace lsapi::test {

/// One word a packet, separated by blanks: `REQ_RECEIVED RESP_HEADER(200; A: b; C: d) RESP_STREAM(hello)
/// RESP_END`. Payload above 40 bytes is shown by its size: `RESP_STREAM(#16384)`. Bytes that are no packet,
/// or a length that does not fit its type, show as `BROKEN(…)`, an incomplete packet as `PARTIAL(…)`.
std::string Describe(std::string_view bytes, Encoding expected = {0, ByteOrder::kLittle});

/// Body bytes of all RESP_STREAM packets.
std::string BodyOf(std::string_view bytes, Encoding expected = {0, ByteOrder::kLittle});

}  // namespace lsapi::test
