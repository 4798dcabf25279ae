// The JavaScript class ConnectionSet: one epoll set on libuv's loop. Its interface, with comments, is
// NativeConnectionSet in lib/native/binding.ts.
#pragma once

#include <napi.h>
#include <uv.h>

#include <memory>
#include <string>

#include "../io/connection_set.h"
#include "../process/child_link.h"
#include "../process/worker_board.h"
#include "exchange.h"
#include "response_composer.h"

namespace lsapi::binding {

class ConnectionSetBinding : public Napi::ObjectWrap<ConnectionSetBinding>,
                             private RequestHandler,
                             private ChildLinkHandler {
 public:
  static Napi::Function Define(Napi::Env env);

  explicit ConnectionSetBinding(const Napi::CallbackInfo& info);
  ~ConnectionSetBinding() override;

 private:
  enum Callback {
    kOnRequest,
    kOnBody,
    kOnDrain,
    kOnAbort,
    kOnBodyTimeout,
    kOnDrained,
    kOnLog,
    kOnRelax,
    kOnRetire,
    kCallbacks
  };

  // Methods of JavaScript's. Those that take this object as their data are functions of their own, made for
  // each object: finding it there costs a tenth of unwrapping `this`.
  Napi::Value Listen(const Napi::CallbackInfo& info);
  Napi::Value Adopt(const Napi::CallbackInfo& info);
  void StopListening(const Napi::CallbackInfo& info);
  void Drain(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void Reference(const Napi::CallbackInfo& info);
  void Unreference(const Napi::CallbackInfo& info);
  Napi::Value Statistics(const Napi::CallbackInfo& info);
  Napi::Value JoinGroup(const Napi::CallbackInfo& info);
  Napi::Value OpenBoard(const Napi::CallbackInfo& info);
  void MarkFailed(const Napi::CallbackInfo& info);
  Napi::Value IsOverdue(const Napi::CallbackInfo& info);
  static napi_value Transmit(napi_env env, napi_callback_info info);
  static napi_value ReadBody(napi_env env, napi_callback_info info);
  static napi_value WatchDrain(napi_env env, napi_callback_info info);
  static napi_value Pending(napi_env env, napi_callback_info info);
  static napi_value Header(napi_env env, napi_callback_info info);
  static napi_value HeaderText(napi_env env, napi_callback_info info);
  static napi_value Environment(napi_env env, napi_callback_info info);
  static napi_value EnvironmentText(napi_env env, napi_callback_info info);
  static napi_value Stderr(napi_env env, napi_callback_info info);

  // RequestHandler
  void OnRequest(Connection& connection) override;
  void OnBody(Connection& connection) override;
  void OnDrain(Connection& connection) override;
  void OnAbort(Connection& connection, CloseReason reason) override;
  void OnBodyTimeout(Connection& connection) override;
  void OnDrained() override;
  void OnLog(std::string_view line) override;

  // ChildLinkHandler
  void OnRelax() override;
  void OnRetire(bool orphaned) override;

  /// In the handle scope of OnReadable(). Calls one of JavaScript's callbacks as an event of its own: ticks
  /// and microtasks run when it returns, so that requests of one batch cannot see each other's asynchronous
  /// context.
  void Call(Callback callback, size_t count, const napi_value* arguments);
  void DefineRequestMethods(Napi::Env env);
  void CallWithRequest(Callback callback, const Connection& connection);
  void StopPolling();
  static void OnReadable(uv_poll_t* poll, int status, int events);

  Exchange exchange_;
  std::unique_ptr<ConnectionSet> set_;
  // Both go before the set that they watch: of a child of a process group, and of a process that serves
  // alone.
  std::unique_ptr<ChildLink> link_;
  std::unique_ptr<WorkerBoard> board_;
  ResponseComposer composer_;
  std::string scratch_;
  bool eager_text_ = false;  // requests are announced with their header and environment texts
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  Napi::FunctionReference callbacks_[kCallbacks];
  uv_poll_t* poll_ = nullptr;  // freed by libuv's close callback
};

}  // namespace lsapi::binding
