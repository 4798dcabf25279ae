#include "process_group.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <random>
#include <utility>
#include <vector>

#include "process/child_link.h"
#include "process/fork.h"
#include "process/log.h"
#include "support/application.h"
#include "support/request_builder.h"

namespace lsapi::test {

namespace {

/// The variable that tells a program of OwnProgram() how a trial ends.
constexpr const char* kTrialVariable = "LSAPI_TEST_TRIAL";

volatile std::sig_atomic_t told_to_end = 0;

/// The application in a child.
class ChildApplication : private RequestHandler, private ChildLinkHandler {
 public:
  ChildApplication(ChildSeat seat, Stage* stage)
      : board_(Scoreboard::Open(FileDescriptor(dup(seat.board.fd())))),
        slot_(seat.slot),
        channel_(dup(seat.channel.get())),
        stage_(stage),
        set_(this, {}),
        link_(std::move(seat), this) {}

  [[noreturn]] void Run() {
    signal(SIGTERM, [](int) { told_to_end = 1; });
    UnblockGroupSignals();
    if (link_.Attach(&set_) != 0) _exit(1);
    while (!drained_) {
      if (told_to_end != 0) {
        if (link_.is_overdue()) _exit(1);
        set_.Drain();
      }
      while (stage_->hang.load() == getpid()) {
        stage_->hanging.store(getpid());
        usleep(1000);
      }
      if (stage_->release.load()) {
        for (const auto& [slot, serial] : std::exchange(held_, {})) {
          if (Connection* const connection = set_.Find(slot, serial))
            Answer(*connection, std::to_string(getpid()));
        }
      }
      pollfd ready{set_.fd(), POLLIN, 0};
      constexpr int kStageInterval = 5;
      if (poll(&ready, 1, kStageInterval) > 0) set_.Poll();
    }
    _exit(0);
  }

 private:
  void Answer(Connection& connection, const std::string& body) {
    Reply reply;
    reply.header = "Content-Type: text/plain\n";
    reply.body = body;
    SendReply(&set_, connection, reply, &room_);
  }

  void OnRequest(Connection& connection) override {
    const std::string uri(connection.request().request_uri());
    if (uri == "/hold") {
      held_.emplace_back(connection.slot(), connection.serial());
    } else if (uri.starts_with("/spin")) {
      signal(SIGTERM, SIG_DFL);
      for (;;) pause();
    } else if (uri.starts_with("/exit/")) {
      _exit(std::atoi(uri.c_str() + std::strlen("/exit/")));
    } else if (uri == "/fail") {
      link_.MarkFailed("the application is not there");
      _exit(1);
    } else if (uri == "/shut") {
      Answer(connection, "shut");
      shutdown(channel_.get(), SHUT_RDWR);
    } else if (uri == "/noise") {
      MakeNoise();
    } else if (uri == "/generation") {
      Answer(connection, std::to_string(board_.slot(slot_).generation.load()));
    } else {
      Answer(connection, std::to_string(getpid()));
    }
  }

  /// Everything that a child can do to shared memory and to its channel, for as long as it lives.
  [[noreturn]] void MakeNoise() {
    std::minstd_rand random(7);
    const std::span<uint8_t> header(reinterpret_cast<uint8_t*>(&board_.header()), sizeof(ScoreboardHeader));
    const std::span<uint8_t> own(reinterpret_cast<uint8_t*>(&board_.slot(slot_)), sizeof(ScoreboardSlot));
    [[maybe_unused]] const int result = ftruncate(board_.fd(), 0);
    while (told_to_end == 0) {
      // The counters that tests read are left alone.
      for (size_t at = 0; at < offsetof(ScoreboardHeader, busy); ++at)
        header[at] = static_cast<uint8_t>(random());
      for (uint8_t& byte : own) byte = static_cast<uint8_t>(random() % 3 == 0 ? 0xff : random());
      if (random() % 2 == 0) board_.slot(slot_).state.store(static_cast<uint32_t>(random() % 7));
      for (int count = 0; count < 20; ++count) {
        SendMessage(channel_.get(), static_cast<MessageType>(random()),
                    random() % 2 == 0 ? STDERR_FILENO : -1);
      }
      usleep(100);
    }
    _exit(0);
  }

  void OnBody(Connection& /*connection*/) override {}
  void OnDrain(Connection& /*connection*/) override {}
  void OnAbort(Connection& /*connection*/, CloseReason /*reason*/) override {}
  void OnBodyTimeout(Connection& /*connection*/) override {}
  void OnDrained() override { drained_ = true; }
  void OnLog(std::string_view line) override { Log("%.*s", static_cast<int>(line.size()), line.data()); }
  void OnRelax() override { stage_->relaxed.fetch_add(1); }
  void OnRetire(bool /*orphaned*/) override {}

  Scoreboard board_;
  uint32_t slot_;
  FileDescriptor channel_;
  Stage* const stage_;
  ConnectionSet set_;
  ChildLink link_;
  std::vector<std::pair<uint32_t, uint32_t>> held_;
  std::vector<uint8_t> room_;
  bool drained_ = false;
};

Stage* MakeStage() {
  void* const memory =
      mmap(nullptr, sizeof(Stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) std::abort();
  return new (memory) Stage;
}

/// The parent, and each of its children. Does not return.
[[noreturn]] void Supervise(GroupOptions options, GroupState state, Stage* stage) {
  std::optional<ChildSeat> seat;
  {
    Supervisor supervisor(std::move(options), std::move(state));
    switch (supervisor.Run()) {
      case Supervisor::End::kFailed:
        _exit(2);
      case Supervisor::End::kStopped:
        _exit(0);
      case Supervisor::End::kChild:
        seat = supervisor.TakeSeat();
    }
  }
  ChildApplication(std::move(*seat), stage).Run();
}

FileDescriptor Listen(std::string* address) {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  socklen_t size = sizeof name;
  if (bind(socket.get(), reinterpret_cast<sockaddr*>(&name), sizeof(sa_family_t)) != 0 ||
      listen(socket.get(), 1024) != 0 ||
      getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size) != 0) {
    std::abort();
  }
  address->assign(reinterpret_cast<const char*>(&name), size);
  return socket;
}

void Require(bool condition, const char* what, const std::string& log) {
  if (condition) return;
  std::fprintf(stderr, "the group: %s; its log:\n%s\n", what, log.c_str());
  std::abort();
}

}  // namespace

Client& Client::Ask(const std::string& uri) {
  RequestBuilder builder;
  builder.env = {{"SCRIPT_NAME", uri}, {"REQUEST_METHOD", "GET"}, {"REQUEST_URI", uri}};
  server_.Send(builder.Build().text());
  return *this;
}

bool Client::HasAnswer() {
  received_ += server_.Receive();
  return Describe(received_).find("RESP_END") != std::string::npos;
}

bool Client::IsClosed() {
  received_ += server_.Receive();
  return server_.IsClosed();
}

std::string Client::Hear() {
  Eventually([this] { return HasAnswer() || IsClosed(); });
  return Describe(std::exchange(received_, {}));
}

std::string Client::Body() {
  Eventually([this] { return HasAnswer() || IsClosed(); });
  return BodyOf(std::exchange(received_, {}));
}

TestGroup::TestGroup(GroupOptions options, const std::function<void()>& prepare)
    : board_(Scoreboard::Create(16)), stage_(MakeStage()) {
  FileDescriptor listener = Listen(&address_);
  parent_ = std::make_unique<ForkedProcess>([&]() -> int {
    log_.Begin();
    prepare();
    GroupState state;
    state.listener = std::move(listener);
    state.board = std::move(board_);
    Supervise(std::move(options), std::move(state), stage_);
  });
}

TestGroup::~TestGroup() {
  stage_->hang.store(0);
  const bool ended = Stop(SIGTERM) == 0 || killed_;
  const std::string log = log_.text();
  Require(ended, "the parent has not ended with status 0", log);
  Require(!log_.Contains("Sanitizer") && !log_.Contains("runtime error:"), "a sanitizer has a finding", log);
  munmap(stage_, sizeof(Stage));
}

int TestGroup::Stop(int signal) {
  if (!parent_->HasEnded()) kill(parent_->pid(), signal);
  return parent_->ExitStatus();
}

void TestGroup::KillParent() {
  killed_ = true;
  kill(parent_->pid(), SIGKILL);
  parent_->Wait();
}

Client TestGroup::Connect() const {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (connect(socket.get(), reinterpret_cast<const sockaddr*>(address_.data()),
              static_cast<socklen_t>(address_.size())) != 0) {
    std::perror("cannot connect");
    std::abort();
  }
  return Client(WebServer(std::move(socket)));
}

uint32_t TestGroup::children() const {
  uint32_t count = 0;
  for (uint32_t index = 0; index < board_.slot_count(); ++index) count += slot(index).pid.load() != 0 ? 1 : 0;
  return count;
}

GroupOptions GroupOf(uint32_t limit, uint32_t concurrency) {
  GroupOptions options;
  options.child_limit = limit;
  options.connection_limit = limit * concurrency;
  options.concurrency = concurrency;
  options.max_idle_children = limit;
  options.keep_listen = 2;
  options.grace = 1;
  options.root = "/srv/app";
  return options;
}

Program OwnProgram() {
  Program program;
  program.file = "/proc/self/exe";
  program.arguments = {"native_tests"};
  program.directory = "/";
  return program;
}

void RunAs(const std::string& role) {
  const auto after = [&role](const char* prefix) { return role.substr(std::strlen(prefix)); };
  if (role == "trial") {
    const char* const status = getenv(kTrialVariable);
    _exit(status == nullptr ? 0 : std::atoi(status));
  }
  if (role.starts_with("child:")) {
    ChildSeat seat;
    int channel = -1;
    int board = -1;
    if (std::sscanf(role.c_str(), "child:%u:%d:%d:%d", &seat.slot, &channel, &board, &seat.parent) != 4)
      _exit(2);
    seat.channel.Reset(channel);
    seat.board = Scoreboard::Open(FileDescriptor(board));
    ChildApplication(std::move(seat), MakeStage()).Run();
  }
  std::optional<GroupState> state = GroupState::Parse(after(role.starts_with("lazy:") ? "lazy:" : "reload:"));
  if (!state) _exit(2);
  GroupOptions options = GroupOf(4);
  options.mode = role.starts_with("lazy:") ? GroupMode::kLazy : GroupMode::kPreloaded;
  options.program = OwnProgram();
  Supervise(std::move(options), std::move(*state), MakeStage());
}

}  // namespace lsapi::test
