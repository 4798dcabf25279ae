#include "response_text.h"

#include <array>
#include <functional>

namespace lsapi::test {

namespace {

constexpr std::array<std::string_view, 10> kNames = {
    "?",        "BEGIN_REQUEST", "ABORT_REQUEST", "RESP_HEADER", "RESP_STREAM",
    "RESP_END", "STDERR_STREAM", "REQ_RECEIVED",  "CONN_CLOSE",  "INTERNAL_ERROR"};

std::string Payload(std::string_view payload) {
  return payload.size() > 40 ? "#" + std::to_string(payload.size()) : std::string(payload);
}

std::string Broken(std::string_view what) { return "BROKEN(" + std::string(what) + ")"; }

std::string DescribeHeader(std::string_view payload, ByteOrder order) {
  if (payload.size() < 8) return Broken("header block too short");
  const auto* bytes = reinterpret_cast<const uint8_t*>(payload.data());
  const uint32_t count = LoadUint32(bytes, order);
  std::string text = "RESP_HEADER(" + std::to_string(LoadInt32(bytes + 4, order));
  size_t at = 8 + 2 * size_t{count};
  for (uint32_t line = 0; line < count; ++line) {
    if (8 + 2 * size_t{line} + 2 > payload.size()) return Broken("line lengths beyond the packet");
    const uint16_t length = LoadUint16(bytes + 8 + 2 * line, order);
    if (length == 0 || at + length > payload.size()) return Broken("line beyond the packet");
    if (payload[at + length - 1] != '\0') return Broken("line without its NUL");
    text += "; " + std::string(payload.substr(at, length - 1));
    at += length;
  }
  return at == payload.size() ? text + ")" : Broken("bytes behind the lines");
}

using Visit = std::function<void(PacketType type, std::string_view payload)>;

/// Calls `visit` for each whole packet; returns what is behind them, described.
std::string Walk(std::string_view bytes, Encoding expected, const Visit& visit) {
  while (!bytes.empty()) {
    if (bytes.size() < kPacketHeaderSize) return "PARTIAL(" + std::to_string(bytes.size()) + ")";
    const auto* header = reinterpret_cast<const uint8_t*>(bytes.data());
    if (header[0] != 'L' || header[1] != 'S') return Broken("magic");
    if (header[2] < 3 || header[2] > 9) return Broken("type");
    if (header[3] != expected.flag) return Broken("flag");
    const size_t length = LoadUint32(header + 4, expected.order);
    const auto type = static_cast<PacketType>(header[2]);
    const bool has_payload = type == PacketType::kRespStream || type == PacketType::kStderrStream;
    if (length < kPacketHeaderSize) return Broken("length");
    if (has_payload && length > kPacketHeaderSize + kMaximumStreamPayload) return Broken("payload too long");
    if (type == PacketType::kRespHeader && length > kPacketHeaderSize + kMaximumHeaderPayload) {
      return Broken("header block too long");
    }
    if (!has_payload && type != PacketType::kRespHeader && length != kPacketHeaderSize) {
      return Broken("payload where none may be");
    }
    if (length > bytes.size()) return "PARTIAL(" + std::string(kNames[header[2]]) + ")";
    visit(type, bytes.substr(kPacketHeaderSize, length - kPacketHeaderSize));
    bytes.remove_prefix(length);
  }
  return "";
}

}  // namespace

std::string Describe(std::string_view bytes, Encoding expected) {
  std::string text;
  const auto add = [&](const std::string& word) {
    if (word.empty()) return;
    if (!text.empty()) text += ' ';
    text += word;
  };
  add(Walk(bytes, expected, [&](PacketType type, std::string_view payload) {
    const std::string name(kNames[static_cast<size_t>(type)]);
    if (type == PacketType::kRespHeader) {
      add(DescribeHeader(payload, expected.order));
    } else if (type == PacketType::kRespStream || type == PacketType::kStderrStream) {
      add(name + "(" + Payload(payload) + ")");
    } else {
      add(name);
    }
  }));
  return text;
}

std::string BodyOf(std::string_view bytes, Encoding expected) {
  std::string body;
  Walk(bytes, expected, [&](PacketType type, std::string_view payload) {
    if (type == PacketType::kRespStream) body += payload;
  });
  return body;
}

}  // namespace lsapi::test
