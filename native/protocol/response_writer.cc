#include "response_writer.h"

#include <array>
#include <charconv>

#include "token.h"

namespace lsapi {

namespace {

bool NameIs(std::string_view name, std::string_view lower_case) {
  if (name.size() != lower_case.size()) return false;
  for (size_t i = 0; i < name.size(); ++i) {
    // Token letters only: setting bit 5 lower-cases them, and no other token character becomes a letter.
    if ((name[i] | 0x20) != lower_case[i] && name[i] != lower_case[i]) return false;
  }
  return true;
}

enum class LineKind : uint8_t { kForward, kContentLength, kDrop };

LineKind Classify(std::string_view name) {
  switch (name[0] | 0x20) {
    case 'c':
      if (NameIs(name, "content-length")) return LineKind::kContentLength;
      if (NameIs(name, "connection")) return LineKind::kDrop;
      break;
    case 'k':
      if (NameIs(name, "keep-alive")) return LineKind::kDrop;
      break;
    case 'p':
      if (NameIs(name, "proxy-connection")) return LineKind::kDrop;
      break;
    case 's':
      if (NameIs(name, "status")) return LineKind::kDrop;
      break;
    case 't':
      if (NameIs(name, "transfer-encoding") || NameIs(name, "trailer")) return LineKind::kDrop;
      break;
    default:
      break;
  }
  return LineKind::kForward;
}

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// -1 unless `text` is 1 to 16 digits.
int64_t ParseLength(std::string_view text) {
  if (text.empty() || text.size() > 16) return -1;
  int64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

/// Lines ended by LF whose other bytes are all allowed in a header value; branch-free so that it vectorizes.
struct TextCheck {
  uint32_t lines;
  bool clean;
};

TextCheck CheckText(std::string_view text) {
  uint32_t lines = 0;
  uint32_t controls = 0;
  for (const char character : text) {
    const auto c = static_cast<uint8_t>(character);
    const uint32_t is_line_end = c == '\n';
    lines += is_line_end;
    controls += ((c < 0x20) & (c != '\t') & (c != '\n')) | (c == 0x7f);
  }
  return {lines, controls == 0 && (text.empty() || text.back() == '\n')};
}

uint32_t FirstBadLine(std::string_view text) {
  uint32_t line = 0;
  for (const char character : text) {
    const auto c = static_cast<uint8_t>(character);
    if (c == '\n') {
      ++line;
    } else if ((c < 0x20 && c != '\t') || c == 0x7f) {
      break;
    }
  }
  return line;
}

}  // namespace

int32_t MapStatus(int32_t status) {
  if (status < 200 || status > 999) return 0;
  // Ranges that the server knows, as recorded (section 2.1, status-map of the captures).
  if (status <= 208 || (status >= 300 && status <= 308) || (status >= 400 && status <= 451) ||
      (status >= 500 && status <= 510)) {
    return status;
  }
  if (status < 300) return 200;
  if (status < 400) return 300;
  if (status < 500) return 400;
  if (status == 511) return 503;  // network authentication required: temporary, not this server's fault
  return 500;
}

HeaderResult WriteResponseHeader(std::string_view text, uint32_t count, int32_t status, Encoding encoding,
                                 int64_t automatic_content_length, std::span<uint8_t> out) {
  HeaderResult result;
  if (count > kMaximumResponseHeaders || text.size() > kMaximumHeaderPayload) {
    result.error = HeaderError::kTooLarge;
    return result;
  }
  const TextCheck check = CheckText(text);
  if (!check.clean || check.lines != count) {
    result.error = HeaderError::kInvalidCharacter;
    result.line = FirstBadLine(text);
    return result;
  }

  // The text goes behind the longest possible array of line lengths; unused entries are closed afterwards.
  uint8_t* const lengths = out.data() + kPacketHeaderSize + 8;
  uint8_t* const begin = lengths + 2 * (size_t{count} + 1);
  uint8_t* to = begin;
  uint32_t lines = 0;
  const auto put = [&](std::string_view part) {
    std::memcpy(to, part.data(), part.size());
    to += part.size();
  };
  const auto add = [&](auto... parts) {
    const uint8_t* const line = to;
    (put(parts), ...);
    *to++ = 0;
    StoreUint16(lengths + 2 * lines, static_cast<uint16_t>(to - line), encoding.order);
    ++lines;
  };
  const auto fail = [&](HeaderError error, uint32_t line) {
    result.error = error;
    result.line = line;
    return result;
  };

  for (uint32_t index = 0; index < count; ++index) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (line.size() > kMaximumHeaderLine) return fail(HeaderError::kLineTooLong, index);
    size_t name_size = 0;
    while (name_size < line.size() && IsTokenCharacter(line[name_size])) ++name_size;
    if (name_size == 0 || name_size == line.size() || line[name_size] != ':') {
      return fail(HeaderError::kInvalidName, index);
    }
    switch (Classify(line.substr(0, name_size))) {
      case LineKind::kDrop:
        continue;
      case LineKind::kContentLength: {
        const std::string_view value = Trim(line.substr(name_size + 1));
        const int64_t length = ParseLength(value);
        if (length < 0) return fail(HeaderError::kContentLength, index);
        if (result.content_length >= 0) continue;  // the server ignores a second one as well
        result.content_length = length;
        add(line.substr(0, name_size), ": ", value);  // the server reads digits up to the end of the line
        continue;
      }
      case LineKind::kForward:
        break;
    }
    add(line);
  }

  if (result.content_length < 0 && automatic_content_length >= 0) {
    std::array<char, 20> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), automatic_content_length);
    add("Content-Length: ", std::string_view(digits.data(), static_cast<size_t>(end.ptr - digits.data())));
  } else if (lines == 0) {
    // The server replaces an application's Server line by its own: the most harmless line there is.
    add("Server: lsapi");
  }

  const auto text_size = static_cast<size_t>(to - begin);
  uint8_t* const text_begin = lengths + 2 * size_t{lines};
  if (text_begin != begin) std::memmove(text_begin, begin, text_size);
  const size_t size = kPacketHeaderSize + 8 + 2 * size_t{lines} + text_size;
  if (size - kPacketHeaderSize > kMaximumHeaderPayload) return fail(HeaderError::kTooLarge, 0);
  StorePacketHeader(out.data(), PacketType::kRespHeader, static_cast<uint32_t>(size), encoding);
  StoreUint32(out.data() + 8, lines, encoding.order);
  StoreUint32(out.data() + 12, static_cast<uint32_t>(status), encoding.order);
  result.size = static_cast<uint32_t>(size);
  return result;
}

}  // namespace lsapi
