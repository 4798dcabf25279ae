// What a parent concludes from what children write to their slots.
#include "process/child_table.h"

#include <doctest/doctest.h>

#include <limits>
#include <memory>

namespace lsapi {
namespace {

constexpr uint64_t kHuge = std::numeric_limits<uint64_t>::max();

struct Fixture {
  Child& Add(uint32_t slot, pid_t pid) {
    auto child = std::make_unique<Child>();
    child->slot = slot;
    child->pid = pid;
    return table.Add(std::move(child));
  }
  void Become(const Child& child, SlotState state) {
    table.slot(child).state.store(static_cast<uint32_t>(state));
  }

  Scoreboard board = Scoreboard::Create(3);
  ChildTable table{&board};
};

TEST_SUITE("a table of children") {
  TEST_CASE("finds free slots until there is none") {
    Fixture f;
    CHECK(f.table.FindFreeSlot() == 0);
    f.Add(0, 10);
    f.Add(2, 12);
    CHECK(f.table.FindFreeSlot() == 1);
    f.Add(1, 11);
    CHECK(f.table.FindFreeSlot() == f.board.slot_count());
    f.board.header().slot_count = 1'000'000;
    CHECK(f.table.FindFreeSlot() == f.board.slot_count());
    f.table.Remove(0);
    CHECK(f.table.FindFreeSlot() == 0);
  }

  TEST_CASE("finds children by slot and by pid, and clears the slot of one that is gone") {
    Fixture f;
    Child& child = f.Add(1, 11);
    CHECK(f.table.at(1) == &child);
    CHECK(f.table.at(0) == nullptr);
    CHECK(f.table.at(99) == nullptr);
    CHECK(f.table.FindPid(11) == &child);
    CHECK(f.table.FindPid(12) == nullptr);
    CHECK(f.table.size() == 1);
    f.table.slot(child).requests.store(5);
    f.table.Remove(1);
    f.table.Remove(1);
    f.table.Remove(99);
    CHECK(f.table.size() == 0);
    CHECK(f.board.slot(1).requests.load() == 0);
  }

  TEST_CASE("counts connections that were handed over and not closed, waiting ones included") {
    Fixture f;
    Child& child = f.Add(0, 10);
    child.handed = 3;
    CHECK(f.table.connections(child) == 3);
    f.table.slot(child).closed.store(2);
    CHECK(f.table.connections(child) == 1);
    // More than there were: nonsense, but no number below zero.
    f.table.slot(child).closed.store(kHuge);
    CHECK(f.table.connections(child) == 0);
  }

  TEST_CASE("knows since when a child has been idle") {
    Fixture f;
    Child& child = f.Add(0, 10);
    child.started = 5;
    CHECK(f.table.idle_since(child) == 5);
    child.last_handed = 7;
    CHECK(f.table.idle_since(child) == 7);
    f.table.slot(child).last_activity_ms.store(9);
    CHECK(f.table.idle_since(child) == 9);
  }

  TEST_CASE("gives connections only to children that start or serve and were not told to end") {
    Fixture f;
    Child& child = f.Add(0, 10);
    CHECK_FALSE(f.table.is_open(child));
    for (const SlotState state : {SlotState::kStarting, SlotState::kServing}) {
      f.Become(child, state);
      CHECK(f.table.is_open(child));
    }
    child.retire_sent = 1;
    CHECK_FALSE(f.table.is_open(child));
    child.retire_sent = 0;
    for (const SlotState state : {SlotState::kDraining, SlotState::kFailed, static_cast<SlotState>(77)}) {
      f.Become(child, state);
      CHECK_FALSE(f.table.is_open(child));
    }
  }

  TEST_CASE("holds a child for hanging that answers no ping or takes no connection") {
    Fixture f;
    Child& child = f.Add(0, 10);
    f.Become(child, SlotState::kServing);
    CHECK_FALSE(f.table.hangs(child, 10'000, 200));
    child.pings = 1;
    child.ping_sent = 10'000;
    CHECK_FALSE(f.table.hangs(child, 10'199, 200));
    CHECK(f.table.hangs(child, 10'200, 200));
    f.table.slot(child).pongs.store(1);
    CHECK_FALSE(f.table.hangs(child, 20'000, 200));
    child.waits_since = 10'000;
    CHECK_FALSE(f.table.hangs(child, 10'199, 200));
    CHECK(f.table.hangs(child, 10'200, 200));
    f.Become(child, SlotState::kStarting);
    CHECK_FALSE(f.table.hangs(child, 10'200, 200));
  }

  TEST_CASE("does not believe in more answers than there were pings") {
    Fixture f;
    Child& child = f.Add(0, 10);
    f.Become(child, SlotState::kServing);
    f.table.slot(child).pongs.store(kHuge);
    CHECK(f.table.hangs(child, 10'000, 200));
  }
}

}  // namespace
}  // namespace lsapi
