// BEGIN_REQUEST: validates one packet in place and leaves offsets into it. Nothing is copied, nothing is
// written; strings are made by whoever asks for them. Source: protocol sections 1.5 to 1.12, corrections of
// section 9 (they win).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "packet.h"

namespace lsapi {

enum class ParseError : uint8_t {
  kNone = 0,
  kMagic,
  kType,
  kLength,
  kCount,
  kEnv,
  kOffset,
  kLayout,
  kHeaderIndex,
};

/// Stable code of an error (`LSAPI_ERR_PACKET_…`) and one sentence for the log.
const char* ParseErrorCode(ParseError error);
const char* ParseErrorText(ParseError error);

/// Where a value lies in the packet. `offset` 0 means absent.
struct Extent {
  uint32_t offset = 0;
  uint32_t length = 0;
};

struct NameValueView {
  std::string_view name;
  std::string_view value;
};

/// A validated BEGIN_REQUEST. Valid as long as the bytes that were parsed stay where they are.
class RequestView {
 public:
  /// Parses `packet`, which must be exactly one packet. On error the view is unusable.
  ParseError Parse(Bytes packet, size_t limit = kDefaultPacketLimit);

  Encoding encoding() const { return encoding_; }
  uint32_t packet_length() const { return packet_length_; }
  uint32_t http_header_length() const { return http_header_length_; }
  /// The integer as sent, -1 and -2 included.
  int32_t declared_body_length() const { return declared_body_length_; }
  /// Bytes of body after the packet, 0 … 2^53-1, or -1 where the packet does not tell (sections 1.10, 9 #3).
  int64_t body_length() const { return body_length_; }

  /// Content-Length as the client gave it, -1 where it is absent or no number.
  int64_t content_length() const { return content_length_; }
  /// The server's copy of the HTTP header. Never to be parsed: lines in it are blanked and renamed.
  std::string_view header_block() const { return Text({header_block_, http_header_length_}); }

  /// The four values that the packet points at; null data where absent.
  std::string_view script_filename() const { return Text(script_filename_); }
  std::string_view script_name() const { return Text(script_name_); }
  std::string_view query_string() const { return Text(query_string_); }
  std::string_view method() const { return Text(method_); }
  /// REQUEST_URI of the environment; null data where absent.
  std::string_view request_uri() const { return Text(request_uri_); }

  /// The environment list with its terminator, as on the wire.
  std::string_view env_list() const { return Text({env_begin_, env_end_ - env_begin_}); }
  uint32_t env_count() const { return env_count_; }
  uint32_t special_env_count() const { return special_env_count_; }
  uint32_t unknown_header_count() const { return unknown_header_count_; }
  /// Value of one of the 25 slots; null data where absent or where the slot points outside the block.
  std::string_view known_header(size_t slot) const { return Text(known_headers_[slot]); }
  NameValueView unknown_header(size_t index) const;
  /// An environment value, cut at its first NUL (section 1.6); null data where absent.
  std::string_view env(std::string_view name) const;

  /// Offset that a value has in the packet as sent, for diagnostics: index 0 script file, 1 script name,
  /// 2 query string, 3 method.
  int32_t raw_value_offset(size_t index) const;
  /// Slot whose index entry points outside the header block.
  bool is_anomalous(size_t slot) const { return (anomalous_slots_ >> slot & 1u) != 0; }
  int32_t raw_known_header_offset(size_t slot) const;
  uint16_t raw_known_header_length(size_t slot) const;

  /// Calls `visit(name, value)` for each entry in wire order; values cut at their first NUL.
  template <typename Visit>
  void ForEachEnv(Visit visit) const {
    VisitList(env_begin_, env_count_,
              [&](std::string_view name, std::string_view value) { visit(name, CutAtNul(value)); });
  }

  /// Special entries have names that start with a control byte, and binary values: nothing is cut.
  template <typename Visit>
  void ForEachSpecialEnv(Visit visit) const {
    VisitList(kRequestHeaderSize, special_env_count_, visit);
  }

 private:
  static std::string_view CutAtNul(std::string_view text) {
    const size_t nul = text.find('\0');
    return nul == std::string_view::npos ? text : text.substr(0, nul);
  }

  std::string_view Text(Extent extent) const {
    if (extent.offset == 0) return {};
    return {reinterpret_cast<const char*>(packet_ + extent.offset), extent.length};
  }

  template <typename Visit>
  void VisitList(uint32_t at, uint32_t count, Visit visit) const {
    const char* text = reinterpret_cast<const char*>(packet_);
    for (uint32_t index = 0; index < count; ++index) {
      const uint32_t name_size = LoadUint16(packet_ + at, ByteOrder::kBig);
      const uint32_t value_size = LoadUint16(packet_ + at + 2, ByteOrder::kBig);
      const char* name = text + at + 4;
      visit(std::string_view(name, name_size - 1), std::string_view(name + name_size, value_size - 1));
      at += 4 + name_size + value_size;
    }
  }

  ParseError ParseFixedPart(Bytes packet, size_t limit);
  /// Walks one list; on success `*at` is the first byte after its terminator.
  ParseError ParseList(uint32_t* at, uint32_t count, bool is_env);
  ParseError ParseValueOffset(size_t index, Extent* value) const;
  void ParseKnownHeaders();
  ParseError ParseUnknownHeaders() const;
  uint32_t RecoverWrappedLength(uint32_t offset, uint32_t length) const;
  void ResolveBodyLength();

  const uint8_t* packet_ = nullptr;
  Encoding encoding_;
  uint32_t packet_length_ = 0;
  uint32_t http_header_length_ = 0;
  int32_t declared_body_length_ = 0;
  int64_t body_length_ = 0;
  int64_t content_length_ = -1;
  uint32_t env_count_ = 0;
  uint32_t special_env_count_ = 0;
  uint32_t unknown_header_count_ = 0;
  uint32_t env_begin_ = 0;
  uint32_t env_end_ = 0;  // first byte after the list's terminator
  uint32_t header_index_ = 0;
  uint32_t unknown_headers_ = 0;
  uint32_t header_block_ = 0;
  uint32_t anomalous_slots_ = 0;
  Extent script_filename_;
  Extent script_name_;
  Extent query_string_;
  Extent method_;
  Extent request_uri_;
  std::array<Extent, kKnownHeaderCount> known_headers_;
};

}  // namespace lsapi
