// The log of native code: lines on stderr, which the web server keeps.
#pragma once

namespace lsapi {

/// Writes `lsapi[PID]: …` and a newline to stderr, in the form of lib/connections/log.ts. Never waits: what a
/// full pipe does not take is lost, because a supervisor that waits for a reader of its log would stop
/// serving. At most 1,023 bytes; control characters are replaced.
[[gnu::format(printf, 1, 2)]] void Log(const char* format, ...);

}  // namespace lsapi
