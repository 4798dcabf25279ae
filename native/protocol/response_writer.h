// Packets of a response, application to server. Pure functions over bytes: callers own the memory.
// Source: protocol sections 2.1 to 2.6 and 2.10, corrections of section 9.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "packet.h"

namespace lsapi {

enum class HeaderError : uint8_t {
  kNone = 0,
  /// CR, LF, NUL or another control character in a line, or not as many lines as announced.
  kInvalidCharacter,
  /// No colon, or an empty or non-token name.
  kInvalidName,
  /// A line above 16,380 bytes: the server would drop the connection and leave the client hanging.
  kLineTooLong,
  /// More than 1,000 lines, or a packet whose payload is above 65,535 bytes.
  kTooLarge,
  /// A Content-Length that is not digits only: the client would hang.
  kContentLength,
  /// A Content-Length that is not the length of the body beside it.
  kContentLengthMismatch,
  /// A character beyond latin1. Found by whoever makes bytes of text.
  kBeyondLatin1,
};

/// What became of a response header.
struct HeaderResult {
  HeaderError error = HeaderError::kNone;
  uint32_t line = 0;            // index of the line that caused the error
  int64_t content_length = -1;  // as given by the application; -1 where it gave none
  uint32_t size = 0;            // bytes of the packet, 0 on error
};

/// Status that the server will show for `status`: itself where the server knows it, otherwise the nearest one
/// it knows (226 → 200, 511 → 503, …); 0 for what can never be a final status (1xx, below 100, above 999).
int32_t MapStatus(int32_t status);

/// Whether responses of this status have no body at all.
inline bool IsBodyless(int32_t status) { return status == 204 || status == 205 || status == 304; }

/// Bytes that WriteResponseHeader needs at most for `text_size` bytes of text in `count` lines.
inline size_t ResponseHeaderBound(size_t text_size, size_t count) {
  constexpr size_t kAddedLines = 96;  // Content-Length, or the one line that may not be missing
  return kPacketHeaderSize + 8 + 2 * (count + 1) + text_size + kAddedLines;
}

/// Writes one RESP_HEADER packet to `out`, which must hold ResponseHeaderBound() bytes.
///
/// `text` is `count` lines `Name: value`, each ended by LF, in latin1. Left out are what the server makes by
/// itself and what would mislead it: Connection, Keep-Alive, Proxy-Connection, Transfer-Encoding, Trailer,
/// Status, and a second Content-Length. `automatic_content_length` >= 0 is announced where the application
/// gave no length. A packet without any line would be taken for CGI output (section 2.1), so a harmless one
/// is added. `status` must come from MapStatus().
HeaderResult WriteResponseHeader(std::string_view text, uint32_t count, int32_t status, Encoding encoding,
                                 int64_t automatic_content_length, std::span<uint8_t> out);

}  // namespace lsapi
