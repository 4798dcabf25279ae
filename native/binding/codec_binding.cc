#include "codec_binding.h"

#include <array>

#include "../protocol/known_headers.h"
#include "../protocol/request_parser.h"
#include "../protocol/response_writer.h"
#include "request_text.h"

namespace lsapi::binding {

namespace {

Napi::Value Text(Napi::Env env, std::string_view text) {
  return text.data() == nullptr ? env.Null() : Napi::Value(env, MakeText(env, text));
}

Napi::Array Pair(Napi::Env env, std::string_view name, std::string_view value) {
  const Napi::Array pair = Napi::Array::New(env, 2);
  pair.Set(0u, Text(env, name));
  pair.Set(1u, Text(env, value));
  return pair;
}

/// A DecodedRequest (lib/codec/types.ts), or the code of the error.
Napi::Value DecodeRequest(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto packet = info[0].As<Napi::Uint8Array>();
  const size_t limit = info[1].IsNumber() ? info[1].As<Napi::Number>().Uint32Value() : kDefaultPacketLimit;
  RequestView view;
  const ParseError error = view.Parse(Bytes(packet.Data(), packet.ByteLength()), limit);
  if (error != ParseError::kNone) return Napi::String::New(env, ParseErrorCode(error));

  const Napi::Object result = Napi::Object::New(env);
  result.Set("flag", view.encoding().flag);
  result.Set("byteOrder", view.encoding().order == ByteOrder::kLittle ? "little" : "big");
  result.Set("packetLength", view.packet_length());
  result.Set("httpHeaderLen", view.http_header_length());
  result.Set("reqBodyLen", view.declared_body_length());
  result.Set("bodyLength", Napi::Number::New(env, static_cast<double>(view.body_length())));
  constexpr std::array kOffsets = {"scriptFileOff", "scriptNameOff", "queryStringOff", "requestMethodOff"};
  for (size_t index = 0; index < kOffsets.size(); ++index) {
    result.Set(kOffsets[index], view.raw_value_offset(index));
  }
  result.Set("scriptFilename", Text(env, view.script_filename()));
  result.Set("scriptName", Text(env, view.script_name()));
  result.Set("queryString", Text(env, view.query_string()));
  result.Set("method", Text(env, view.method()));

  const auto list = [&](const char* name, auto fill) {
    const Napi::Array array = Napi::Array::New(env);
    fill([&](std::string_view key, std::string_view value) {
      array.Set(array.Length(), Pair(env, key, value));
    });
    result.Set(name, array);
  };
  list("env", [&](auto add) { view.ForEachEnv(add); });
  list("specialEnv", [&](auto add) { view.ForEachSpecialEnv(add); });
  list("knownHeaders", [&](auto add) {
    for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
      const std::string_view value = view.known_header(slot);
      if (value.data() != nullptr) add(kKnownHeaderNames[slot], value);
    }
  });
  list("unknownHeaders", [&](auto add) {
    for (uint32_t index = 0; index < view.unknown_header_count(); ++index) {
      const NameValueView header = view.unknown_header(index);
      add(header.name, header.value);
    }
  });
  const Napi::Array anomalies = Napi::Array::New(env);
  for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
    if (!view.is_anomalous(slot)) continue;
    const Napi::Object anomaly = Napi::Object::New(env);
    anomaly.Set("knownHeader", Text(env, kKnownHeaderNames[slot]));
    anomaly.Set("offset", view.raw_known_header_offset(slot));
    anomaly.Set("length", view.raw_known_header_length(slot));
    anomalies.Set(anomalies.Length(), anomaly);
  }
  result.Set("anomalies", anomalies);
  return result;
}

/// encodeResponseHeader(text, count, status, flag, bigEndian, contentLength): the packet, or the error's
/// number.
Napi::Value EncodeResponseHeader(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::string text;
  size_t size = 0;
  napi_get_value_string_latin1(env, info[0], nullptr, 0, &size);
  text.resize(size);
  napi_get_value_string_latin1(env, info[0], text.data(), size + 1, &size);
  const uint32_t count = info[1].As<Napi::Number>().Uint32Value();
  const Encoding encoding{static_cast<uint8_t>(info[3].As<Napi::Number>().Uint32Value() & 1),
                          info[4].ToBoolean() ? ByteOrder::kBig : ByteOrder::kLittle};
  const auto packet = Napi::Buffer<uint8_t>::New(env, ResponseHeaderBound(text.size(), count));
  const HeaderResult result =
      WriteResponseHeader(text, count, info[2].As<Napi::Number>().Int32Value(), encoding,
                          info[5].As<Napi::Number>().Int64Value(), {packet.Data(), packet.ByteLength()});
  if (result.error != HeaderError::kNone) return Napi::Number::New(env, static_cast<int>(result.error));
  return Napi::Buffer<uint8_t>::Copy(env, packet.Data(), result.size);
}

Napi::Value MapStatusBinding(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), MapStatus(info[0].As<Napi::Number>().Int32Value()));
}

}  // namespace

void DefineCodec(Napi::Env env, Napi::Object exports) {
  exports.Set("decodeRequest", Napi::Function::New<DecodeRequest>(env));
  exports.Set("encodeResponseHeader", Napi::Function::New<EncodeResponseHeader>(env));
  exports.Set("mapStatus", Napi::Function::New<MapStatusBinding>(env));
}

}  // namespace lsapi::binding
