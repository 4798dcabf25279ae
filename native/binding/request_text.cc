#include "request_text.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "../protocol/known_headers.h"
#include "../protocol/token.h"

namespace lsapi::binding {

namespace {

/// In the order of METHODS in lib/native/binding.ts.
constexpr std::array<std::string_view, 9> kMethods = {"GET",   "POST",    "HEAD",  "PUT",     "DELETE",
                                                      "PATCH", "OPTIONS", "TRACE", "PROPFIND"};

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return Lower(x) == Lower(y); });
}

/// The name as the client wrote it, when it stands right in front of the value in the block.
std::string_view NameAsSent(std::string_view block, std::string_view value, std::string_view name) {
  const auto at = static_cast<size_t>(value.data() - block.data());
  for (const std::string_view separator : {std::string_view(": "), std::string_view(":")}) {
    const size_t before = name.size() + separator.size();
    if (at < before || block.substr(at - separator.size(), separator.size()) != separator) continue;
    const std::string_view sent = block.substr(at - before, name.size());
    if (sent == name || EqualsIgnoreCase(sent, name)) return sent;
  }
  return name;
}

/// Writes strings with their lengths in front into memory of a fixed size: JavaScript cuts them out faster
/// than it could search for separators.
class StringListWriter {
 public:
  StringListWriter(char* begin, size_t capacity)
      : begin_(begin), at_(begin + kCountSize), end_(begin + capacity) {}

  static constexpr size_t kCountSize = 2;
  static constexpr size_t kLengthSize = 3;

  /// Two strings; false, with nothing written, when they do not fit.
  bool Append(std::string_view name, std::string_view value) {
    if (static_cast<size_t>(end_ - at_) < name.size() + value.size() + 2 * kLengthSize) return false;
    AppendOne(name);
    AppendOne(value);
    count_ += 2;
    return true;
  }

  std::string_view Finish() {
    begin_[0] = static_cast<char>(count_ >> 8);
    begin_[1] = static_cast<char>(count_);
    return {begin_, static_cast<size_t>(at_ - begin_)};
  }

 private:
  void AppendOne(std::string_view text) {
    *at_++ = static_cast<char>(text.size() >> 16);
    *at_++ = static_cast<char>(text.size() >> 8);
    *at_++ = static_cast<char>(text.size());
    at_ = std::copy(text.begin(), text.end(), at_);
  }

  char* const begin_;
  char* at_;
  char* const end_;
  size_t count_ = 0;  // at most 2 * (25 + 8192): two bytes hold it
};

/// The body's length where the client's Content-Length is missing or tells another one; otherwise absent.
std::string_view OverridingLength(const RequestView& request, std::span<char> into) {
  const int64_t length = request.body_length();
  if (length < 0 || length == request.content_length()) return {};
  if (length == 0 && request.known_header(kContentLength).data() == nullptr) return {};
  const auto end = std::to_chars(into.data(), into.data() + into.size(), length);
  return {into.data(), static_cast<size_t>(end.ptr - into.data())};
}

}  // namespace

napi_value MakeText(napi_env env, std::string_view text) {
  napi_value value = nullptr;
  if (text.data() == nullptr) {
    napi_get_undefined(env, &value);
  } else {
    napi_create_string_latin1(env, text.data(), text.size(), &value);
  }
  return value;
}

int32_t MethodIndex(std::string_view method) {
  for (size_t index = 0; index < kMethods.size(); ++index) {
    if (method == kMethods[index]) return static_cast<int32_t>(index);
  }
  return -1;
}

napi_value MakeUrl(napi_env env, const RequestView& request) {
  if (request.request_uri().data() != nullptr) return MakeText(env, request.request_uri());
  std::string url(request.script_name());
  std::string_view path_info = request.env("PATH_INFO");
  // A context's SCRIPT_NAME ends in the slash that PATH_INFO begins with (section 3.1).
  if (!path_info.empty() && path_info.front() == '/' && !url.empty() && url.back() == '/') url.pop_back();
  url += path_info;
  if (url.empty()) url.push_back('/');
  if (!request.query_string().empty()) {
    url.push_back('?');
    url.append(request.query_string());
  }
  return MakeText(env, url);
}

namespace {

/// Slots in the order of their values in the block. Merged with the unknown headers, which are in order
/// already, that is the order of the client's lines.
size_t SortSlots(const RequestView& request, std::array<uint8_t, kKnownHeaderCount>* slots) {
  size_t count = 0;
  for (uint8_t slot = 0; slot < kKnownHeaderCount; ++slot) {
    const char* const value = request.known_header(slot).data();
    if (value == nullptr) continue;
    size_t at = count++;
    for (; at > 0 && request.known_header((*slots)[at - 1]).data() > value; --at) {
      (*slots)[at] = (*slots)[at - 1];
    }
    (*slots)[at] = slot;
  }
  return count;
}

void WriteHeaders(const RequestView& request, StringListWriter* writer) {
  const std::string_view block = request.header_block();
  std::array<char, 20> digits;
  std::string_view length_override = OverridingLength(request, digits);
  std::array<uint8_t, kKnownHeaderCount> slots;
  const size_t slot_count = SortSlots(request, &slots);
  size_t next = 0;
  const auto append_known = [&](const char* before) {
    for (; next < slot_count; ++next) {
      const uint8_t slot = slots[next];
      std::string_view value = request.known_header(slot);
      if (before != nullptr && value.data() > before) return;
      const std::string_view name = NameAsSent(block, value, kKnownHeaderNames[slot]);
      if (slot == kContentLength && length_override.data() != nullptr) {
        value = std::exchange(length_override, {});
      }
      writer->Append(name, value);
    }
  };
  for (uint32_t index = 0; index < request.unknown_header_count(); ++index) {
    const NameValueView header = request.unknown_header(index);
    append_known(header.value.data());
    // A packet whose records share bytes of the block could ask for more text than it has bytes.
    if (IsToken(header.name) && !writer->Append(header.name, header.value)) break;
  }
  append_known(nullptr);
  if (length_override.data() != nullptr) writer->Append(kKnownHeaderNames[kContentLength], length_override);
}

/// Writes the header text to the beginning of `scratch`, which has `further` bytes more behind it; returns
/// the text's size.
size_t WriteHeaderText(const RequestView& request, std::string* scratch, size_t further) {
  // Names and values are pieces of the block, which holds at least a separator for each length; known names
  // may be missing there.
  constexpr size_t kKnownNames = 512;
  const size_t capacity =
      request.http_header_length() + kKnownNames +
      2 * StringListWriter::kLengthSize * (request.unknown_header_count() + kKnownHeaderCount);
  if (scratch->size() < capacity + further) scratch->resize(capacity + further);
  StringListWriter writer(scratch->data(), capacity);
  WriteHeaders(request, &writer);
  return writer.Finish().size();
}

}  // namespace

napi_value MakeHeaderText(napi_env env, const RequestView& request, std::string* scratch) {
  const size_t size = WriteHeaderText(request, scratch, 0);
  return MakeText(env, std::string_view(*scratch).substr(0, size));
}

napi_value MakeTexts(napi_env env, const RequestView& request, std::string* scratch, size_t* header_size) {
  const std::string_view environment = request.env_list();
  const size_t size = WriteHeaderText(request, scratch, environment.size());
  *header_size = size;
  std::copy(environment.begin(), environment.end(), scratch->begin() + static_cast<ptrdiff_t>(size));
  return MakeText(env, std::string_view(*scratch).substr(0, size + environment.size()));
}

int32_t RequestTraits(const RequestView& request) {
  int32_t traits = 0;
  if (request.env("SERVER_PROTOCOL") == "HTTP/1.0") traits |= 1;
  bool has_key = false;
  bool wants_websocket = false;
  for (uint32_t index = 0; index < request.unknown_header_count(); ++index) {
    const auto [name, value] = request.unknown_header(index);
    if (EqualsIgnoreCase(name, "expect")) traits |= 2;
    if (EqualsIgnoreCase(name, "upgrade")) wants_websocket = EqualsIgnoreCase(value, "websocket");
    if (EqualsIgnoreCase(name, "sec-websocket-key")) has_key = true;
  }
  if (wants_websocket && has_key) traits |= 4;
  return traits;
}

napi_value MakeEnvText(napi_env env, const RequestView& request) { return MakeText(env, request.env_list()); }

napi_value MakeHeader(napi_env env, const RequestView& request, std::string_view lower_case_name,
                      std::string* scratch) {
  std::array<char, 20> digits;
  std::string_view found;
  for (size_t slot = 0; slot < kKnownHeaderCount; ++slot) {
    if (!EqualsIgnoreCase(kKnownHeaderNames[slot], lower_case_name)) continue;
    if (slot == kContentLength) found = OverridingLength(request, digits);
    if (found.data() == nullptr) found = request.known_header(slot);
    break;
  }
  bool joined = false;
  for (uint32_t index = 0; index < request.unknown_header_count(); ++index) {
    const NameValueView header = request.unknown_header(index);
    if (!EqualsIgnoreCase(header.name, lower_case_name) || !IsToken(header.name)) continue;
    if (found.data() == nullptr) {
      found = header.value;
      continue;
    }
    if (!joined) scratch->assign(found);
    joined = true;
    scratch->append(lower_case_name == "cookie" ? "; " : ", ").append(header.value);
  }
  return MakeText(env, joined ? std::string_view(*scratch) : found);
}

}  // namespace lsapi::binding
