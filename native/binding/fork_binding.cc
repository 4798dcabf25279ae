#include "fork_binding.h"

#include <fcntl.h>
#include <unistd.h>
#include <uv.h>

#include <cerrno>

#include "../process/fork.h"

namespace lsapi::binding {

namespace {

uv_loop_t* LoopOf(Napi::Env env) {
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  return loop;
}

/// forkOnce(): 0 in the child, its pid in the parent, or -errno. No JavaScript runs between the steps.
Napi::Value ForkOnce(const Napi::CallbackInfo& info) {
  uv_loop_t* loop = LoopOf(info.Env());
  const ForkResult result = ForkWithAllMappings();
  // A child whose loop cannot be repaired would take the events of its parent's descriptors.
  if (result.pid == 0 && uv_loop_fork(loop) != 0) _exit(EXIT_FAILURE);
  return Napi::Number::New(info.Env(), result.error != 0 ? -result.error : result.pid);
}

/// exitNow(code): ends the process at once; nothing is torn down, nobody is waited for.
Napi::Value ExitNow(const Napi::CallbackInfo& info) { _exit(info[0].As<Napi::Number>().Int32Value()); }

/// setBlocking(fd): 0 or an errno.
Napi::Value SetBlocking(const Napi::CallbackInfo& info) {
  const int fd = info[0].As<Napi::Number>().Int32Value();
  const int flags = fcntl(fd, F_GETFL);
  const bool done = flags >= 0 && ((flags & O_NONBLOCK) == 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) == 0);
  return Napi::Number::New(info.Env(), done ? 0 : errno);
}

/// processId(): of this process, now; process.pid is what it was at the start.
Napi::Value ProcessId(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), getpid()); }

/// pendingRequests(): requests of the event loop that have not ended: work in the thread pool, name look-ups,
/// writes. Node lists only a part of them (no work of crypto, zlib and addons).
Napi::Value PendingRequests(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), LoopOf(info.Env())->active_reqs.count);
}

}  // namespace

void DefineFork(Napi::Env env, Napi::Object exports) {
  exports.Set("forkOnce", Napi::Function::New<ForkOnce>(env));
  exports.Set("exitNow", Napi::Function::New<ExitNow>(env));
  exports.Set("setBlocking", Napi::Function::New<SetBlocking>(env));
  exports.Set("processId", Napi::Function::New<ProcessId>(env));
  exports.Set("pendingRequests", Napi::Function::New<PendingRequests>(env));
}

}  // namespace lsapi::binding
