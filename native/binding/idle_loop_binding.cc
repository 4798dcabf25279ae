#include "idle_loop_binding.h"

#include <uv.h>

#include <optional>

namespace lsapi::binding {

namespace {

/// Keeps the event loop running, and calls back when nothing else does. A Node process whose loop ends waits
/// for tasks of V8's worker threads (NodePlatform::DrainTasks()); in a forked child those threads do not
/// exist, and a task that was theirs at the fork is never done.
class IdleLoopWatch {
 public:
  IdleLoopWatch(uv_loop_t* loop, Napi::Function callback)
      : loop_(loop), callback_(Napi::Persistent(callback)) {
    uv_prepare_init(loop, &prepare_);
    uv_idle_init(loop, &turn_);
    prepare_.data = this;
    uv_prepare_start(&prepare_,
                     [](uv_prepare_t* handle) { static_cast<IdleLoopWatch*>(handle->data)->BeforePoll(); });
  }

 private:
  /// Runs before the loop waits for events.
  void BeforePoll() {
    if (IsAnythingElseAlive()) {
      Rest();
      told_ = false;
    } else if (uv_is_active(reinterpret_cast<uv_handle_t*>(&turn_)) == 0) {
      // Events that do not keep the loop may be there already (V8's foreground tasks): one turn that does not
      // wait.
      uv_idle_start(&turn_, [](uv_idle_t*) {});
    } else {
      Rest();
      Tell();
      told_ = !IsAnythingElseAlive();
      // In the next turn the loop must not wait: nothing would wake it.
      if (told_) uv_idle_start(&turn_, [](uv_idle_t*) {});
    }
  }

  void Rest() { uv_idle_stop(&turn_); }

  /// uv_loop_alive() without the handles of this object.
  bool IsAnythingElseAlive() {
    auto* const prepare = reinterpret_cast<uv_handle_t*>(&prepare_);
    auto* const turn = reinterpret_cast<uv_handle_t*>(&turn_);
    uv_unref(prepare);
    uv_unref(turn);
    const bool alive = uv_loop_alive(loop_) != 0;
    uv_ref(prepare);
    uv_ref(turn);
    return alive;
  }

  void Tell() {
    const Napi::Env env = callback_.Env();
    const Napi::HandleScope scope(env);
    const napi_value told = Napi::Boolean::New(env, told_);
    napi_value result = nullptr;
    const napi_status status =
        napi_make_callback(env, nullptr, Napi::Object::New(env), callback_.Value(), 1, &told, &result);
    if (status == napi_pending_exception) {
      napi_value error = nullptr;
      napi_get_and_clear_last_exception(env, &error);
      napi_fatal_exception(env, error);
    }
  }

  uv_loop_t* loop_;
  uv_prepare_t prepare_{};
  uv_idle_t turn_{};
  Napi::FunctionReference callback_;
  bool told_ = false;  // and nothing has come to life since
};

/// watchIdleLoop(callback): once for the process, which then ends by exitNow() alone.
Napi::Value WatchIdleLoop(const Napi::CallbackInfo& info) {
  static std::optional<IdleLoopWatch> watch;
  uv_loop_t* loop = nullptr;
  if (!watch && napi_get_uv_event_loop(info.Env(), &loop) == napi_ok) {
    watch.emplace(loop, info[0].As<Napi::Function>());
  }
  return info.Env().Undefined();
}

}  // namespace

void DefineIdleLoop(Napi::Env env, Napi::Object exports) {
  exports.Set("watchIdleLoop", Napi::Function::New<WatchIdleLoop>(env));
}

}  // namespace lsapi::binding
