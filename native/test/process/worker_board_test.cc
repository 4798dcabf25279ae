// The scoreboard of a process that serves alone, and what is counted of its answers.
#include "process/worker_board.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <numeric>
#include <string>

#include "support/application.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::Application;
using test::RequestBuilder;
using test::WebServer;

uint64_t Sum(const std::atomic<uint64_t> (&counters)[40]) {
  return std::accumulate(std::begin(counters), std::end(counters), uint64_t{0},
                         [](uint64_t sum, const auto& one) { return sum + one.load(); });
}

/// The one scoreboard that this process holds, as somebody finds it who looks from outside.
Scoreboard FindBoard() {
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code ignored;
    const std::string link = std::filesystem::read_symlink(entry.path(), ignored).string();
    if (link.find(kScoreboardName) == std::string::npos) continue;
    Scoreboard board = Scoreboard::Open(FileDescriptor(open(entry.path().c_str(), O_RDWR | O_CLOEXEC)));
    // Other tests of this process may have boards of groups.
    if (board.is_open() && board.header().parent_pid.load() == getpid()) return board;
  }
  return {};
}

TEST_SUITE("the totals of a process") {
  TEST_CASE("count an answer by its duration, its status and in the sum") {
    const Scoreboard board = Scoreboard::Create(1);
    RequestTotals& totals = board.slot(0).totals;
    CountAnswer(totals, 100, 200);  // the bound itself is included
    CountAnswer(totals, 101, 404);
    CountAnswer(totals, 100'000'001, 0);  // beyond the last bound, given up
    CHECK(totals.durations[0].load() == 1);
    CHECK(totals.durations[1].load() == 1);
    CHECK(totals.durations[kDurationBounds.size()].load() == 1);
    CHECK(Sum(totals.durations) == 3);
    CHECK(totals.statuses[2].load() == 1);
    CHECK(totals.statuses[4].load() == 1);
    CHECK(totals.statuses[0].load() == 1);
    CHECK(totals.duration_us.load() == 100'000'202);
  }

  TEST_CASE("put every duration between the bounds around it") {
    const Scoreboard board = Scoreboard::Create(1);
    for (uint64_t duration = 0; duration < 300'000'000; duration += 1 + duration / 7) {
      board.Clear(0);
      RequestTotals& totals = board.slot(0).totals;
      CountAnswer(totals, duration, 200);
      size_t bucket = 0;
      while (totals.durations[bucket].load() == 0) ++bucket;
      CHECK((bucket == 0 || duration > kDurationBounds[bucket - 1]));
      CHECK((bucket == kDurationBounds.size() || duration <= kDurationBounds[bucket]));
    }
  }

  TEST_CASE("have a place for statuses that are none") {
    const Scoreboard board = Scoreboard::Create(1);
    CountAnswer(board.slot(0).totals, 1, 999);
    CountAnswer(board.slot(0).totals, 1, UINT32_MAX);
    CHECK(board.slot(0).totals.statuses[0].load() == 2);
  }

  TEST_CASE("move to those of the group, and are found in one place only") {
    const Scoreboard board = Scoreboard::Create(1);
    CountAnswer(board.header().totals_of_ended, 5, 200);
    CountAnswer(board.slot(0).totals, 7, 200);
    MoveTotals(board.header().totals_of_ended, board.slot(0).totals);
    CHECK(board.header().totals_of_ended.statuses[2].load() == 2);
    CHECK(board.header().totals_of_ended.duration_us.load() == 12);
    CHECK(board.header().totals_of_ended.durations[0].load() == 2);
    CHECK(Sum(board.slot(0).totals.durations) == 0);
    CHECK(board.slot(0).totals.duration_us.load() == 0);
  }
}

TEST_SUITE("a worker's scoreboard") {
  TEST_CASE("is found by those who look, and says what the process is") {
    const std::unique_ptr<WorkerBoard> own = WorkerBoard::Open("/srv/" + std::string(400, 'a'));
    REQUIRE(own != nullptr);
    const Scoreboard board = FindBoard();
    REQUIRE(board.is_open());
    CHECK(board.slot_count() == 1);
    CHECK(board.header().parent_pid.load() == getpid());
    CHECK(board.header().mode.load() == static_cast<uint32_t>(GroupMode::kWorker));
    CHECK(std::string(board.header().root) == "/srv/" + std::string(250, 'a'));
    CHECK(board.slot(0).pid.load() == getpid());
    CHECK(board.slot(0).state.load() == static_cast<uint32_t>(SlotState::kServing));
  }

  TEST_CASE("counts what the set does") {
    Application app;
    const std::unique_ptr<WorkerBoard> own = WorkerBoard::Open("/srv");
    REQUIRE(own != nullptr);
    own->Attach(&app.set);
    const Scoreboard board = FindBoard();
    app.on_request = [&app](Connection& connection) { app.Send(connection, {.body = "no", .status = 404}); };
    WebServer server = app.Connect();
    RequestBuilder builder;
    builder.env = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", "/x"}};
    server.Send(builder.Build().text());
    app.Run();
    const ScoreboardSlot& slot = board.slot(0);
    CHECK(board.header().accepted.load() == 1);
    CHECK(board.header().busy.load() == 1);
    CHECK(slot.requests.load() == 1);
    CHECK(slot.responses.load() == 1);
    CHECK(slot.connections.load() == 1);
    CHECK(slot.totals.statuses[4].load() == 1);
    CHECK(Sum(slot.totals.durations) == 1);
    CHECK(ReadText(slot).url == "/x");
    app.set.Drain();
    app.Run();
    CHECK(board.header().state.load() == static_cast<uint32_t>(GroupPhase::kStopping));
    CHECK(board.header().busy.load() == 0);
    CHECK(slot.connections.load() == 0);
  }
}

}  // namespace
}  // namespace lsapi
