// What a parent looks at once a second (protocol section 5.7).
#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <vector>

#include "debug_info.h"
#include "log.h"
#include "supervisor.h"
#include "system_memory.h"

namespace lsapi {

namespace {

constexpr uint64_t kSecond = 1000;
/// A child with an open connection is idle when no request has come for this long.
constexpr uint64_t kIdleWithConnection = 1000;
constexpr uint64_t kRelaxAfter = 2000;
/// LSAPI_KEEP_LISTEN=1: how long a child without a connection stays, and how much longer for each busy one.
constexpr uint64_t kKeepBase = 10'000;
/// A child that was told to end and has nothing to do gets this long.
constexpr uint64_t kRetirePatience = 10'000;
constexpr uint32_t kPoliteSignals = 6;

}  // namespace

void Supervisor::CheckChildren() {
  uint32_t answering = 0;
  children_.ForEach([&](Child& child) {
    if (children_.state(child) == SlotState::kServing && children_.slot(child).responses.load() > 0)
      ++answering;
    CheckOverdue(child);
  });
  if (answering > 0) failures_ = 0;
  if (options_.min_free_memory > 0) {
    const SystemMemory memory = ReadSystemMemory();
    is_memory_short_ = memory.total > 0 && memory.available < options_.min_free_memory &&
                       memory.available < memory.total / 10;
  }
  CheckIdleChildren();
  if (options_.max_memory > 0) CheckMemory();
}

/// LSAPI_MAX_IDLE_CHILDREN, LSAPI_MAX_IDLE, LSAPI_KEEP_LISTEN, free memory; also whenever a connection has
/// ended.
void Supervisor::CheckIdleChildren() {
  if (stopping_) return;
  struct Idle {
    uint64_t since;
    Child* child;
  };
  std::vector<Idle> idle;
  uint32_t count = 0;
  const uint64_t busy = board_.header().busy.load();
  children_.ForEach([&](Child& child) {
    if (!is_current(child)) return;
    ++count;
    if (children_.state(child) != SlotState::kServing || child.retire_sent != 0) return;
    if (children_.active(child) > 0 || child.waits_since != 0) return;
    const uint64_t since = children_.idle_since(child);
    const uint64_t idle_time = Elapsed(since);
    const uint64_t connections = children_.connections(child);
    if (options_.max_idle > 0 && idle_time >= options_.max_idle * kSecond) {
      Retire(child, "LSAPI_MAX_IDLE");
    } else if (connections == 0 && options_.keep_listen == 0) {
      Retire(child, "LSAPI_KEEP_LISTEN=0");
    } else if (connections == 0 && options_.keep_listen == 1 && idle_time >= kKeepBase * (1 + busy)) {
      Retire(child, "LSAPI_KEEP_LISTEN=1");
    } else if (connections == 0 && is_memory_short_) {
      Retire(child, "memory is short");
    } else if (connections == 0 || idle_time >= kIdleWithConnection) {
      idle.push_back({since, &child});
      const uint64_t last = children_.slot(child).last_activity_ms.load();
      if (idle_time >= kRelaxAfter && child.relaxed != last && last != 0 &&
          SendMessage(child.channel.parent.get(), MessageType::kRelax)) {
        child.relaxed = last;
      }
    }
  });
  // Surplus children end at once, those first that have been idle for longest. Sorted by copies: the children
  // go on writing, and an order that changes meanwhile leads a sort outside its range.
  std::stable_sort(idle.begin(), idle.end(), [](const Idle& a, const Idle& b) { return a.since < b.since; });
  const size_t above_limit = count > options_.child_limit ? count - options_.child_limit : 0;
  const size_t above_idle = idle.size() - std::min<size_t>(idle.size(), options_.max_idle_children);
  const size_t surplus = std::min(idle.size(), std::max(above_limit, above_idle));
  for (size_t index = 0; index < surplus; ++index) Retire(*idle[index].child, "LSAPI_MAX_IDLE_CHILDREN");
}

void Supervisor::Retire(Child& child, const char* because) {
  if (child.retire_sent != 0) return;
  child.retire_sent = now_;
  child.retired_because = because;
  TakeBack(child);
  // Where the channel is full the child hangs: the signals of CheckOverdue() end it.
  SendMessage(child.channel.parent.get(), MessageType::kRetire);
}

void Supervisor::CheckOverdue(Child& child) {
  const uint64_t began = children_.slot(child).request_began_ms.load();
  const uint64_t grace = options_.grace * kSecond;
  // Without a request it may still be sending a response, or finish what its application has begun
  // (waitUntil()).
  const uint64_t patience = std::max(grace, kRetirePatience);
  if (began != 0 && options_.max_process_time > 0 && Elapsed(began) > options_.max_process_time * kSecond) {
    if (child.next_signal == 0) child.next_signal = now_;
  } else if (child.retire_sent != 0) {
    // Requests of this generation have LSAPI_MAX_PROCESS_TIME, those of an old one the grace of a reload.
    const bool is_serving = children_.active(child) > 0;
    const bool is_late = is_serving ? !is_current(child) && Elapsed(child.retire_sent) > grace
                                    : Elapsed(child.retire_sent) > patience;
    if (is_late && child.next_signal == 0) child.next_signal = now_;
  } else if (!children_.is_open(child) &&
             (children_.state(child) != SlotState::kDraining || children_.connections(child) == 0)) {
    // It ends by itself, after its last connection or because it could not load; or it has written nonsense
    // to its slot.
    if (child.ending_since == 0) child.ending_since = now_;
    child.retired_because = "it had begun to";
    if (Elapsed(child.ending_since) > patience && child.next_signal == 0) child.next_signal = now_;
  }
  if (child.next_signal != 0 && now_ >= child.next_signal) Insist(child);
}

/// SIGTERM each second, six times, then SIGKILL.
void Supervisor::Insist(Child& child) {
  ScoreboardSlot& own = children_.slot(child);
  const bool kills = child.signals >= kPoliteSignals;
  if (options_.dump_debug_info && child.signals % (kPoliteSignals - 1) == 0) LogDebugInfo(child.pid);
  own.kills.fetch_add(1);
  ++child.signals;
  child.next_signal = now_ + kSecond - kSecond / 10;  // the tick that comes next
  const char* const name = kills ? "SIGKILL" : "SIGTERM";
  const uint64_t began = own.request_began_ms.load();
  if (began != 0) {
    const SlotText text = ReadText(own);
    Log("child %d has been serving %s %s for %.1f s (%s); %s", child.pid, text.method.c_str(),
        text.url.c_str(), static_cast<double>(Elapsed(began)) / 1000,
        child.retire_sent != 0 ? child.retired_because : "LSAPI_MAX_PROCESS_TIME", name);
  } else {
    Log("child %d does not end (%s); %s", child.pid, child.retired_because, name);
  }
  kill(child.pid, kills ? SIGKILL : SIGTERM);
}

/// LSNODE_MAX_MEMORY: a child above it ends after its request.
void Supervisor::CheckMemory() {
  children_.ForEach([this](Child& child) {
    if (child.retire_sent != 0 || children_.state(child) != SlotState::kServing) return;
    // What is private is a part of what is resident, and costs more to find out.
    if (ResidentMemory(child.pid) <= options_.max_memory) return;
    const uint64_t used = PrivateMemory(child.pid);
    if (used <= options_.max_memory) return;
    constexpr uint64_t kMebibyte = 1024 * 1024;
    Log("child %d uses %llu MiB (LSNODE_MAX_MEMORY); it ends after its request", child.pid,
        static_cast<unsigned long long>(used / kMebibyte));
    Retire(child, "LSNODE_MAX_MEMORY");
  });
}

/// Whether the group itself has to end.
void Supervisor::CheckEnd() {
  if (stopping_) {
    if (now_ >= kill_at_) {
      children_.ForEach([](const Child& child) {
        Log("child %d has not ended (LSNODE_GRACE); SIGKILL", child.pid);
        kill(child.pid, SIGKILL);
      });
    }
    return;
  }
  if (options_.server != 0 && getppid() != options_.server) {
    Log("the process that started this one is gone (LSAPI_PPID_NO_CHECK would keep it); ending");
    Stop("the server is gone");
    return;
  }
  if (children_.size() > 0) {
    childless_since_ = 0;
  } else if (childless_since_ == 0) {
    childless_since_ = now_;
  } else if (options_.group_max_idle > 0 && Elapsed(childless_since_) >= options_.group_max_idle * kSecond &&
             !IsConnectionWaiting()) {
    Stop("LSAPI_PGRP_MAX_IDLE");
  }
}

}  // namespace lsapi
