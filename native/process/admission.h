// A new child of a suEXEC daemon: root's, with a connection and nothing else. It reads the first request,
// finds out whom it is for, and becomes that user before anything of the user's is looked at (protocol
// section 5.13).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "child_link.h"
#include "lve.h"
#include "privileges.h"
#include "secret.h"

namespace lsapi {

struct AdmissionOptions {
  /// Users and groups below are refused, root in any case.
  uint32_t min_uid = 100;
  uint32_t min_gid = 100;
  size_t packet_limit = kDefaultPacketLimit;
  /// For the whole first request packet, milliseconds.
  uint32_t timeout_ms = 10'000;
  /// Directory that becomes the root of the child's file system; `%u` in it is the user's name, `%h` its home
  /// directory, `%U` its number. Empty: none.
  std::string root;
  /// LSAPI_ALLOW_CORE_DUMP. Also decides whether other processes of the same user may look into the child.
  bool allow_core_dump = false;
};

/// What a child is when it has been admitted.
struct Admitted {
  Identity identity;
  /// Directory that is its root now; empty: the system's.
  std::string root;
  /// LSAPI_STDERR_LOG in the environment of the first request.
  std::string stderr_log;
};

/// Waits for the first request on `seat->connection`, and becomes the user that it is for. nullopt: there is
/// none to become; the log says why, the server has its answer, and the process has to end. Signals of the
/// group must be blocked, descriptors and memory of others closed. `secret` is wiped in any case.
///
/// On success the packet is in `seat->first_packet`, its ids in `seat->ids`, and the process is the user's
/// for good. The scoreboard is reduced to the child's own slot.
std::optional<Admitted> Admit(ChildSeat* seat, Secret secret, const Lve& lve,
                              const AdmissionOptions& options);

}  // namespace lsapi
