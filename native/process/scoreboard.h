// What a process group knows of itself, in memory that parent and children share: the parent supervises from
// it, `lsnode status` reads it (lib/status). The layout is an interface: whoever changes it raises
// kScoreboardVersion and adapts lib/status/layout.ts. All numbers are little endian on the machines that this
// runs on, and atomic: readers in other processes may see a slot in the middle of a change, but never half a
// number.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "../io/file_descriptor.h"
#include "request_totals.h"

namespace lsapi {

constexpr uint32_t kScoreboardMagic = 0x42534C4C;  // "LLSB"
constexpr uint32_t kScoreboardVersion = 2;
/// Name of the memory file, as /proc/PID/fd shows it: `/memfd:lsnode-scoreboard`.
constexpr const char* kScoreboardName = "lsnode-scoreboard";

enum class GroupPhase : uint32_t {
  kLoading = 0,  // the application is being loaded; connections wait
  kServing = 1,
  kReloading = 2,  // a new generation is being tried; the present one serves
  kStopping = 3,
  kFailed = 4,  // the application does not load: requests get a 503
};

/// How children come to be.
enum class GroupMode : uint32_t {
  kPreloaded = 0,  // forked from a parent that has loaded the application
  kLazy = 1,       // forked from a bare parent; each child loads the application
  kSpawned = 2,    // started as programs of their own (LSNODE_FORK=off)
  kWorker = 3,     // no group: one process, which is its own and only child (worker_board.h)
};

enum class SlotState : uint32_t {
  kFree = 0,
  kStarting = 1,  // forked; does not take connections yet
  kServing = 2,
  kDraining = 3,  // finishes its requests, takes no connections
  kFailed = 4,    // could not load the application; `url` says why
};

/// Offsets are part of the interface. Times: `*_ms` are milliseconds of CLOCK_MONOTONIC, `*_time` of
/// CLOCK_REALTIME.
struct alignas(64) ScoreboardHeader {
  uint32_t magic;                           //   0
  uint32_t version;                         //   4
  uint32_t slot_count;                      //   8
  uint32_t slot_size;                       //  12
  std::atomic<int32_t> parent_pid;          //  16
  std::atomic<uint32_t> generation;         //  20, from 1
  std::atomic<uint32_t> child_limit;        //  24, processes
  std::atomic<uint32_t> extra_children;     //  28
  std::atomic<uint32_t> concurrency;        //  32, connections of one child
  std::atomic<uint32_t> mode;               //  36, GroupMode
  std::atomic<uint32_t> state;              //  40, GroupPhase
  std::atomic<uint32_t> busy;               //  44, children that have a connection
  std::atomic<uint64_t> started_time;       //  48, of the first generation
  std::atomic<uint64_t> generation_time;    //  56
  std::atomic<uint64_t> accepted;           //  64, connections
  std::atomic<uint64_t> refused;            //  72, connections answered by the parent with 503
  std::atomic<uint64_t> started_children;   //  80
  std::atomic<uint64_t> ended_children;     //  88
  std::atomic<uint64_t> crashed_children;   //  96, of those: by a signal or with a status other than 0
  std::atomic<uint64_t> fork_failures;      // 104
  std::atomic<uint64_t> limit_reached;      // 112, times that connections had to wait because of the limit
  std::atomic<uint64_t> reloads;            // 120
  std::atomic<uint64_t> failed_reloads;     // 128
  std::atomic<uint64_t> requests_of_ended;  // 136, requests of children that are gone
  uint64_t reserved[14];                    // 144
  char root[256];                           // 256, directory of the application, ended by NUL
  RequestTotals totals_of_ended;            // 512, of children that are gone
  uint64_t reserved_end[16];                // 896
};
static_assert(sizeof(ScoreboardHeader) == 1024);

/// One child. Written by the child, except where the parent is named.
struct alignas(64) ScoreboardSlot {
  std::atomic<int32_t> pid;            //   0, by the parent; 0: the slot is free
  std::atomic<uint32_t> generation;    //   4, by the parent
  std::atomic<uint32_t> state;         //   8, SlotState; kStarting and kFree by the parent
  std::atomic<uint32_t> connections;   //  12, open now
  std::atomic<uint32_t> active;        //  16, requests in progress
  std::atomic<uint32_t> kills;         //  20, by the parent: signals sent because of LSAPI_MAX_PROCESS_TIME
  std::atomic<uint64_t> started_time;  //  24, by the parent
  std::atomic<uint64_t> requests;      //  32, begun
  std::atomic<uint64_t> responses;     //  40, completed
  std::atomic<uint64_t> adopted;       //  48, connections taken from the parent
  std::atomic<uint64_t> closed;        //  56, of those, closed again
  std::atomic<uint64_t> pongs;         //  64, answers to the parent's pings
  std::atomic<uint64_t> request_began_ms;    //  72, of the oldest request in progress; 0: none
  std::atomic<uint64_t> last_activity_ms;    //  80, when a request last began or ended; 0: never
  std::atomic<uint64_t> idle_connection_ms;  //  88, since when the longest idle connection has been; 0: none
  std::atomic<uint32_t> text_version;        //  96, odd while method and url are being written
  uint32_t reserved;                         // 100
  char method[24];                           // 104, of the oldest request in progress, or of the last one
  char url[384];                             // 128, likewise, cut to fit; ended by NUL
  RequestTotals totals;                      // 512, of requests that have ended
  uint64_t reserved_end[16];                 // 896, up to a size of which a page holds a whole number
};
static_assert(sizeof(ScoreboardSlot) == 1024);
static_assert(std::atomic<uint64_t>::is_always_lock_free);

/// Text of a slot that readers can tell torn from whole. Cuts what does not fit.
void StoreText(ScoreboardSlot& slot, std::string_view method, std::string_view url);

struct SlotText {
  std::string method;
  std::string url;
};
/// The text of a slot, cut where it ends. A child that misbehaves may have written anything: text without an
/// end, or in the middle of a change for ever; it is read all the same, and stays within its field.
SlotText ReadText(const ScoreboardSlot& slot);

/// The shared memory, mapped. Movable owner of the mapping and of its descriptor.
class Scoreboard {
 public:
  Scoreboard() = default;
  ~Scoreboard();
  Scoreboard(Scoreboard&& other) noexcept;
  Scoreboard& operator=(Scoreboard&& other) noexcept;
  Scoreboard(const Scoreboard&) = delete;
  Scoreboard& operator=(const Scoreboard&) = delete;

  /// Makes one with all slots free. Its size is final: a child cannot take the memory from under its parent.
  /// Not is_open() when there is no memory for it (errno tells why).
  static Scoreboard Create(uint32_t slot_count);
  /// Maps one that another process, or another image of this one, has made; takes the descriptor. Not
  /// is_open() when it is no scoreboard of this version.
  static Scoreboard Open(FileDescriptor memory);

  bool is_open() const { return header_ != nullptr; }
  int fd() const { return memory_.get(); }
  const FileDescriptor& memory() const { return memory_; }
  ScoreboardHeader& header() const { return *header_; }
  /// As many as there is memory for, whatever a child has written to the header.
  uint32_t slot_count() const { return static_cast<uint32_t>(slots_.size()); }
  /// `index` below slot_count().
  ScoreboardSlot& slot(uint32_t index) const { return slots_[index]; }
  /// Leaves this process one slot of the memory, to write to and to read. The other slots and the header
  /// become memory of its own, zero but for what identifies it, and the descriptor is closed: whatever this
  /// process becomes, it cannot reach them any more. A page is the least that can be shared, so `index` must
  /// be one that kSlotsInPage gives a page to. Returns 0 or an errno.
  int KeepOnly(uint32_t index);
  /// With a slot for each child only where `index % kSlotsInPage == kOwnPage`, no two children share a page.
  static constexpr uint32_t kPageSize = 4096;
  static constexpr uint32_t kSlotsInPage = kPageSize / sizeof(ScoreboardSlot);
  static constexpr uint32_t kOwnPage =
      (kSlotsInPage - sizeof(ScoreboardHeader) / sizeof(ScoreboardSlot) % kSlotsInPage) % kSlotsInPage;
  static_assert(sizeof(ScoreboardHeader) % sizeof(ScoreboardSlot) == 0);

  /// All zero: free.
  void Clear(uint32_t index) const;
  /// Writes what Open() checks once more, in case that a child has damaged it.
  void Identify() const;

 private:
  bool Map(size_t size);

  FileDescriptor memory_;
  ScoreboardHeader* header_ = nullptr;  // start of the mapping
  std::span<ScoreboardSlot> slots_;
  size_t size_ = 0;
};

}  // namespace lsapi
