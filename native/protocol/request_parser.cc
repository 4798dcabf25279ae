#include "request_parser.h"

#include "known_headers.h"

namespace lsapi {

namespace {

constexpr uint32_t kListTerminatorSize = 4;

/// Decimal digits only, at most 2^53-1; -1 otherwise.
int64_t ParseContentLength(std::string_view text) {
  constexpr int64_t kMaximum = (int64_t{1} << 53) - 1;
  if (text.empty() || text.size() > 16) return -1;
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value <= kMaximum ? value : -1;
}

}  // namespace

const char* ParseErrorCode(ParseError error) {
  switch (error) {
    case ParseError::kNone:
      return "";
    case ParseError::kMagic:
      return "LSAPI_ERR_PACKET_MAGIC";
    case ParseError::kType:
      return "LSAPI_ERR_PACKET_TYPE";
    case ParseError::kLength:
      return "LSAPI_ERR_PACKET_LENGTH";
    case ParseError::kCount:
      return "LSAPI_ERR_PACKET_COUNT";
    case ParseError::kEnv:
      return "LSAPI_ERR_PACKET_ENV";
    case ParseError::kOffset:
      return "LSAPI_ERR_PACKET_OFFSET";
    case ParseError::kLayout:
      return "LSAPI_ERR_PACKET_LAYOUT";
    case ParseError::kHeaderIndex:
      return "LSAPI_ERR_PACKET_HEADER_INDEX";
  }
  return "LSAPI_ERR_PACKET_MAGIC";
}

const char* ParseErrorText(ParseError error) {
  switch (error) {
    case ParseError::kNone:
      return "";
    case ParseError::kMagic:
      return "it does not begin with the LSAPI magic bytes";
    case ParseError::kType:
      return "its type is not BEGIN_REQUEST";
    case ParseError::kLength:
      return "its length is below the minimum or above the limit (LSNODE_MAX_PACKET)";
    case ParseError::kCount:
      return "a count or the header length is negative or too large";
    case ParseError::kEnv:
      return "an environment list is malformed";
    case ParseError::kOffset:
      return "a value offset points outside the environment list";
    case ParseError::kLayout:
      return "its blocks do not add up to its length";
    case ParseError::kHeaderIndex:
      return "an unknown-header record points outside the header block";
  }
  return "unknown error";
}

ParseError RequestView::Parse(Bytes packet, size_t limit) {
  if (const ParseError error = ParseFixedPart(packet, limit); error != ParseError::kNone) return error;
  request_uri_ = {};
  uint32_t at = kRequestHeaderSize;
  if (const ParseError error = ParseList(&at, special_env_count_, false); error != ParseError::kNone) {
    return error;
  }
  env_begin_ = at;
  if (const ParseError error = ParseList(&at, env_count_, true); error != ParseError::kNone) return error;
  env_end_ = at;

  const std::array<Extent*, 4> values = {&script_filename_, &script_name_, &query_string_, &method_};
  for (size_t index = 0; index < values.size(); ++index) {
    if (const ParseError error = ParseValueOffset(index, values[index]); error != ParseError::kNone) {
      return error;
    }
  }

  // Sums of values below 2^21 and 2^31: 64 bits cannot overflow.
  const uint64_t index = (uint64_t{at} + 7) & ~uint64_t{7};
  const uint64_t unknown = index + kHeaderIndexSize;
  const uint64_t block = unknown + uint64_t{unknown_header_count_} * kUnknownHeaderSize;
  if (block + http_header_length_ != packet_length_) return ParseError::kLayout;
  header_index_ = static_cast<uint32_t>(index);
  unknown_headers_ = static_cast<uint32_t>(unknown);
  header_block_ = static_cast<uint32_t>(block);

  ParseKnownHeaders();
  if (const ParseError error = ParseUnknownHeaders(); error != ParseError::kNone) return error;
  ResolveBodyLength();
  return ParseError::kNone;
}

ParseError RequestView::ParseFixedPart(Bytes packet, size_t limit) {
  packet_ = packet.data();
  if (packet.size() < 2 || packet_[0] != 'L' || packet_[1] != 'S') return ParseError::kMagic;
  if (packet.size() < 3 || packet_[2] != static_cast<uint8_t>(PacketType::kBeginRequest)) {
    return ParseError::kType;
  }
  if (packet.size() < kPacketHeaderSize) return ParseError::kLength;
  const auto length = ReadPacketLength(packet_, kMinimumRequestSize, limit);
  if (!length || length->length != packet.size()) return ParseError::kLength;
  encoding_ = {static_cast<uint8_t>(packet_[3] & 1), length->order};
  packet_length_ = length->length;

  const auto field = [&](size_t offset) { return LoadInt32(packet_ + offset, encoding_.order); };
  const int32_t header_length = field(8);
  declared_body_length_ = field(12);
  const int32_t unknown = field(32);
  const int32_t env = field(36);
  const int32_t special = field(40);
  if (header_length < 0) return ParseError::kCount;
  for (const int32_t count : {unknown, env, special}) {
    if (count < 0 || count > kMaximumListEntries) return ParseError::kCount;
  }
  http_header_length_ = static_cast<uint32_t>(header_length);
  unknown_header_count_ = static_cast<uint32_t>(unknown);
  env_count_ = static_cast<uint32_t>(env);
  special_env_count_ = static_cast<uint32_t>(special);
  return ParseError::kNone;
}

ParseError RequestView::ParseList(uint32_t* at, uint32_t count, bool is_env) {
  constexpr std::string_view kRequestUri("REQUEST_URI\0", 12);
  uint32_t position = *at;
  for (uint32_t index = 0; index < count; ++index) {
    if (packet_length_ - position < 4) return ParseError::kEnv;
    const uint32_t name_size = LoadUint16(packet_ + position, ByteOrder::kBig);
    const uint32_t value_size = LoadUint16(packet_ + position + 2, ByteOrder::kBig);
    if (name_size == 0 || value_size == 0) return ParseError::kEnv;
    position += 4;
    if (packet_length_ - position < name_size + value_size) return ParseError::kEnv;
    const uint8_t* name = packet_ + position;
    if (name[name_size - 1] != 0 || name[name_size + value_size - 1] != 0) return ParseError::kEnv;
    if (is_env && name_size == kRequestUri.size() &&
        std::memcmp(name, kRequestUri.data(), kRequestUri.size()) == 0) {
      const auto* value = reinterpret_cast<const char*>(name + name_size);
      request_uri_ = {position + name_size, static_cast<uint32_t>(CutAtNul({value, value_size - 1}).size())};
    }
    position += name_size + value_size;
  }
  if (packet_length_ - position < kListTerminatorSize) return ParseError::kEnv;
  if (LoadUint32(packet_ + position, kNativeOrder) != 0) return ParseError::kEnv;
  *at = position + kListTerminatorSize;
  return ParseError::kNone;
}

int32_t RequestView::raw_value_offset(size_t index) const {
  return LoadInt32(packet_ + 16 + 4 * index, encoding_.order);
}

ParseError RequestView::ParseValueOffset(size_t index, Extent* value) const {
  *value = {};
  const int32_t offset = raw_value_offset(index);
  if (offset < 0) return ParseError::kOffset;
  const auto begin = static_cast<uint32_t>(offset);
  // The reference library would hand out bytes of the packet header here; the server means "absent".
  if (begin < kRequestHeaderSize) return ParseError::kNone;
  if (begin < env_begin_ || begin >= env_end_) return ParseError::kOffset;
  const void* nul = std::memchr(packet_ + begin, 0, env_end_ - begin);
  if (nul == nullptr) return ParseError::kOffset;
  const auto end = static_cast<uint32_t>(static_cast<const uint8_t*>(nul) - packet_);
  *value = {begin, end - begin};
  return ParseError::kNone;
}

uint16_t RequestView::raw_known_header_length(size_t slot) const {
  return LoadUint16(packet_ + header_index_ + 2 * slot, encoding_.order);
}

int32_t RequestView::raw_known_header_offset(size_t slot) const {
  return LoadInt32(packet_ + header_index_ + 52 + 4 * slot, encoding_.order);
}

void RequestView::ParseKnownHeaders() {
  anomalous_slots_ = 0;
  for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
    Extent& header = known_headers_[slot];
    header = {};
    const int32_t offset = raw_known_header_offset(slot);
    if (offset == 0) continue;  // the length may be stale then (section 9 #4)
    const uint32_t length = raw_known_header_length(slot);
    // A server bug makes slots point outside the block for some HTTP/2 requests (section 9 #2).
    if (offset < 0 || uint64_t{static_cast<uint32_t>(offset)} + length > http_header_length_) {
      anomalous_slots_ |= 1u << slot;
      continue;
    }
    const auto begin = static_cast<uint32_t>(offset);
    header = {header_block_ + begin,
              http_header_length_ > 0xffff ? RecoverWrappedLength(begin, length) : length};
  }
}

uint32_t RequestView::RecoverWrappedLength(uint32_t offset, uint32_t length) const {
  const uint8_t* const block = packet_ + header_block_;
  uint32_t end = offset;
  while (end < http_header_length_ && block[end] != '\r' && block[end] != '\n' && block[end] != 0) ++end;
  while (end > offset && (block[end - 1] == ' ' || block[end - 1] == '\t')) --end;
  const uint32_t actual = end - offset;
  return actual > 0xffff && (actual & 0xffff) == length ? actual : length;
}

ParseError RequestView::ParseUnknownHeaders() const {
  const uint8_t* record = packet_ + unknown_headers_;
  for (uint32_t index = 0; index < unknown_header_count_; ++index, record += kUnknownHeaderSize) {
    for (const size_t part : {size_t{0}, size_t{8}}) {
      const int32_t offset = LoadInt32(record + part, encoding_.order);
      const int32_t length = LoadInt32(record + part + 4, encoding_.order);
      if (offset < 0 || length < 0 || int64_t{offset} + length > int64_t{http_header_length_}) {
        return ParseError::kHeaderIndex;
      }
    }
  }
  return ParseError::kNone;
}

NameValueView RequestView::unknown_header(size_t index) const {
  const uint8_t* record = packet_ + unknown_headers_ + index * kUnknownHeaderSize;
  const char* block = reinterpret_cast<const char*>(packet_ + header_block_);
  const auto part = [&](size_t at) {
    return std::string_view(block + LoadUint32(record + at, encoding_.order),
                            LoadUint32(record + at + 4, encoding_.order));
  };
  return {part(0), part(8)};
}

std::string_view RequestView::env(std::string_view name) const {
  std::string_view found;
  VisitList(env_begin_, env_count_, [&](std::string_view entry_name, std::string_view value) {
    if (entry_name == name) found = value;
  });
  return CutAtNul(found);
}

void RequestView::ResolveBodyLength() {
  content_length_ = ParseContentLength(known_header(kContentLength));
  if (declared_body_length_ >= 0) {
    body_length_ = declared_body_length_;
  } else if (known_headers_[kTransferEncoding].offset != 0) {
    body_length_ = -1;  // a Content-Length beside it is unverified (section 9 #3)
  } else {
    body_length_ = content_length_;
  }
}

}  // namespace lsapi
