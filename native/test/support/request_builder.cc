#include "request_builder.h"

#include "protocol/known_headers.h"

namespace lsapi::test {

namespace {

class PacketWriter {
 public:
  explicit PacketWriter(ByteOrder order) : order_(order) {}

  size_t size() const { return bytes_.size(); }
  void Zeros(size_t count) { bytes_.resize(bytes_.size() + count); }
  void Text(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }
  void Int32(size_t value) {
    Zeros(4);
    StoreUint32(bytes_.data() + size() - 4, static_cast<uint32_t>(value), order_);
  }
  void Uint16(size_t value, ByteOrder order) {
    Zeros(2);
    StoreUint16(bytes_.data() + size() - 2, static_cast<uint16_t>(value), order);
  }
  void List(const Pairs& entries, std::vector<size_t>* value_offsets) {
    for (const auto& [name, value] : entries) {
      Uint16(name.size() + 1, ByteOrder::kBig);
      Uint16(value.size() + 1, ByteOrder::kBig);
      Text(name);
      Zeros(1);
      if (value_offsets != nullptr) value_offsets->push_back(size());
      Text(value);
      Zeros(1);
    }
    Zeros(4);
  }
  std::vector<uint8_t> Take() { return std::move(bytes_); }

 private:
  ByteOrder order_;
  std::vector<uint8_t> bytes_;
};

struct Place {
  size_t offset = 0;
  size_t length = 0;
};

}  // namespace

BuiltPacket RequestBuilder::Build() const {
  // Block G first: the index needs the places of its values.
  std::string block("\0\0\0\0", 4);
  block += "GET /hi?a=1 HTTP/1.1\r\n";
  const auto append = [&](std::string_view text) {
    const Place place{block.size(), text.size()};
    block += text;
    return place;
  };
  std::array<Place, kKnownHeaderCount> known_places;
  std::vector<std::pair<Place, Place>> unknown_places;
  for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
    if (!known[slot]) continue;
    block += std::string(kKnownHeaderNames[slot]) + ": ";
    known_places[slot] = append(*known[slot]);
    block += "\r\n";
  }
  for (const auto& [name, value] : unknown) {
    const Place name_place = append(name);
    block += ": ";
    unknown_places.emplace_back(name_place, append(value));
    block += "\r\n";
  }
  block += "\r\n";

  BuiltPacket built;
  built.order = encoding.order;
  PacketWriter writer(encoding.order);
  writer.Zeros(kRequestHeaderSize);
  built.special_env = writer.size();
  writer.List(special_env, nullptr);
  built.env = writer.size();
  std::vector<size_t> values;
  writer.List(env, &values);
  built.env_end = writer.size();
  writer.Zeros((8 - writer.size() % 8) % 8);
  built.index = writer.size();
  for (const Place& place : known_places) writer.Uint16(place.length, encoding.order);
  writer.Zeros(2);
  for (const Place& place : known_places) writer.Int32(place.offset);
  built.unknown = writer.size();
  for (const auto& [name, value] : unknown_places) {
    writer.Int32(name.offset);
    writer.Int32(name.length);
    writer.Int32(value.offset);
    writer.Int32(value.length);
  }
  built.block = writer.size();
  writer.Text(block);
  built.bytes = writer.Take();

  StorePacketHeader(built.bytes.data(), PacketType::kBeginRequest, static_cast<uint32_t>(built.bytes.size()),
                    encoding);
  built.SetInt32(kFieldHeaderLength, static_cast<int32_t>(block.size()));
  built.SetInt32(kFieldBodyLength, body_length);
  built.SetInt32(kFieldUnknownCount, static_cast<int32_t>(unknown.size()));
  built.SetInt32(kFieldEnvCount, static_cast<int32_t>(env.size()));
  built.SetInt32(kFieldSpecialEnvCount, static_cast<int32_t>(special_env.size()));
  constexpr std::array<std::pair<std::string_view, FixedField>, 4> kPointedAt = {
      {{"SCRIPT_FILENAME", kFieldScriptFile},
       {"SCRIPT_NAME", kFieldScriptName},
       {"QUERY_STRING", kFieldQueryString},
       {"REQUEST_METHOD", kFieldMethod}}};
  for (size_t entry = 0; entry < env.size(); ++entry) {
    for (const auto& [name, field] : kPointedAt) {
      if (env[entry].first == name) built.SetInt32(field, static_cast<int32_t>(values[entry]));
    }
  }
  return built;
}

}  // namespace lsapi::test
