#include "supervisor.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fork.h"
#include "log.h"

namespace lsapi {

namespace {

constexpr uint64_t kListenerTag = ~uint64_t{0};
constexpr uint64_t kSignalTag = kListenerTag - 1;
constexpr uint64_t kRefusalTag = kListenerTag - 2;  // below: slots of children

uint64_t Milliseconds(clockid_t clock) {
  timespec time;
  clock_gettime(clock, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 + static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
}

bool AddToEpoll(int epoll, int fd, uint64_t tag) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = tag;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

}  // namespace

uint64_t MonotonicMilliseconds() { return Milliseconds(CLOCK_MONOTONIC); }
uint64_t RealMilliseconds() { return Milliseconds(CLOCK_REALTIME); }

Supervisor::Supervisor(GroupOptions options, GroupState state)
    : options_(std::move(options)),
      listener_(std::move(state.listener)),
      board_(std::move(state.board)),
      children_(&board_, options_.is_daemon),
      epoll_(epoll_create1(EPOLL_CLOEXEC)),
      stamps_(options_.watched, options_.stamps),
      failed_loads_(state.failed_loads) {
  for (FileDescriptor& connection : state.waiting) waiting_.push_back(std::move(connection));
  for (std::unique_ptr<Child>& child : state.children) children_.Add(std::move(child));
}

Supervisor::~Supervisor() = default;

bool Supervisor::Begin() {
  now_ = MonotonicMilliseconds();
  next_tick_ = now_ + kTick;
  ScoreboardHeader& header = board_.header();
  header.parent_pid.store(getpid());
  header.child_limit.store(options_.child_limit);
  header.extra_children.store(options_.extra_children);
  header.concurrency.store(options_.concurrency);
  header.mode.store(static_cast<uint32_t>(options_.mode));
  std::strncpy(header.root, options_.root.c_str(), sizeof header.root - 1);
  if (header.started_time.load() == 0) header.started_time.store(RealMilliseconds());
  // A generation that does not load leaves the last one in charge.
  if (failed()) {
    ++failed_loads_;
    generation_ = header.generation.load();
    refusal_.SetPage(options_.page_type, options_.failure_page);
    constexpr uint64_t kFirstRetry = 1000;
    next_load_ = now_ + (kFirstRetry << std::min(failed_loads_, 6u));
  } else {
    failed_loads_ = 0;
    generation_ = header.generation.fetch_add(1) + 1;
    header.generation_time.store(RealMilliseconds());
  }
  header.state.store(static_cast<uint32_t>(failed() ? GroupPhase::kFailed : GroupPhase::kServing));
  fcntl(listener_.get(), F_SETFL, fcntl(listener_.get(), F_GETFL) | O_NONBLOCK);
  if (!epoll_.is_open() || !signals_.is_open() || !refusal_.is_open() ||
      !AddToEpoll(epoll_.get(), signals_.fd(), kSignalTag) ||
      !AddToEpoll(epoll_.get(), refusal_.fd(), kRefusalTag)) {
    Log("the supervisor cannot start: %s", std::strerror(errno));
    return false;
  }
  if (options_.mode != GroupMode::kSpawned && !failed()) {
    // Once for all forks: no JavaScript runs in this process any more, so no mapping is marked again.
    const int error = AllowForkOfAllMappings();
    if (error != 0) {
      Log("this process cannot be forked: %s", std::strerror(error));
      return false;
    }
  }
  WatchListener(true);
  children_.ForEach([this](Child& child) {
    AddToEpoll(epoll_.get(), child.channel.parent.get(), child.slot);
    if (child.output.is_open()) AddToEpoll(epoll_.get(), child.output.fd(), child.slot | kOutputTag);
    if (!failed()) Retire(child, "a new generation serves");
  });
  // Those that ended while this image was loading.
  ReapChildren();
  if (options_.reload_again) Reload("SIGHUP");
  return true;
}

Supervisor::End Supervisor::Run() {
  if (!Begin()) return End::kFailed;
  while (!seat_ && !(stopping_ && children_.size() == 0)) {
    PlaceConnections();
    if (seat_) break;
    std::array<epoll_event, 64> events;
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), Timeout());
    now_ = MonotonicMilliseconds();
    for (int i = 0; i < count; ++i) {
      const uint64_t tag = events[static_cast<size_t>(i)].data.u64;
      if (tag == kSignalTag) {
        HandleSignals();
      } else if (tag == kRefusalTag) {
        refusal_.Poll();
        board_.header().refused.store(refusal_.answered());
      } else if (tag == kListenerTag) {
        continue;
      } else if ((tag & kOutputTag) != 0) {
        HandleOutput(static_cast<uint32_t>(tag & ~kOutputTag));
      } else {
        HandleDoorbell(static_cast<uint32_t>(tag));
      }
    }
    TakeBackFromHanging();
    if (now_ >= next_tick_) {
      next_tick_ = now_ + kTick;
      CheckChildren();
      CheckFiles();
      CheckEnd();
    }
  }
  return seat_ ? End::kChild : End::kStopped;
}

int Supervisor::Timeout() const {
  uint64_t until = next_tick_;
  if (saturated_since_ != 0) until = std::min(until, now_ + kSaturatedCheck);
  if (accept_again_ > now_) until = std::min(until, accept_again_);
  if (stopping_) until = std::min(until, kill_at_);
  children_.ForEach([&](const Child& child) {
    if (child.waits_since != 0 && child.was_serving) {
      until = std::min(until, child.waits_since + kHandOverPatience);
    }
  });
  return until <= now_ ? 1 : static_cast<int>(until - now_);
}

void Supervisor::HandleSignals() {
  signals_.Clear();
  if (signals_.Take(SIGCHLD)) ReapChildren();
  for (const int signal : {SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) {
    if (signals_.Take(signal))
      Stop(signal == SIGTERM ? "SIGTERM" : signal == SIGUSR1 ? "SIGUSR1" : "a signal");
  }
  if (signals_.Take(SIGHUP)) Reload("SIGHUP");
}

void Supervisor::WatchListener(bool watch) {
  if (watch == listener_watched_) return;
  if (watch) {
    // Where the kernel has no memory for that, the loop comes here again, at the next tick at the latest.
    listener_watched_ = AddToEpoll(epoll_.get(), listener_.get(), kListenerTag);
  } else {
    listener_watched_ = false;
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, listener_.get(), nullptr);
  }
}

void Supervisor::Stop(const char* because) {
  if (stopping_) return;
  stopping_ = true;
  board_.header().state.store(static_cast<uint32_t>(GroupPhase::kStopping));
  WatchListener(false);
  uint32_t active = 0;
  children_.ForEach([&](Child& child) {
    active += children_.active(child);
    TakeBack(child);
    kill(child.pid, SIGTERM);
  });
  if (active > 0) Log("%s: finishing %u request%s, then ending", because, active, active == 1 ? "" : "s");
  waiting_.clear();  // the server sends these requests to whoever comes next
  if (trial_ > 0) kill(trial_, SIGKILL);
  constexpr uint64_t kMargin = 2000;
  kill_at_ = now_ + uint64_t{options_.grace} * 1000 + kMargin;
}

}  // namespace lsapi
