#include "connection_set_binding.h"

#include <array>
#include <cerrno>

#include "group_binding.h"
#include "request_text.h"

namespace lsapi::binding {

namespace {

constexpr std::array<const char*, 9> kCallbackNames = {"onRequest", "onBody",        "onDrain",
                                                       "onAbort",   "onBodyTimeout", "onDrained",
                                                       "onLog",     "onRelax",       "onRetire"};

constexpr int kEventsInATurn = 128;
/// Events of a batch from which another one is likely to be ready by now.
constexpr int kBusyBatch = 8;

napi_value MakeUndefined(napi_env env) {
  napi_value value = nullptr;
  napi_get_undefined(env, &value);
  return value;
}

napi_value MakeInt(napi_env env, int32_t number) {
  napi_value value = nullptr;
  napi_create_int32(env, number, &value);
  return value;
}

/// A call about a request, whose first two arguments are its slot and serial. `kCount` at least 2.
template <size_t kCount>
struct RequestCall {
  RequestCall(napi_env env, napi_callback_info info) {
    size_t count = kCount;
    napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &data);
    napi_get_value_uint32(env, arguments[0], &slot);
    napi_get_value_uint32(env, arguments[1], &serial);
  }
  std::array<napi_value, kCount> arguments;
  void* data = nullptr;
  uint32_t slot = 0;
  uint32_t serial = 0;
};

uint32_t GetOption(const Napi::Object& options, const char* name, uint32_t fallback) {
  const Napi::Value value = options.Get(name);
  return value.IsNumber() ? value.As<Napi::Number>().Uint32Value() : fallback;
}

}  // namespace

Napi::Function ConnectionSetBinding::Define(Napi::Env env) {
  return DefineClass(env, "ConnectionSet",
                     {InstanceMethod("listen", &ConnectionSetBinding::Listen),
                      InstanceMethod("adopt", &ConnectionSetBinding::Adopt),
                      InstanceMethod("stopListening", &ConnectionSetBinding::StopListening),
                      InstanceMethod("drain", &ConnectionSetBinding::Drain),
                      InstanceMethod("close", &ConnectionSetBinding::Close),
                      InstanceMethod("ref", &ConnectionSetBinding::Reference),
                      InstanceMethod("unref", &ConnectionSetBinding::Unreference),
                      InstanceMethod("statistics", &ConnectionSetBinding::Statistics),
                      InstanceMethod("joinGroup", &ConnectionSetBinding::JoinGroup),
                      InstanceMethod("openBoard", &ConnectionSetBinding::OpenBoard),
                      InstanceMethod("markFailed", &ConnectionSetBinding::MarkFailed),
                      InstanceMethod("isOverdue", &ConnectionSetBinding::IsOverdue)});
}

void ConnectionSetBinding::DefineRequestMethods(Napi::Env env) {
  const auto method = [this](const char* name, napi_callback callback) -> napi_property_descriptor {
    return {name, nullptr, callback, nullptr, nullptr, nullptr, napi_enumerable, this};
  };
  auto transmit = method("transmit", Transmit);
  // Replaced where somebody wants to know of requests (lib/native/exchange.ts).
  transmit.attributes = static_cast<napi_property_attributes>(napi_enumerable | napi_writable);
  const std::array methods = {transmit,
                              method("readBody", ReadBody),
                              method("watchDrain", WatchDrain),
                              method("pending", Pending),
                              method("header", Header),
                              method("headerText", HeaderText),
                              method("env", Environment),
                              method("envText", EnvironmentText),
                              method("stderr", Stderr)};
  napi_define_properties(env, Value(), methods.size(), methods.data());
}

ConnectionSetBinding::ConnectionSetBinding(const Napi::CallbackInfo& info)
    : Napi::ObjectWrap<ConnectionSetBinding>(info) {
  const Napi::Env env = info.Env();
  const auto options = info[0].As<Napi::Object>();
  const auto receiver = info[1].As<Napi::Object>();
  ConnectionSetOptions native;
  native.packet_limit = GetOption(options, "packetLimit", kDefaultPacketLimit);
  native.packet_timeout_ms = GetOption(options, "packetTimeout", native.packet_timeout_ms);
  native.body_timeout_ms = GetOption(options, "bodyTimeout", native.body_timeout_ms);
  native.tcp_timeout_ms = GetOption(options, "tcpTimeout", native.tcp_timeout_ms);
  native.max_requests = GetOption(options, "maxRequests", 0);
  native.acknowledge_connections = options.Get("acknowledgeConnections").ToBoolean();
  native.slow_request_ms = GetOption(options, "slowRequest", 0);
  native.close_patience_ms = GetOption(options, "closePatience", 0);
  // The count lives in the scoreboard of the group that this process is about to join.
  if (const std::optional<ChildSeat>& seat = PendingSeat()) {
    native.max_busy_children = GetOption(options, "maxBusyChildren", 0);
    native.busy_children = &seat->board.header().busy;
  }
  eager_text_ = options.Get("eagerText").ToBoolean();

  exchange_.Attach(env, Value());
  DefineRequestMethods(env);
  RequestHandler* const handler = this;
  set_ = std::make_unique<ConnectionSet>(handler, native);
  if (!set_->is_open()) {
    Napi::Error::New(env, "no epoll instance: out of file descriptors (ulimit -n)")
        .ThrowAsJavaScriptException();
    return;
  }
  for (size_t index = 0; index < kCallbacks; ++index) {
    callbacks_[index] = Napi::Persistent(receiver.Get(kCallbackNames[index]).As<Napi::Function>());
  }

  uv_loop_t* loop = nullptr;
  napi_get_uv_event_loop(env, &loop);
  poll_ = new uv_poll_t;
  poll_->data = this;
  uv_poll_init(loop, poll_, set_->fd());
  uv_poll_start(poll_, UV_READABLE, OnReadable);
  Ref();  // until Close(): the loop refers to this object
  napi_add_async_cleanup_hook(
      env,
      [](napi_async_cleanup_hook_handle handle, void* data) {
        auto* const self = static_cast<ConnectionSetBinding*>(data);
        self->cleanup_ = nullptr;
        self->StopPolling();
        napi_remove_async_cleanup_hook(handle);
      },
      this, &cleanup_);
}

ConnectionSetBinding::~ConnectionSetBinding() { StopPolling(); }

void ConnectionSetBinding::StopPolling() {
  if (poll_ == nullptr) return;
  uv_poll_stop(poll_);
  uv_close(reinterpret_cast<uv_handle_t*>(poll_),
           [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
  poll_ = nullptr;
}

void ConnectionSetBinding::Close(const Napi::CallbackInfo& /*info*/) {
  if (poll_ == nullptr) return;
  StopPolling();
  set_->CloseAll();
  if (cleanup_ != nullptr) napi_remove_async_cleanup_hook(cleanup_);
  cleanup_ = nullptr;
  Unref();
}

void ConnectionSetBinding::OnReadable(uv_poll_t* poll, int /*status*/, int /*events*/) {
  auto* const self = static_cast<ConnectionSetBinding*>(poll->data);
  // Under load more has come while a batch was being served. A turn of the event loop costs as much as a
  // small request, so a few batches share one; not more, for the sake of timers and of what the app waits for
  // itself.
  int events = 0;
  while (self->poll_ != nullptr && events < kEventsInATurn) {
    const Napi::HandleScope scope(self->Env());  // allocates: one for the callbacks of a whole batch
    const int batch = self->set_->Poll();
    if (batch < kBusyBatch) return;
    events += batch;
  }
}

Napi::Value ConnectionSetBinding::Listen(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), set_->Listen(FileDescriptor(info[0].As<Napi::Number>().Int32Value())));
}

Napi::Value ConnectionSetBinding::Adopt(const Napi::CallbackInfo& info) {
  if (info[1].IsNumber())
    set_->NoteLoad(static_cast<uint64_t>(info[1].As<Napi::Number>().DoubleValue() * 1000));
  return Napi::Number::New(info.Env(), set_->Adopt(FileDescriptor(info[0].As<Napi::Number>().Int32Value())));
}

void ConnectionSetBinding::StopListening(const Napi::CallbackInfo& /*info*/) { set_->StopListening(); }

void ConnectionSetBinding::Drain(const Napi::CallbackInfo& /*info*/) { set_->Drain(); }

Napi::Value ConnectionSetBinding::JoinGroup(const Napi::CallbackInfo& info) {
  std::optional<ChildSeat>& seat = PendingSeat();
  if (!seat) return Napi::Number::New(info.Env(), ENOTCONN);
  ChildLinkHandler* const handler = this;
  link_ = std::make_unique<ChildLink>(std::move(*seat), handler);
  seat.reset();
  return Napi::Number::New(info.Env(), link_->Attach(set_.get()));
}

Napi::Value ConnectionSetBinding::OpenBoard(const Napi::CallbackInfo& info) {
  board_ = WorkerBoard::Open(info[0].As<Napi::String>().Utf8Value());
  const int error = board_ == nullptr ? errno : 0;
  if (board_ != nullptr) board_->Attach(set_.get());
  return Napi::Number::New(info.Env(), error);
}

void ConnectionSetBinding::MarkFailed(const Napi::CallbackInfo& info) {
  if (link_) link_->MarkFailed(info[0].As<Napi::String>().Utf8Value());
}

Napi::Value ConnectionSetBinding::IsOverdue(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), link_ && link_->is_overdue());
}

void ConnectionSetBinding::Reference(const Napi::CallbackInfo& /*info*/) {
  if (poll_ != nullptr) uv_ref(reinterpret_cast<uv_handle_t*>(poll_));
}

void ConnectionSetBinding::Unreference(const Napi::CallbackInfo& /*info*/) {
  if (poll_ != nullptr) uv_unref(reinterpret_cast<uv_handle_t*>(poll_));
}

Napi::Value ConnectionSetBinding::Statistics(const Napi::CallbackInfo& info) {
  const ConnectionSetStatistics& statistics = set_->statistics();
  const Napi::Object result = Napi::Object::New(info.Env());
  const auto put = [&](const char* name, uint64_t value) { result.Set(name, static_cast<double>(value)); };
  put("requests", statistics.requests);
  put("connections", statistics.connections);
  put("rejected", statistics.rejected);
  put("aborted", statistics.aborted);
  put("open", statistics.open);
  put("active", statistics.active);
  put("idleMilliseconds", set_->idle_milliseconds());
  return result;
}

napi_value ConnectionSetBinding::Transmit(napi_env env, napi_callback_info info) {
  std::array<napi_value, 2> arguments;
  size_t count = arguments.size();
  void* data = nullptr;
  napi_get_cb_info(env, info, &count, arguments.data(), nullptr, &data);
  auto* const self = static_cast<ConnectionSetBinding*>(data);
  Exchange& exchange = self->exchange_;
  Connection* const connection = self->set_->Find(exchange.unsigned_at(ExchangeField::kSlot),
                                                  exchange.unsigned_at(ExchangeField::kSerial));
  exchange.Set(ExchangeField::kResult, connection == nullptr
                                           ? kRespondGone
                                           : self->composer_.Respond(env, self->set_.get(), *connection,
                                                                     exchange, arguments[0], arguments[1]));
  return nullptr;
}

napi_value ConnectionSetBinding::ReadBody(napi_env env, napi_callback_info info) {
  RequestCall<3> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection == nullptr) return MakeInt(env, static_cast<int32_t>(BodyRead::kGone));
  void* data = nullptr;
  size_t size = 0;
  napi_get_buffer_info(env, call.arguments[2], &data, &size);
  return MakeInt(env, static_cast<int32_t>(self->set_->ReadBody(
                          *connection, std::span<uint8_t>(static_cast<uint8_t*>(data), size))));
}

napi_value ConnectionSetBinding::WatchDrain(napi_env env, napi_callback_info info) {
  RequestCall<2> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection != nullptr) self->set_->WatchDrain(*connection);
  return MakeUndefined(env);
}

napi_value ConnectionSetBinding::Pending(napi_env env, napi_callback_info info) {
  RequestCall<2> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  const Connection* const connection = self->set_->Find(call.slot, call.serial);
  napi_value value = nullptr;
  napi_create_double(env, connection == nullptr ? 0 : static_cast<double>(connection->pending_output()),
                     &value);
  return value;
}

namespace {

/// A short latin1 argument; names are token characters only, so truncated code points cannot match one.
std::string_view ReadName(napi_env env, napi_value text, std::span<char> into) {
  size_t size = 0;
  napi_get_value_string_latin1(env, text, into.data(), into.size(), &size);
  return {into.data(), size};
}

}  // namespace

napi_value ConnectionSetBinding::Header(napi_env env, napi_callback_info info) {
  RequestCall<3> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  const Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection == nullptr) return MakeUndefined(env);
  std::array<char, 256> name;
  return MakeHeader(env, connection->request(), ReadName(env, call.arguments[2], name), &self->scratch_);
}

napi_value ConnectionSetBinding::Environment(napi_env env, napi_callback_info info) {
  RequestCall<3> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  const Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection == nullptr) return MakeUndefined(env);
  std::array<char, 1025> name;
  return MakeText(env, connection->request().env(ReadName(env, call.arguments[2], name)));
}

napi_value ConnectionSetBinding::HeaderText(napi_env env, napi_callback_info info) {
  RequestCall<2> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  const Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection == nullptr) return MakeUndefined(env);
  return MakeHeaderText(env, connection->request(), &self->scratch_);
}

napi_value ConnectionSetBinding::EnvironmentText(napi_env env, napi_callback_info info) {
  RequestCall<2> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  const Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection == nullptr) return MakeUndefined(env);
  return MakeEnvText(env, connection->request());
}

napi_value ConnectionSetBinding::Stderr(napi_env env, napi_callback_info info) {
  RequestCall<3> call(env, info);
  auto* const self = static_cast<ConnectionSetBinding*>(call.data);
  Connection* const connection = self->set_->Find(call.slot, call.serial);
  if (connection != nullptr) {
    const auto bytes = Napi::Value(env, call.arguments[2]).As<Napi::Uint8Array>();
    self->set_->SendStderr(*connection,
                           std::string_view(reinterpret_cast<const char*>(bytes.Data()), bytes.ByteLength()));
  }
  return Napi::Boolean::New(env, connection != nullptr);
}

void ConnectionSetBinding::Call(Callback callback, size_t count, const napi_value* arguments) {
  const napi_env env = Env();
  // Without an async context the receiver is the resource of the call's asynchronous scope, which is where
  // AsyncLocalStorage.enterWith() leaves its value on Node 20 and 22. A new one for each request keeps
  // requests apart at a fifth of the price of an AsyncResource.
  napi_value receiver = nullptr;
  napi_create_object(env, &receiver);
  napi_value result = nullptr;
  const napi_status status =
      napi_make_callback(env, nullptr, receiver, callbacks_[callback].Value(), count, arguments, &result);
  if (status == napi_pending_exception) {
    napi_value error = nullptr;
    napi_get_and_clear_last_exception(env, &error);
    napi_fatal_exception(env, error);
  }
}

void ConnectionSetBinding::CallWithRequest(Callback callback, const Connection& connection) {
  const std::array arguments = {MakeInt(Env(), static_cast<int32_t>(connection.slot())),
                                MakeInt(Env(), static_cast<int32_t>(connection.serial()))};
  Call(callback, arguments.size(), arguments.data());
}

void ConnectionSetBinding::OnRequest(Connection& connection) {
  const napi_env env = Env();
  const RequestView& request = connection.request();
  const int64_t body_length = request.body_length();
  const int32_t method = MethodIndex(request.method());
  exchange_.Set(ExchangeField::kSlot, static_cast<int32_t>(connection.slot()));
  exchange_.Set(ExchangeField::kSerial, static_cast<int32_t>(connection.serial()));
  exchange_.Set(ExchangeField::kBodyLengthLow, static_cast<int32_t>(body_length));
  exchange_.Set(ExchangeField::kBodyLengthHigh, static_cast<int32_t>(body_length >> 32));
  exchange_.Set(ExchangeField::kMethod, method);
  exchange_.Set(ExchangeField::kTraits, eager_text_ ? RequestTraits(request) : 0);
  std::array<napi_value, 3> arguments = {};
  size_t count = 1;
  arguments[0] = MakeUrl(env, request);
  if (eager_text_) {
    size_t header_size = 0;
    arguments[count++] = MakeTexts(env, request, &scratch_, &header_size);
    exchange_.Set(ExchangeField::kHeaderTextLength, static_cast<int32_t>(header_size));
  }
  if (method < 0) {
    if (!eager_text_) arguments[count++] = MakeUndefined(env);
    arguments[count++] = MakeText(env, request.method());
  }
  Call(kOnRequest, count, arguments.data());
}

void ConnectionSetBinding::OnBody(Connection& connection) { CallWithRequest(kOnBody, connection); }

void ConnectionSetBinding::OnDrain(Connection& connection) { CallWithRequest(kOnDrain, connection); }

void ConnectionSetBinding::OnAbort(Connection& connection, CloseReason /*reason*/) {
  CallWithRequest(kOnAbort, connection);
}

void ConnectionSetBinding::OnBodyTimeout(Connection& connection) {
  CallWithRequest(kOnBodyTimeout, connection);
}

void ConnectionSetBinding::OnDrained() { Call(kOnDrained, 0, nullptr); }

void ConnectionSetBinding::OnRelax() { Call(kOnRelax, 0, nullptr); }

void ConnectionSetBinding::OnRetire(bool orphaned) {
  napi_value argument = nullptr;
  napi_get_boolean(Env(), orphaned, &argument);
  Call(kOnRetire, 1, &argument);
}

void ConnectionSetBinding::OnLog(std::string_view line) {
  const napi_value text = MakeText(Env(), line);
  Call(kOnLog, 1, &text);
}

}  // namespace lsapi::binding
