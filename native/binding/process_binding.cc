#include "process_binding.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "../io/listener.h"
#include "../process/program.h"

namespace lsapi::binding {

namespace {

Napi::Value Report(Napi::Env env, ListenResult result) {
  const Napi::Object report = Napi::Object::New(env);
  report.Set("error", result.error);
  report.Set("message", std::strerror(result.error));
  report.Set("fd", result.error == 0 ? result.socket.Release() : -1);
  report.Set("port", result.port);
  return report;
}

/// listenUnix(path, backlog, mode): {fd, error, message, port}
Napi::Value ListenUnixBinding(const Napi::CallbackInfo& info) {
  return Report(info.Env(), ListenUnix(info[0].As<Napi::String>(), info[1].As<Napi::Number>(),
                                       info[2].As<Napi::Number>()));
}

/// listenTcp(ip, port, backlog, shared): {fd, error, message, port}
Napi::Value ListenTcpBinding(const Napi::CallbackInfo& info) {
  return Report(
      info.Env(),
      ListenTcp(info[0].As<Napi::String>(), static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value()),
                info[2].As<Napi::Number>(),
                info[3].As<Napi::Boolean>() ? AddressUse::kShared : AddressUse::kExclusive));
}

/// descriptorKind(fd): 'listening' | 'connected' | 'other'
Napi::Value DescriptorKindBinding(const Napi::CallbackInfo& info) {
  switch (ClassifyDescriptor(info[0].As<Napi::Number>().Int32Value())) {
    case DescriptorKind::kListening:
      return Napi::String::New(info.Env(), "listening");
    case DescriptorKind::kConnected:
      return Napi::String::New(info.Env(), "connected");
    case DescriptorKind::kOther:
      break;
  }
  return Napi::String::New(info.Env(), "other");
}

/// takeStandardInput(): moves fd 0 to a new descriptor, which no exec inherits, and puts /dev/null in its
/// place (section 5.1 #3). Returns the descriptor, or -errno.
Napi::Value TakeStandardInput(const Napi::CallbackInfo& info) {
  const int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
  if (fd < 0) return Napi::Number::New(info.Env(), -errno);
  FileDescriptor null(open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!null.is_open() || dup2(null.get(), STDIN_FILENO) < 0) {
    const int error = errno;
    close(fd);
    return Napi::Number::New(info.Env(), -error);
  }
  return Napi::Number::New(info.Env(), fd);
}

/// redirect(from, to): dup2, 0 or an errno. The server starts applications with a dead socket as stdout
/// (section 4.2), so stdout is pointed at stderr before anything is printed.
Napi::Value Redirect(const Napi::CallbackInfo& info) {
  const int result = dup2(info[0].As<Napi::Number>().Int32Value(), info[1].As<Napi::Number>().Int32Value());
  return Napi::Number::New(info.Env(), result < 0 ? errno : 0);
}

/// limitCoreDumps(): no core files from now on, also of children (section 5.12); 0 or an errno.
Napi::Value LimitCoreDumps(const Napi::CallbackInfo& info) {
  const rlimit none{0, 0};
  return Napi::Number::New(info.Env(), setrlimit(RLIMIT_CORE, &none) == 0 ? 0 : errno);
}

/// hideDescriptors(): see HideDescriptors().
void HideDescriptorsBinding(const Napi::CallbackInfo& /*info*/) { HideDescriptors(); }

/// hasAddressSpaceLimit(): whether RLIMIT_AS is finite (memSoftLimit of the server, section 4.2).
Napi::Value HasAddressSpaceLimit(const Napi::CallbackInfo& info) {
  rlimit limit{};
  return Napi::Boolean::New(info.Env(), getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY);
}

/// socketPair(): two connected descriptors, or an empty array.
Napi::Value SocketPair(const Napi::CallbackInfo& info) {
  int fds[2];
  const Napi::Array pair = Napi::Array::New(info.Env());
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) == 0) {
    pair.Set(0u, fds[0]);
    pair.Set(1u, fds[1]);
  }
  return pair;
}

}  // namespace

void DefineProcess(Napi::Env env, Napi::Object exports) {
  exports.Set("listenUnix", Napi::Function::New<ListenUnixBinding>(env));
  exports.Set("listenTcp", Napi::Function::New<ListenTcpBinding>(env));
  exports.Set("descriptorKind", Napi::Function::New<DescriptorKindBinding>(env));
  exports.Set("takeStandardInput", Napi::Function::New<TakeStandardInput>(env));
  exports.Set("redirect", Napi::Function::New<Redirect>(env));
  exports.Set("limitCoreDumps", Napi::Function::New<LimitCoreDumps>(env));
  exports.Set("hideDescriptors", Napi::Function::New<HideDescriptorsBinding>(env));
  exports.Set("hasAddressSpaceLimit", Napi::Function::New<HasAddressSpaceLimit>(env));
  exports.Set("socketPair", Napi::Function::New<SocketPair>(env));
}

}  // namespace lsapi::binding
