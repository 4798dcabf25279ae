#include "group_binding.h"

#include <dlfcn.h>
#include <malloc.h>
#include <unistd.h>
#include <uv.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "../process/admission.h"
#include "../process/inherited_descriptors.h"
#include "../process/log.h"
#include "../process/program.h"
#include "../process/supervisor.h"

namespace lsapi::binding {

namespace {

std::vector<std::string> ToStrings(const Napi::Value& value) {
  std::vector<std::string> strings;
  const auto array = value.As<Napi::Array>();
  for (uint32_t index = 0; index < array.Length(); ++index) {
    strings.push_back(array.Get(index).As<Napi::String>().Utf8Value());
  }
  return strings;
}

Program ToProgram(const Napi::Object& object) {
  Program program;
  program.file = object.Get("file").As<Napi::String>();
  program.arguments = ToStrings(object.Get("arguments"));
  program.environment = ToStrings(object.Get("environment"));
  program.directory = object.Get("directory").As<Napi::String>();
  return program;
}

uint32_t Number(const Napi::Object& options, const char* name) {
  return options.Get(name).As<Napi::Number>().Uint32Value();
}

uint64_t Bytes64(const Napi::Object& options, const char* name) {
  return static_cast<uint64_t>(options.Get(name).As<Napi::Number>().Int64Value());
}

std::string Text(const Napi::Object& options, const char* name) {
  return options.Get(name).As<Napi::String>();
}

GroupOptions ToOptions(const Napi::Object& options) {
  GroupOptions group;
  group.mode = static_cast<GroupMode>(Number(options, "mode"));
  group.child_limit = Number(options, "childLimit");
  group.extra_children = Number(options, "extraChildren");
  group.concurrency = Number(options, "concurrency");
  group.connection_limit = Number(options, "connectionLimit");
  group.max_idle_children = Number(options, "maxIdleChildren");
  group.keep_listen = Number(options, "keepListen");
  group.max_idle = Number(options, "maxIdle");
  group.max_process_time = Number(options, "maxProcessTime");
  group.group_max_idle = Number(options, "groupMaxIdle");
  group.grace = Number(options, "grace");
  group.min_free_memory = Bytes64(options, "minFreeMemory");
  group.max_memory = Bytes64(options, "maxMemory");
  group.server = options.Get("server").As<Napi::Number>().Int32Value();
  group.is_daemon = options.Get("daemon").IsObject();
  group.dump_debug_info = options.Get("dumpDebugInfo").ToBoolean();
  group.root = Text(options, "root");
  group.program = ToProgram(options.Get("program").As<Napi::Object>());
  group.preload_library = Text(options, "preloadLibrary");
  group.watched = ToStrings(options.Get("watched"));
  group.stamps = Text(options, "stamps");
  group.reload_again = options.Get("reloadAgain").ToBoolean();
  group.failure_page = Text(options, "failurePage");
  group.page_type = Text(options, "pageType");
  return group;
}

/// What a suEXEC daemon needs for each of its children. Without `daemon` among the options: nothing.
struct Daemon {
  InheritedDescriptors descriptors;
  Secret secret;
  Lve lve;
  AdmissionOptions options;
  unsigned grace = 0;
};

/// False where there is no secret: a daemon must not begin without one.
bool PrepareDaemon(const Napi::Object& options, Daemon* daemon) {
  const auto given = options.Get("daemon").As<Napi::Object>();
  std::string error;
  daemon->secret = Secret::Read(Text(given, "secret"), &error);
  if (!daemon->secret.is_open()) {
    Log("LSAPI_SECRET: %s", error.c_str());
    return false;
  }
  daemon->lve = Lve::Load(Number(given, "lve"), &error);
  if (!error.empty()) Log("LSAPI_LVE_ENABLE: %s; children run without limits of LVE", error.c_str());
  daemon->options.min_uid = Number(given, "minUid");
  daemon->options.min_gid = Number(given, "minGid");
  daemon->options.packet_limit = Number(given, "maxPacket");
  daemon->options.timeout_ms = Number(given, "packetTimeout");
  daemon->options.root = Text(given, "root");
  daemon->options.allow_core_dump = given.Get("allowCoreDump").ToBoolean();
  constexpr unsigned kMargin = 5;
  daemon->grace = Number(options, "grace") + kMargin;
  return true;
}

/// The identity that a child has taken on, as `NativeIdentity` of lib/native/group-binding.ts.
Napi::Object ToObject(Napi::Env env, const Admitted& admitted) {
  const Napi::Object object = Napi::Object::New(env);
  object.Set("uid", Napi::Number::New(env, admitted.identity.ids.uid));
  object.Set("gid", Napi::Number::New(env, admitted.identity.ids.gid));
  object.Set("user", Napi::String::New(env, admitted.identity.user));
  object.Set("home", Napi::String::New(env, admitted.identity.home));
  object.Set("root", Napi::String::New(env, admitted.root));
  object.Set("stderrLog", Napi::String::New(env, admitted.stderr_log));
  return object;
}

/// createGroup(listener, slots): the state text of a new group, or an errno.
Napi::Value CreateGroup(const Napi::CallbackInfo& info) {
  const Scoreboard board = Scoreboard::Create(info[1].As<Napi::Number>().Uint32Value());
  if (!board.is_open()) return Napi::Number::New(info.Env(), errno);
  // The text owns both descriptors until somebody parses it.
  const int memory = dup(board.fd());
  if (memory < 0) return Napi::Number::New(info.Env(), errno);
  const int listener = info[0].As<Napi::Number>().Int32Value();
  return Napi::String::New(info.Env(), DescribeState(listener, memory));
}

/// superviseGroup(options, state): returns true in a child, or in a daemon's child whom it has become; false,
/// in the parent, where the group could not begin. The process ends in this call when the group does.
Napi::Value SuperviseGroup(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  std::optional<GroupState> state = GroupState::Parse(info[1].As<Napi::String>());
  if (!state) return Napi::Boolean::New(env, false);
  const auto options = info[0].As<Napi::Object>();
  GroupOptions group = ToOptions(options);
  const bool is_daemon = group.is_daemon;
  Daemon daemon;
  if (is_daemon && !PrepareDaemon(options, &daemon)) return Napi::Boolean::New(env, false);
  {
    Supervisor supervisor(std::move(group), std::move(*state));
    switch (supervisor.Run()) {
      case Supervisor::End::kFailed:
        return Napi::Boolean::New(env, false);
      case Supervisor::End::kStopped:
        // Nothing of Node's own end: the application's listeners belong to its children.
        _exit(0);
      case Supervisor::End::kChild:
        break;
    }
    PendingSeat().emplace(supervisor.TakeSeat());
  }
  std::optional<Admitted> admitted;
  if (is_daemon) {
    const ChildSeat& seat = *PendingSeat();
    const std::array kept = {seat.channel.get(), seat.connection.get(), seat.board.fd()};
    const std::string failure = daemon.descriptors.MakePrivate(kept);
    if (!failure.empty()) {
      Log("%s; the child ends", failure.c_str());
      _exit(1);
    }
    // Before the event loop is touched: what it opens must be the user's.
    admitted = Admit(&*PendingSeat(), std::move(daemon.secret), daemon.lve, daemon.options);
    if (!admitted) _exit(0);
    // Taken away with root's ids.
    EndAfterParent(daemon.grace);
  }
  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  const int error = uv_loop_fork(loop);
  UnblockGroupSignals();
  if (error != 0) {
    Napi::Error::New(env, uv_strerror(error)).ThrowAsJavaScriptException();
    return env.Undefined();
  }
  if (admitted) return ToObject(env, *admitted);
  return Napi::Boolean::New(env, true);
}

/// checkSecret(path): empty where the file can be the secret of a daemon, else what is wrong with it.
Napi::Value CheckSecret(const Napi::CallbackInfo& info) {
  std::string error;
  Secret::Read(info[0].As<Napi::String>(), &error);
  return Napi::String::New(info.Env(), error);
}

/// takeSeat(slot, channel, memory, parent): the same place for a process that was started as a program of its
/// own.
Napi::Value TakeSeat(const Napi::CallbackInfo& info) {
  ChildSeat seat;
  seat.slot = info[0].As<Napi::Number>().Uint32Value();
  seat.channel = FileDescriptor(info[1].As<Napi::Number>().Int32Value());
  seat.board = Scoreboard::Open(FileDescriptor(info[2].As<Napi::Number>().Int32Value()));
  seat.parent = info[3].As<Napi::Number>().Int32Value();
  const bool valid = seat.board.is_open() && seat.slot < seat.board.slot_count();
  if (valid) {
    SetCloseOnExec(seat.channel.get());
    SetCloseOnExec(seat.board.fd());
    EndAfterParent(info[4].As<Napi::Number>().Uint32Value());
    PendingSeat().emplace(std::move(seat));
  }
  return Napi::Boolean::New(info.Env(), valid);
}

/// replaceImage(program, role, state): execve; returns only when that fails, an errno.
Napi::Value ReplaceImage(const Napi::CallbackInfo& info) {
  const std::string state = info[2].As<Napi::String>();
  const std::vector<int> kept = DescriptorsOf(state);
  return Napi::Number::New(info.Env(), Replace(ToProgram(info[0].As<Napi::Object>()),
                                               info[1].As<Napi::String>().Utf8Value() + state, kept));
}

/// stampFiles(paths): how the files look now; see FileStamps.
Napi::Value StampFiles(const Napi::CallbackInfo& info) {
  return Napi::String::New(info.Env(), FileStamps::Read(ToStrings(info[0])));
}

/// addonPath(): the file that this code was loaded from.
Napi::Value AddonPath(const Napi::CallbackInfo& info) {
  Dl_info found{};
  const bool known = dladdr(reinterpret_cast<void*>(&ToStrings), &found) != 0 && found.dli_fname != nullptr;
  return Napi::String::New(info.Env(), known ? found.dli_fname : "");
}

/// trimMemory(): gives freed memory of the C library back to the system.
Napi::Value TrimMemory(const Napi::CallbackInfo& info) {
  malloc_trim(0);
  return info.Env().Undefined();
}

}  // namespace

std::optional<ChildSeat>& PendingSeat() {
  static std::optional<ChildSeat> seat;
  return seat;
}

void DefineGroup(Napi::Env env, Napi::Object exports) {
  exports.Set("createGroup", Napi::Function::New<CreateGroup>(env));
  exports.Set("superviseGroup", Napi::Function::New<SuperviseGroup>(env));
  exports.Set("checkSecret", Napi::Function::New<CheckSecret>(env));
  exports.Set("takeSeat", Napi::Function::New<TakeSeat>(env));
  exports.Set("replaceImage", Napi::Function::New<ReplaceImage>(env));
  exports.Set("stampFiles", Napi::Function::New<StampFiles>(env));
  exports.Set("addonPath", Napi::Function::New<AddonPath>(env));
  exports.Set("trimMemory", Napi::Function::New<TrimMemory>(env));
}

}  // namespace lsapi::binding
