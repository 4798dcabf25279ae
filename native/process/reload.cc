// New code: first it is tried in a process of its own, while the present generation goes on serving. Only
// where it loads, the parent replaces its own image, keeping pid, listening socket, scoreboard and the lines
// to the children.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <string_view>

#include "log.h"
#include "supervisor.h"

namespace lsapi {

namespace {

/// A trial that takes longer than this hangs.
constexpr uint64_t kTrialTime = 120'000;
/// Requests to reload that come faster than trials end must not keep the new code from being served for good.
constexpr uint32_t kMostTrials = 3;
/// Exit status of a trial whose code loads, but must not be loaded before a fork; TRIAL_STATUS in
/// lib/process-group.
constexpr int kLoadsUnsafely = 10;

}  // namespace

void Supervisor::CheckFiles() {
  if (trial_ > 0 && now_ >= trial_until_) {
    Log("the new code has not loaded within %llu s; it is given up",
        static_cast<unsigned long long>(kTrialTime / 1000));
    kill(trial_, SIGKILL);
    trial_until_ = UINT64_MAX;
  }
  if (!stopping_ && stamps_.HaveChanged()) Reload("a file has changed");
  if (next_trial_ != 0 && now_ >= next_trial_) Reload("trying again");
}

void Supervisor::Reload(const char* because) {
  if (stopping_) return;
  next_trial_ = 0;
  if (failed() && children_.size() == 0) {
    // Nobody serves: there is nothing to be careful about.
    Log("loading the application again: %s", because);
    ReplaceImage();
    return;
  }
  if (trial_ > 0) {
    options_.reload_again = true;
    return;
  }
  Log("reload: %s", because);
  options_.reload_again = false;
  board_.header().state.store(static_cast<uint32_t>(GroupPhase::kReloading));
  const pid_t pid = Spawn(options_.program, "trial", {});
  if (pid < 0) {
    constexpr uint64_t kTrialRetry = 1000;
    next_trial_ = now_ + kTrialRetry;
    Log("reload: the new code cannot be tried: %s; the present code goes on until it can",
        std::strerror(-pid));
    board_.header().state.store(static_cast<uint32_t>(failed() ? GroupPhase::kFailed : GroupPhase::kServing));
    return;
  }
  trial_ = pid;
  ++trials_;
  trial_until_ = now_ + kTrialTime;
}

void Supervisor::TrialEnded(int status) {
  trial_ = 0;
  if (stopping_) return;
  if (options_.reload_again && trials_ < kMostTrials) {
    // What was tried is not the latest any more.
    Reload("changed again meanwhile");
    return;
  }
  trials_ = 0;
  unsafe_code_ = WIFEXITED(status) && WEXITSTATUS(status) == kLoadsUnsafely;
  if (unsafe_code_ || (WIFEXITED(status) && WEXITSTATUS(status) == 0)) {
    ReplaceImage();
    return;
  }
  board_.header().failed_reloads.fetch_add(1, std::memory_order_relaxed);
  board_.header().state.store(static_cast<uint32_t>(failed() ? GroupPhase::kFailed : GroupPhase::kServing));
  Log("RELOAD FAILED: the new code does not load (%s %d, reason above). The present generation, %u, goes on "
      "serving; "
      "the next change of the start file or of tmp/restart.txt, or SIGHUP, tries again",
      WIFSIGNALED(status) ? "signal" : "status", WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
      generation_);
}

void Supervisor::RetryLoading() {
  if (!failed() || trial_ > 0 || now_ < next_load_) return;
  next_load_ = UINT64_MAX;
  Reload("a request has come, and the reason may be gone");
}

std::string Supervisor::SaveState() const {
  std::string text = DescribeState(listener_.get(), board_.fd(), failed_loads_);
  children_.ForEach([&](const Child& child) { text += DescribeChild(child) + DescribeOutput(child); });
  for (const FileDescriptor& connection : waiting_) text += DescribeWaiting(connection.get());
  return text;
}

void Supervisor::ReplaceImage() {
  board_.Identify();
  const std::string state = SaveState();
  const std::vector<int> kept = DescriptorsOf(state);
  Program program = options_.program;
  if (!options_.preload_library.empty()) {
    // See hold_signals.cc: the new image must survive a SIGHUP before it can listen to it.
    constexpr std::string_view kVariable("LD_PRELOAD=");
    const auto found =
        std::find_if(program.environment.begin(), program.environment.end(),
                     [&](const auto& variable) { return std::string_view(variable).starts_with(kVariable); });
    if (found != program.environment.end()) {
      // Behind what is there: runtimes of sanitizers insist on being the first.
      found->append(":").append(options_.preload_library);
    } else {
      program.environment.push_back(std::string(kVariable) + options_.preload_library);
    }
  }
  board_.header().state.store(static_cast<uint32_t>(GroupPhase::kLoading));
  board_.header().reloads.fetch_add(1, std::memory_order_relaxed);
  // Ignored signals stay ignored in the new image.
  signal(SIGHUP, SIG_IGN);
  const int error = Replace(program, std::string(unsafe_code_ ? "lazy:" : "reload:").append(state), kept);
  board_.header().reloads.fetch_sub(1, std::memory_order_relaxed);
  board_.header().state.store(static_cast<uint32_t>(failed() ? GroupPhase::kFailed : GroupPhase::kServing));
  signals_.Reinstall();
  Log("RELOAD FAILED: the process cannot replace its image: %s; the present generation goes on",
      std::strerror(error));
}

}  // namespace lsapi
