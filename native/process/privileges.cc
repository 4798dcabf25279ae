#include "privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace lsapi {

namespace {

std::string Failed(const char* step) { return std::string(step) + ": " + std::strerror(errno); }

/// The kernel knows which capabilities there are: it refuses the first that does not exist. Where a container
/// took away the right to do this, no_new_privs alone keeps programs from giving capabilities.
bool DropBoundingSet() {
  constexpr int kMost = 64;
  for (int capability = 0; capability < kMost; ++capability) {
    if (prctl(PR_CAPBSET_READ, capability, 0, 0, 0) < 0) return capability > 0;
    if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0 && errno != EPERM) return false;
  }
  return true;
}

using CapabilitySets = std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3>;

bool ClearCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const CapabilitySets none{};
  return syscall(SYS_capset, &header, none.data()) == 0;
}

bool HasCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  CapabilitySets sets{};
  if (syscall(SYS_capget, &header, sets.data()) != 0) return true;
  return std::ranges::any_of(sets, [](const __user_cap_data_struct& set) {
    return (set.effective | set.permitted | set.inheritable) != 0;
  });
}

/// Everything that would lead back is tried. Empty: nothing does.
std::string Regained(const Identity& identity) {
  const auto& [uid, gid] = identity.ids;
  std::array<uid_t, 3> users;
  std::array<gid_t, 3> groups;
  if (getresuid(&users[0], &users[1], &users[2]) != 0 || getresgid(&groups[0], &groups[1], &groups[2]) != 0) {
    return Failed("reading the ids");
  }
  for (size_t index = 0; index < users.size(); ++index) {
    if (users[index] != uid || groups[index] != gid) return "an id is still another one";
  }
  if (setuid(0) == 0 || seteuid(0) == 0 || setresuid(0, 0, 0) == 0) return "root can be regained";
  if (setgid(0) == 0 || setegid(0) == 0 || setgroups(0, nullptr) == 0) return "root's group can be regained";
  if (HasCapabilities()) return "capabilities are left";
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return "no_new_privs is not set";
  std::vector<gid_t> left(identity.groups.size() + 1);
  const int count = getgroups(static_cast<int>(left.size()), left.data());
  if (count < 0 || static_cast<size_t>(count) > identity.groups.size()) return "groups are left";
  return {};
}

}  // namespace

Identity FindIdentity(const UserAndGroup& ids) {
  Identity identity{ids, {}, {}, {static_cast<gid_t>(ids.gid)}};
  constexpr size_t kRecordSize = 16 * 1024;
  std::vector<char> text(kRecordSize);
  passwd record{};
  passwd* found = nullptr;
  if (getpwuid_r(ids.uid, &record, text.data(), text.size(), &found) != 0 || found == nullptr)
    return identity;
  identity.user = found->pw_name;
  identity.home = found->pw_dir;
  if (found->pw_gid != ids.gid) return identity;
  constexpr int kMostGroups = 65'536;
  int count = 64;
  std::vector<gid_t> groups(static_cast<size_t>(count));
  while (getgrouplist(found->pw_name, found->pw_gid, groups.data(), &count) < 0) {
    if (count > kMostGroups || static_cast<size_t>(count) <= groups.size()) return identity;
    groups.resize(static_cast<size_t>(count));
  }
  groups.resize(static_cast<size_t>(count));
  std::erase(groups, gid_t{0});
  identity.groups = std::move(groups);
  return identity;
}

std::string DropPrivileges(const Identity& identity, const std::string& root) {
  const auto& [uid, gid] = identity.ids;
  // These numbers mean "root" and "leave it as it is".
  constexpr uint32_t kUnchanged = UINT32_MAX;
  if (uid == 0 || gid == 0 || uid == kUnchanged || gid == kUnchanged) return "these ids are none to become";
  // No terminal: what is typed into it would reach root's shell. A leader of a group has none of its own.
  setsid();
  if (setgroups(identity.groups.size(), identity.groups.data()) != 0) return Failed("setgroups");
  if (setresgid(gid, gid, gid) != 0) return Failed("setresgid");
  if (!root.empty() && (chroot(root.c_str()) != 0 || chdir("/") != 0)) return Failed("chroot");
  if (!DropBoundingSet()) return Failed("PR_CAPBSET_DROP");
  // Kernels before 4.3 have no ambient set.
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (setresuid(uid, uid, uid) != 0) return Failed("setresuid");
  if (!ClearCapabilities()) return Failed("capset");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("PR_SET_NO_NEW_PRIVS");
  return Regained(identity);
}

}  // namespace lsapi
