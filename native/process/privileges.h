// From root to the user that a request is for, without a way back (protocol section 5.13, step 5).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "../protocol/credentials.h"

namespace lsapi {

/// Who a process is to become.
struct Identity {
  UserAndGroup ids;
  /// Name and home directory in the user database; empty where it does not know the user.
  std::string user;
  std::string home;
  /// Supplementary groups, without root's.
  std::vector<gid_t> groups;
};

/// Looks a user up, and the groups it is in: all of them where `ids.gid` is its primary one, else `ids.gid`
/// alone. Before anything is dropped: the database may be out of reach then.
Identity FindIdentity(const UserAndGroup& ids);

/// Becomes that user for good: session, supplementary groups, group, root directory (`root`, empty: stays),
/// capabilities, user, in this order; then no_new_privs, and what shows that nothing can be regained. Empty
/// on success; otherwise which step failed and why, and the process must not go on.
std::string DropPrivileges(const Identity& identity, const std::string& root);

}  // namespace lsapi
