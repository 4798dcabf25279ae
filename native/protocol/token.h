// Token characters of HTTP (RFC 9110 section 5.6.2): what a header name may consist of.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace lsapi {

inline constexpr std::array<bool, 256> kTokenCharacters = [] {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<uint8_t>(c)] = true;
  return table;
}();

inline bool IsTokenCharacter(char c) { return kTokenCharacters[static_cast<uint8_t>(c)]; }

inline bool IsToken(std::string_view text) {
  for (const char c : text) {
    if (!IsTokenCharacter(c)) return false;
  }
  return !text.empty();
}

}  // namespace lsapi
