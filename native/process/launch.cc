// Beginning and end of children.
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <utility>

#include "log.h"
#include "signal_name.h"
#include "supervisor.h"

namespace lsapi {

namespace {

constexpr uint64_t kFirstDelay = 200;
constexpr uint64_t kLongestDelay = 30'000;
constexpr uint64_t kForkRetry = 200;
constexpr uint64_t kLogPeriod = 1000;

std::string DescribeStatus(int status) {
  std::array<char, 96> text;
  if (WIFSIGNALED(status)) {
    std::snprintf(text.data(), text.size(), "ended by signal %d (%s)%s", WTERMSIG(status),
                  SignalName(WTERMSIG(status)), WCOREDUMP(status) ? ", core dumped" : "");
  } else {
    std::snprintf(text.data(), text.size(), "ended with status %d", WEXITSTATUS(status));
  }
  return text.data();
}

}  // namespace

void Supervisor::StartChild(FileDescriptor connection) {
  const uint32_t slot = children_.FindFreeSlot();
  auto child = std::make_unique<Child>();
  child->channel = MakeChannel();
  OutputPipe output;
  if (options_.is_daemon && child->channel.is_open()) output = MakeOutputPipe();
  if (!child->channel.is_open() || (options_.is_daemon && !output.parent.is_open())) {
    ReportForkFailure(errno);
    waiting_.push_front(std::move(connection));
    return;
  }
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = slot;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, child->channel.parent.get(), &event) != 0) {
    ReportForkFailure(errno);
    waiting_.push_front(std::move(connection));
    return;
  }
  board_.Clear(slot);
  ScoreboardSlot& own = board_.slot(slot);
  own.generation.store(generation_);
  own.started_time.store(RealMilliseconds());
  own.state.store(static_cast<uint32_t>(SlotState::kStarting));
  child->slot = slot;
  child->generation = generation_;
  child->started = child->last_handed = now_;

  // SIGCHLD of a child that ends at once must find its entry.
  signals_.Block();
  int error = 0;
  if (options_.mode == GroupMode::kSpawned) {
    const std::array kept = {child->channel.child.get(), board_.fd()};
    std::array<char, 128> role;
    std::snprintf(role.data(), role.size(), "child:%u:%d:%d:%d", slot, kept[0], kept[1], getpid());
    child->pid = Spawn(options_.program, role.data(), kept);
    error = child->pid < 0 ? -child->pid : 0;
  } else {
    const int32_t parent = getpid();
    child->pid = fork();
    error = child->pid < 0 ? errno : 0;
    if (child->pid == 0) {
      constexpr unsigned kMargin = 5;
      EndAfterParent(options_.grace + kMargin);
      own.pid.store(getpid());
      if (output.child.is_open()) {
        for (const int stream : {STDOUT_FILENO, STDERR_FILENO}) dup2(output.child.get(), stream);
      }
      // Before anything else on this connection, and by the one who writes the rest.
      SendPidNotice(connection.get(), getpid());
      seat_.emplace(ChildSeat{
          std::move(board_), slot, std::move(child->channel.child), std::move(connection), parent, {}, {}});
      return;  // signals stay blocked until there are handlers of its own
    }
  }
  if (error != 0) {
    signals_.Unblock();
    board_.Clear(slot);
    board_.header().fork_failures.fetch_add(1, std::memory_order_relaxed);
    ReportForkFailure(error);
    waiting_.push_front(std::move(connection));
    return;
  }
  unstartable_since_ = 0;
  failure_logged_ = 0;  // the next failure is news
  if (output.parent.is_open()) child->output = ChildOutput(std::move(output.parent));
  own.pid.store(child->pid);
  board_.header().started_children.fetch_add(1, std::memory_order_relaxed);
  Child& added = children_.Add(std::move(child));
  if (added.output.is_open()) {
    event.data.u64 = slot | kOutputTag;
    epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, added.output.fd(), &event);
  }
  if (options_.mode == GroupMode::kSpawned) {
    HandOver(added, std::move(connection));
  } else {
    added.handed = 1;  // inherited
    connection.Reset();
    CountBusy();
  }
  signals_.Unblock();
}

void Supervisor::ReportForkFailure(int error) {
  if (unstartable_since_ == 0) unstartable_since_ = now_;
  next_start_ = now_ + kForkRetry;
  refusal_.SetPage("text/plain; charset=utf-8",
                   "Service Unavailable\n\nNo process can be started for this request at the moment.\n");
  if (Elapsed(failure_logged_) < kLogPeriod && failure_logged_ != 0) return;
  failure_logged_ = now_;
  Log("cannot start a child: %s; %zu children go on, the connection waits (limits on processes and memory: "
      "ulimit -u, "
      "LSAPI_CHILDREN)",
      std::strerror(error), children_.size());
}

void Supervisor::ReapChildren() {
  int status = 0;
  for (;;) {
    const pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    if (pid == trial_) {
      TrialEnded(status);
    } else if (Child* const child = children_.FindPid(pid)) {
      ChildEnded(*child, status);
    }
  }
}

void Supervisor::ChildEnded(Child& child, int status) {
  ScoreboardSlot& own = children_.slot(child);
  ScoreboardHeader& header = board_.header();
  header.ended_children.fetch_add(1, std::memory_order_relaxed);
  // Moved, not copied: whoever looks meanwhile must not find them twice.
  header.requests_of_ended.fetch_add(own.requests.exchange(0), std::memory_order_relaxed);
  MoveTotals(header.totals_of_ended, own.totals);
  TakeBack(child);
  if (child.output.is_open()) {
    child.output.Forward(child.pid);
    child.output.Finish(child.pid);
  }
  const bool abnormal = WIFSIGNALED(status) || WEXITSTATUS(status) != 0;
  const bool load_failed = children_.state(child) == SlotState::kFailed;
  const bool wanted = child.retire_sent != 0 || child.signals > 0 || stopping_;
  const uint32_t active = own.active.load();
  if (abnormal) {
    header.crashed_children.fetch_add(1, std::memory_order_relaxed);
    const std::string how = DescribeStatus(status);
    if (active > 0) {
      const SlotText text = ReadText(own);
      Log("child %d %s while it was serving %s %s", child.pid, how.c_str(), text.method.c_str(),
          text.url.c_str());
    } else {
      Log("child %d %s", child.pid, how.c_str());
    }
  }
  // Of a daemon's children each is another user's: what one does says nothing of the next.
  if (own.responses.load() > 0) {
    failures_ = 0;
  } else if (!options_.is_daemon && is_current(child) && !wanted &&
             (abnormal || load_failed || children_.connections(child) > 0)) {
    // It has died before its first answer: the next one most probably will, too.
    ++failures_;
    last_failure_ = load_failed ? ReadText(own).url : DescribeStatus(status);
    if (failures_ > 1) {
      const uint64_t delay = std::min(kFirstDelay << std::min(failures_ - 2, 10u), kLongestDelay);
      next_start_ = now_ + delay;
      Log("%u children in a row ended before their first answer; the next is started in %.1f s", failures_,
          static_cast<double>(delay) / 1000);
    }
    DescribeFailures();
  }
  children_.Remove(child.slot);
  CountBusy();
}

void Supervisor::HandleOutput(uint32_t slot) {
  Child* const child = children_.at(slot);
  // Closed descriptors leave the set by themselves.
  if (child != nullptr && !child->output.Forward(child->pid)) child->output.Finish(child->pid);
}

void Supervisor::DescribeFailures() {
  refusal_.SetPage("text/plain; charset=utf-8",
                   "Service Unavailable\n\nThe application's processes end before they answer (" +
                       last_failure_ + "). The server's log says more.\n");
}

}  // namespace lsapi
