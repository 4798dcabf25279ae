// New code: this program itself is what a group replaces its image by.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "support/process_group.h"

namespace lsapi {
namespace {

using test::Client;
using test::Eventually;
using test::GroupOf;
using test::TestGroup;

/// A trial of new code ends with that status.
GroupOptions WithTrial(const char* status) {
  GroupOptions options = GroupOf(2);
  options.program = test::OwnProgram();
  options.program.environment = {std::string("LSAPI_TEST_TRIAL=") + status};
  return options;
}

TEST_SUITE("a reload") {
  TEST_CASE("replaces the code and keeps pid, counters, requests in progress and connections that wait") {
    TestGroup group(WithTrial("0"));
    Client held = group.Ask("/hold");
    CHECK(group.Ask("/generation").Body() == "1");
    CHECK(Eventually([&] { return group.slot(0).active.load() == 1; }));
    kill(group.parent().pid(), SIGHUP);
    CHECK(Eventually([&] { return group.header().generation.load() == 2; }));
    CHECK(Eventually([&] { return group.Ask("/generation").Body() == "2"; }));
    CHECK(group.header().reloads.load() == 1);
    CHECK(group.header().failed_reloads.load() == 0);
    CHECK(group.header().accepted.load() >= 3);
    CHECK(group.header().parent_pid.load() == group.parent().pid());
    CHECK_FALSE(held.HasAnswer());
    group.stage().release.store(true);
    CHECK_FALSE(held.Body().empty());
    CHECK(Eventually([&] { return held.IsClosed(); }));
    CHECK(group.header().crashed_children.load() == 0);
  }

  TEST_CASE("to code that does not load changes nothing") {
    TestGroup group(WithTrial("1"));
    Client before = group.Ask("/pid");
    const std::string pid = before.Body();
    kill(group.parent().pid(), SIGHUP);
    CHECK(Eventually([&] { return group.header().failed_reloads.load() == 1; }));
    CHECK(group.log().Contains("RELOAD FAILED"));
    CHECK(before.Ask("/pid").Body() == pid);
    CHECK(group.header().generation.load() == 1);
    CHECK(group.header().state.load() == static_cast<uint32_t>(GroupPhase::kServing));
  }

  TEST_CASE("to code that must not be loaded before a fork leaves the loading to the children") {
    TestGroup group(WithTrial("10"));
    CHECK(group.Ask("/generation").Body() == "1");
    kill(group.parent().pid(), SIGHUP);
    CHECK(Eventually([&] { return group.header().generation.load() == 2; }));
    CHECK(group.header().mode.load() == static_cast<uint32_t>(GroupMode::kLazy));
    CHECK(Eventually([&] { return group.Ask("/generation").Body() == "2"; }));
  }

  TEST_CASE("that cannot even be tried changes nothing") {
    GroupOptions options = WithTrial("0");
    options.program.file = "/nowhere/lsnode";
    TestGroup group(options);
    CHECK(group.Ask("/generation").Body() == "1");
    kill(group.parent().pid(), SIGHUP);
    CHECK(Eventually([&] { return group.header().failed_reloads.load() == 1; }));
    CHECK(group.Ask("/generation").Body() == "1");
  }

  TEST_CASE("happens many times in a row") {
    TestGroup group(WithTrial("0"));
    for (uint32_t generation = 2; generation <= 4; ++generation) {
      CHECK_FALSE(group.Ask("/pid").Body().empty());
      kill(group.parent().pid(), SIGHUP);
      CHECK(Eventually([&] { return group.header().generation.load() == generation; }));
    }
    CHECK_FALSE(group.Ask("/pid").Body().empty());
    CHECK(group.header().crashed_children.load() == 0);
    CHECK(group.header().reloads.load() == 3);
  }
}

}  // namespace
}  // namespace lsapi
