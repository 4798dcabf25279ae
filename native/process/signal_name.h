#pragma once

namespace lsapi {

/// The name of a signal, `SIGTERM`; `SIG?` for real-time signals and what is none. The C library has such a
/// function (sigabbrev_np) only since glibc 2.32.
const char* SignalName(int signal);

}  // namespace lsapi
