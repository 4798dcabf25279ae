// For the moments in which a parent that has replaced its image starts Node again. Node sets the action of
// all signals to the default before any JavaScript runs (PlatformInit in src/node.cc), so a SIGHUP - one more
// request to reload - would end the group. The parent ignores SIGHUP before execve() and preloads this
// library (LD_PRELOAD) into the new image; the default action is not restored then, and the first real
// handler takes over as usual. Loaded as an addon, this symbol is never found: the C library's comes first.
#include <dlfcn.h>

#include <csignal>
#include <cstdlib>

extern "C" {

using SigactionFunction = int (*)(int, const struct sigaction*, struct sigaction*);

__attribute__((visibility("default"))) int sigaction(int signal, const struct sigaction* action,
                                                     struct sigaction* former) {
  static const auto next = reinterpret_cast<SigactionFunction>(dlsym(RTLD_NEXT, "sigaction"));
  static const bool holds = getenv("LSAPI_GROUP_ROLE") != nullptr;
  if (holds && signal == SIGHUP && action != nullptr && action->sa_handler == SIG_DFL) action = nullptr;
  return next(signal, action, former);
}
}
