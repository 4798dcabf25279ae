#include "response_composer.h"

#include <cstring>
#include <vector>

namespace lsapi::binding {

namespace {

/// A body in memory of JavaScript's, kept alive by a reference to its buffer.
class BufferBody : public ExternalBytes {
 public:
  BufferBody(napi_env env, napi_value value, Bytes bytes) : env_(env), value_(value), bytes_(bytes) {}

  Bytes bytes() const override { return bytes_; }

  std::unique_ptr<Retainer> Retain() const override {
    class Reference : public Retainer {
     public:
      Reference(napi_env env, napi_value value) : env_(env) { napi_create_reference(env, value, 1, &ref_); }
      ~Reference() override { napi_delete_reference(env_, ref_); }

     private:
      napi_env env_;
      napi_ref ref_ = nullptr;
    };
    return std::make_unique<Reference>(env_, value_);
  }

 private:
  napi_env env_;
  napi_value value_;
  Bytes bytes_;
};

/// A long string's bytes: made for this response alone, so that they can be given away instead of copied.
class TextBody : public ExternalBytes {
 public:
  explicit TextBody(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}

  Bytes bytes() const override { return bytes_; }

  std::unique_ptr<Retainer> Retain() const override {
    class Owner : public Retainer {
     public:
      explicit Owner(std::vector<uint8_t> bytes) : bytes_(std::move(bytes)) {}

     private:
      std::vector<uint8_t> bytes_;
    };
    return std::make_unique<Owner>(std::move(bytes_));  // moving a vector leaves its bytes where they are
  }

 private:
  mutable std::vector<uint8_t> bytes_;
};

/// Strings up to this many characters are written straight into the packet.
constexpr size_t kShortText = kMaximumStreamPayload / 3;

size_t ReadText(napi_env env, napi_value text, bool latin1, char* into, size_t capacity) {
  size_t size = 0;
  if (latin1) {
    napi_get_value_string_latin1(env, text, into, capacity, &size);
  } else {
    napi_get_value_string_utf8(env, text, into, capacity, &size);
  }
  return size;
}

}  // namespace

uint8_t* ResponseComposer::Reserve(size_t size) {
  if (size > room_size_) {
    room_size_ = size * 2;
    room_.reset(new uint8_t[room_size_]);
  }
  return room_.get();
}

int32_t ResponseComposer::ReadHeaderText(napi_env env, napi_value header, size_t length) {
  if (length + 1 > text_size_) {
    text_size_ = 2 * (length + 1);
    wide_text_.reset(new char16_t[text_size_]);
    text_.reset(new char[text_size_]);
  }
  size_t size = 0;
  napi_get_value_string_utf16(env, header, wide_text_.get(), text_size_, &size);
  unsigned all = 0;
  for (size_t index = 0; index < size; ++index) {
    const char16_t character = wide_text_[index];
    all |= character;
    text_[index] = static_cast<char>(character);
  }
  if (all <= 0xff) return -1;
  int32_t line = 0;
  for (size_t index = 0; wide_text_[index] <= 0xff; ++index) line += wide_text_[index] == u'\n' ? 1 : 0;
  return line;
}

int32_t ResponseComposer::Respond(napi_env env, ConnectionSet* set, Connection& connection,
                                  const Exchange& exchange, napi_value header, napi_value body) {
  uint32_t flags = exchange.unsigned_at(ExchangeField::kFlags);
  const int32_t status = exchange[ExchangeField::kStatus];
  const uint32_t header_count = exchange.unsigned_at(ExchangeField::kHeaderCount);
  const bool has_header = (flags & kComposeHeader) != 0;
  std::string_view text;
  size_t bound = 0;
  if (has_header) {
    const size_t length = exchange.unsigned_at(ExchangeField::kHeaderLength);
    if ((flags & kComposeSameHeader) == 0) wrong_line_ = ReadHeaderText(env, header, length);
    if (wrong_line_ >= 0)
      return HeaderFailure(HeaderError::kBeyondLatin1, static_cast<uint32_t>(wrong_line_));
    text = std::string_view(text_.get(), length);
    bound = ResponseHeaderBound(text.size(), header_count);
  }

  const bool latin1 = (flags & kComposeLatin1Body) != 0;
  size_t characters = 0;
  Bytes buffer;
  std::unique_ptr<TextBody> long_text;
  if ((flags & kComposeTextBody) != 0) {
    characters = exchange.unsigned_at(ExchangeField::kBodyLength);
    if (characters > kShortText) {
      size_t size = characters;
      if (!latin1) napi_get_value_string_utf8(env, body, nullptr, 0, &size);
      std::vector<uint8_t> bytes(size + 1);
      bytes.resize(ReadText(env, body, latin1, reinterpret_cast<char*>(bytes.data()), bytes.size()));
      long_text = std::make_unique<TextBody>(std::move(bytes));
      buffer = long_text->bytes();
    }
  } else if ((flags & kComposeBytesBody) != 0) {
    void* data = nullptr;
    size_t size = 0;
    napi_get_buffer_info(env, body, &data, &size);
    buffer = Bytes(static_cast<const uint8_t*>(data), size);
  }

  // [acknowledgement][header, at most `bound`][frame header][short body][end packets]
  constexpr size_t kRoom = ConnectionSet::kAcknowledgeRoom;
  const bool is_short = buffer.size() <= kMaximumStreamPayload && long_text == nullptr;
  const size_t body_room = kPacketHeaderSize + (is_short ? buffer.size() + 3 * characters + 1 : 0);
  const size_t room_size = kRoom + bound + body_room + ConnectionSet::kEndRoom;
  uint8_t* const room = Reserve(room_size);
  uint8_t* const body_at = room + kRoom + bound + kPacketHeaderSize;
  size_t body_size = buffer.size();
  if (is_short && characters > 0) {
    body_size = ReadText(env, body, latin1, reinterpret_cast<char*>(body_at), 3 * characters + 1);
  }

  size_t header_size = 0;
  if (has_header) {
    const bool measure = (flags & kRespondContentLength) != 0 && !IsBodyless(status);
    const HeaderResult result = WriteResponseHeader(
        text, header_count, status, connection.request().encoding(),
        measure ? static_cast<int64_t>(body_size) : -1, std::span<uint8_t>(room + kRoom, bound));
    if (result.error != HeaderError::kNone) return HeaderFailure(result.error, result.line);
    if (measure && result.content_length >= 0 && (flags & kComposeNoBody) == 0 &&
        result.content_length != static_cast<int64_t>(body_size)) {
      return HeaderFailure(HeaderError::kContentLengthMismatch, 0);
    }
    header_size = result.size;
    set->MarkHeaderSent(connection, static_cast<uint32_t>(status));
    if (IsBodyless(status)) flags |= kComposeNoBody;
  }
  if ((flags & kComposeNoBody) != 0) body_size = 0;

  if (body_size == 0) {
    set->SendPackets(connection, std::span<uint8_t>(room, room_size), header_size, flags);
  } else if (is_short) {
    // The header is the smaller part mostly: it moves up to the body.
    uint8_t* const begin = body_at - kPacketHeaderSize - header_size;
    std::memmove(begin, room + kRoom, header_size);
    StorePacketHeader(body_at - kPacketHeaderSize, PacketType::kRespStream,
                      static_cast<uint32_t>(kPacketHeaderSize + body_size), connection.request().encoding());
    if (characters == 0) std::memcpy(body_at, buffer.data(), body_size);
    set->SendPackets(connection, std::span<uint8_t>(begin - kRoom, room + room_size),
                     header_size + kPacketHeaderSize + body_size, flags);
  } else if (long_text != nullptr) {
    set->SendBody(connection, std::span<uint8_t>(room, room_size), header_size, *long_text, flags);
  } else {
    set->SendBody(connection, std::span<uint8_t>(room, room_size), header_size, BufferBody(env, body, buffer),
                  flags);
  }
  return static_cast<int32_t>(std::min<size_t>(connection.pending_output(), 0x7fffffff));
}

}  // namespace lsapi::binding
