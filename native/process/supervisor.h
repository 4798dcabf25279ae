// The parent of a process group: accepts the server's connections, starts children for them, hands them over,
// watches the children, reloads. One epoll loop without JavaScript; it returns in a child, and where the
// group has ended.
#pragma once

#include <csignal>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "child_link.h"
#include "child_table.h"
#include "file_stamps.h"
#include "group_state.h"
#include "program.h"
#include "refusal.h"
#include "scoreboard.h"
#include "signal_inbox.h"

namespace lsapi {

/// What is in force in a group. Times are seconds; 0 means never or no limit unless said otherwise.
struct GroupOptions {
  GroupMode mode = GroupMode::kPreloaded;
  uint32_t child_limit = 1;       // processes
  uint32_t extra_children = 0;    // above it, where others hang
  uint32_t concurrency = 1;       // connections of one child
  uint32_t connection_limit = 1;  // LSAPI_CHILDREN, for the log
  uint32_t max_idle_children = 1;
  uint32_t keep_listen = 1;  // LSAPI_KEEP_LISTEN
  uint32_t max_idle = 300;   // LSAPI_MAX_IDLE
  uint32_t max_process_time = 3600;
  uint32_t group_max_idle = 0;   // LSAPI_PGRP_MAX_IDLE
  uint32_t grace = 30;           // LSNODE_GRACE
  uint64_t min_free_memory = 0;  // bytes, LSAPI_AVOID_FORK
  uint64_t max_memory = 0;       // bytes, LSNODE_MAX_MEMORY
  int32_t server = 0;            // pid whose end is the group's; 0: not checked
  bool dump_debug_info = false;  // LSAPI_DUMP_DEBUG_INFO
  /// suEXEC daemon mode: each connection gets a child of its own, which ends with it, and which has neither
  /// the log's descriptor nor a page of the scoreboard in common with others (see admission.h).
  bool is_daemon = false;
  std::string root;  // directory of the application
  /// What this process is: for spawned children, trials and reloads.
  Program program;
  /// Library that keeps SIGHUP ignored while a new image starts (hold_signals.cc); empty: none.
  std::string preload_library;
  /// Files whose change means a reload, and how they looked before the application was loaded.
  std::vector<std::string> watched;
  std::string stamps;
  /// A SIGHUP came while the application was loading: what has been loaded may be out of date.
  bool reload_again = false;
  /// Not empty: the application does not load; this page (of `page_type`) is what requests get.
  std::string failure_page;
  std::string page_type;
};

class Supervisor {
 public:
  /// A group on a listening socket; with `state`, the next generation of one.
  Supervisor(GroupOptions options, GroupState state);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  enum class End {
    kFailed,   // it could not begin; the log says why
    kStopped,  // everything is over
    kChild,    // in a new child, whose signals are still blocked (see SignalInbox): TakeSeat() tells the rest
  };
  End Run();
  ChildSeat TakeSeat() { return std::move(*seat_); }

 private:
  enum class Place { kFree, kNew, kRefuse, kNone };

  /// What epoll tells of: a slot's channel, or with this bit its output.
  static constexpr uint64_t kOutputTag = uint64_t{1} << 32;

  static constexpr uint64_t kTick = 1000;
  /// A connection that a child has not taken from its channel after this time goes to another one.
  static constexpr uint64_t kHandOverPatience = 200;
  /// How often connections that wait for a place are looked after.
  static constexpr uint64_t kSaturatedCheck = 50;
  /// How long the backlog keeps connections that the system has no descriptor or memory for.
  static constexpr uint64_t kAcceptRetry = 100;

  // supervisor.cc: the loop, its beginning and its end
  bool Begin();
  void HandleSignals();
  int Timeout() const;
  void WatchListener(bool watch);
  void Stop(const char* because);

  // placement.cc: which child gets a connection
  void PlaceConnections();
  Place ChoosePlace(Child** child);
  bool MayStart() const;
  /// Children of this generation, those that are ending included.
  uint32_t CountChildren() const;
  bool Accept(FileDescriptor* connection);
  bool IsConnectionWaiting() const;
  void HandOver(Child& child, FileDescriptor connection);
  void BeSaturated();
  void Shed();
  void TakeBack(Child& child);
  void TakeBackFromHanging();
  void HandleDoorbell(uint32_t slot);
  void HandleOutput(uint32_t slot);
  void GiveUpOn(Child& child);
  void Refuse(FileDescriptor connection);
  void CountBusy();

  // launch.cc: beginning and end of children
  void StartChild(FileDescriptor connection);
  void ReportForkFailure(int error);
  void ReapChildren();
  void ChildEnded(Child& child, int status);
  void DescribeFailures();

  // checks.cc: what is looked at once a second
  void CheckChildren();
  void CheckIdleChildren();
  void CheckOverdue(Child& child);
  void CheckMemory();
  void CheckEnd();
  void Retire(Child& child, const char* because);
  void Insist(Child& child);

  // reload.cc: new code
  void CheckFiles();
  void Reload(const char* because);
  void TrialEnded(int status);
  void ReplaceImage();
  std::string SaveState() const;
  void RetryLoading();

  /// Milliseconds since then; children may have written times that are later than now_.
  uint64_t Elapsed(uint64_t since) const { return now_ > since ? now_ - since : 0; }
  bool failed() const { return !options_.failure_page.empty(); }
  bool is_current(const Child& child) const { return child.generation == generation_; }

  GroupOptions options_;
  FileDescriptor listener_;
  Scoreboard board_;
  ChildTable children_;
  std::deque<FileDescriptor> waiting_;  // accepted, without a place
  FileDescriptor epoll_;
  SignalInbox signals_;
  Refusal refusal_;
  FileStamps stamps_;
  bool unsafe_code_ = false;  // the new code must not be loaded before a fork
  uint32_t generation_ = 1;
  uint64_t now_ = 0;
  uint64_t next_tick_ = 0;
  bool listener_watched_ = false;
  bool stopping_ = false;
  bool is_memory_short_ = false;  // LSAPI_AVOID_FORK's limit, at the last tick
  uint64_t kill_at_ = 0;          // the end of the patience with children at a stop
  uint64_t childless_since_ = 0;  // 0: there are children
  uint64_t saturated_since_ = 0;  // connections wait since then; 0: none does
  uint64_t accept_again_ = 0;     // no connection is accepted before
  uint64_t limit_logged_ = 0;
  uint64_t rotated_ = 0;            // when a connection that was hardly idle was closed for others
  uint32_t failures_ = 0;           // children in a row that ended before their first answer
  uint64_t next_start_ = 0;         // no child is started before
  uint64_t unstartable_since_ = 0;  // connections wait in vain for a new child since then; 0: none does
  uint64_t failure_logged_ = 0;
  std::string last_failure_;  // how the last of those children ended
  pid_t trial_ = 0;           // a process that tries new code; 0: none
  uint64_t trial_until_ = 0;
  uint64_t next_trial_ = 0;  // the last one could not be started: when to try again; 0: it could
  uint32_t trials_ = 0;      // of this reload
  uint32_t failed_loads_ = 0;
  uint64_t next_load_ = 0;  // where the application does not load: when to try again
  std::optional<ChildSeat> seat_;
};

/// Milliseconds of CLOCK_MONOTONIC.
uint64_t MonotonicMilliseconds();
/// Milliseconds since the epoch.
uint64_t RealMilliseconds();

}  // namespace lsapi
