// What JavaScript gets to see of a request: strings made from the packet when they are asked for.
#pragma once

#include <node_api.h>

#include <string>
#include <string_view>

#include "../protocol/request_parser.h"

namespace lsapi::binding {

/// Latin1 string; undefined for absent text (null data).
napi_value MakeText(napi_env env, std::string_view text);

/// Index into METHODS of lib/native/binding.ts, -1 for a method that is not among them.
int32_t MethodIndex(std::string_view method);

/// The undecoded request target: REQUEST_URI, or what the script variables tell where it is missing.
napi_value MakeUrl(napi_env env, const RequestView& request);

/// All headers, names and values in turn, in the order in which the client sent them and in its letter case
/// where the header block still shows it. The text is a number of strings (2 bytes, big-endian) and then each
/// string behind its length (3 bytes). Left out are names that are not tokens: the server leaves blanked ones
/// behind (section 9 #11). Content-Length is the authoritative one (section 1.10).
napi_value MakeHeaderText(napi_env env, const RequestView& request, std::string* scratch);

/// The text of MakeHeaderText() and behind it that of MakeEnvText(), as one string: half the price of two.
/// `*header_size`: characters of the former.
napi_value MakeTexts(napi_env env, const RequestView& request, std::string* scratch, size_t* header_size);

/// Rare properties that would otherwise make JavaScript parse every request's headers: RequestTrait of
/// lib/native/binding.ts. 1: HTTP/1.0, 2: an Expect header, 4: a handshake for a WebSocket.
int32_t RequestTraits(const RequestView& request);

/// The environment list as it is on the wire (section 1.6); JavaScript takes it apart when it is asked for.
napi_value MakeEnvText(napi_env env, const RequestView& request);

/// A header's value by lower-case name; repetitions joined as Node joins them (Cookie by "; ", others ", ").
napi_value MakeHeader(napi_env env, const RequestView& request, std::string_view lower_case_name,
                      std::string* scratch);

}  // namespace lsapi::binding
