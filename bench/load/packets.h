// Packets of an LSAPI application as a web server reads them, and the request that is sent.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace load {

enum class PacketType : uint8_t {
  kHeader = 3,
  kStream = 4,
  kEnd = 5,
  kStderr = 6,
  kReceived = 7,
  kClose = 8
};

struct Packet {
  PacketType type;
  std::string_view payload;  // until the next call of Push()
};

/// Cuts a stream into packets.
class PacketReader {
 public:
  void Push(const char* data, size_t size) {
    bytes_.erase(0, at_);
    at_ = 0;
    bytes_.append(data, size);
  }
  /// False: no further packet is complete, or (is_broken) something that is no packet came.
  bool Next(Packet* packet) {
    constexpr size_t kHeaderSize = 8;
    if (broken_ || bytes_.size() - at_ < kHeaderSize) return false;
    const char* const header = bytes_.data() + at_;
    uint32_t length;
    std::memcpy(&length, header + 4, sizeof length);
    if (header[0] != 'L' || header[1] != 'S' || length < kHeaderSize || length > 65543) {
      broken_ = true;
      return false;
    }
    if (bytes_.size() - at_ < length) return false;
    packet->type = static_cast<PacketType>(header[2]);
    packet->payload = std::string_view(header + kHeaderSize, length - kHeaderSize);
    at_ += length;
    return true;
  }
  bool is_broken() const { return broken_; }
  void Reset() {
    bytes_.clear();
    at_ = 0;
    broken_ = false;
  }

 private:
  std::string bytes_;
  size_t at_ = 0;
  bool broken_ = false;
};

/// The pid of a PID notice; 0: another text for the log.
inline int32_t NoticedPid(const Packet& packet) {
  int32_t pid = 0;
  if (packet.type == PacketType::kStderr && packet.payload.size() == 8 &&
      packet.payload.substr(0, 4) == std::string_view("\0PID", 4)) {
    std::memcpy(&pid, packet.payload.data() + 4, sizeof pid);
  }
  return pid;
}

/// The status of a RESP_HEADER.
inline int32_t StatusOf(const Packet& packet) {
  int32_t status = 0;
  if (packet.payload.size() >= 8) std::memcpy(&status, packet.payload.data() + 4, sizeof status);
  return status;
}

/// A request that carries its number wherever the file has ten @: an answer that echoes it is its own.
class NumberedRequest {
 public:
  static constexpr std::string_view kPlace = "@@@@@@@@@@";

  explicit NumberedRequest(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    bytes_.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    if (bytes_.empty()) {
      std::fprintf(stderr, "cannot read %s\n", path.c_str());
      std::exit(2);
    }
    for (size_t at = bytes_.find(kPlace); at != std::string::npos; at = bytes_.find(kPlace, at + 1)) {
      places_.push_back(at);
    }
  }
  const std::string& WithNumber(uint64_t number) {
    const std::string digits = Digits(number);
    for (const size_t place : places_) digits.copy(bytes_.data() + place, digits.size());
    return bytes_;
  }
  bool IsEchoedIn(std::string_view body, uint64_t number) const {
    return places_.empty() || body.find(Digits(number)) != std::string_view::npos;
  }

 private:
  static std::string Digits(uint64_t number) {
    std::array<char, 24> text;
    std::snprintf(text.data(), text.size(), "%0*llu", static_cast<int>(kPlace.size()),
                  static_cast<unsigned long long>(number));
    return text.data();
  }

  std::string bytes_;
  std::vector<size_t> places_;
};

/// `--name value` pairs; a name without a value is "1".
inline std::map<std::string, std::string> ParseOptions(int argc, char** argv) {
  std::map<std::string, std::string> values;
  for (int i = 1; i < argc; ++i) {
    const bool has_value = i + 1 < argc && std::string_view(argv[i + 1]).substr(0, 2) != "--";
    values[argv[i]] = has_value ? argv[i + 1] : "1";
    if (has_value) ++i;
  }
  return values;
}

}  // namespace load
