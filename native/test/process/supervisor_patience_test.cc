// What a parent does when a second or more has passed. The groups of these tests run side by side: all of
// them begin with the first test, so that together they take as long as the slowest.
#include <doctest/doctest.h>

#include <csignal>
#include <functional>
#include <string>

#include "support/process_group.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Client;
using test::Eventually;
using test::GroupOf;
using test::TestGroup;

GroupOptions With(GroupOptions options, const std::function<void(GroupOptions&)>& change) {
  change(options);
  return options;
}

/// One group for each test.
struct Groups {
  TestGroup idle{
      With(GroupOf(2), [](GroupOptions& options) { options.max_idle = options.group_max_idle = 1; })};
  Client of_idle = idle.Ask("/pid");
  TestGroup relaxing{GroupOf(1)};
  Client of_relaxing = relaxing.Ask("/pid");
  TestGroup overdue{With(GroupOf(2), [](GroupOptions& options) {
    options.max_process_time = 1;
    options.dump_debug_info = true;
  })};
  Client slow = overdue.Ask("/spin?of=this");
  Client quick = overdue.Ask("/pid");
  TestGroup large{With(GroupOf(1), [](GroupOptions& options) { options.max_memory = 1; })};
  Client of_large = large.Ask("/pid");
  TestGroup orphaned{With(GroupOf(1), [](GroupOptions& options) { options.server = 1; })};
  TestGroup childless{GroupOf(2), [] { test::system_calls().fail_forks = 1'000'000; }};
  Client of_childless = childless.Ask("/pid");
  TestGroup stubborn{With(GroupOf(1), [](GroupOptions& options) { options.grace = 0; })};
};

Groups& groups() {
  static Groups groups;
  return groups;
}

TEST_SUITE("a group in which time passes") {
  TEST_CASE("ends by SIGKILL a child that does not end with it") {
    TestGroup& group = groups().stubborn;
    Client client = group.Ask("/pid");
    group.stage().hang.store(std::stoi(client.Body()));
    CHECK(Eventually([&] { return group.stage().hanging.load() != 0; }));
    CHECK(group.Stop(SIGTERM) == 0);
    CHECK(group.log().Contains("has not ended (LSNODE_GRACE); SIGKILL"));
  }

  TEST_CASE("ends idle children after LSAPI_MAX_IDLE, and itself after LSAPI_PGRP_MAX_IDLE without any") {
    TestGroup& group = groups().idle;
    CHECK_FALSE(groups().of_idle.Body().empty());
    CHECK(Eventually([&] { return groups().of_idle.IsClosed(); }));
    CHECK(group.parent().ExitStatus() == 0);
    CHECK(group.children() == 0);
    CHECK(group.header().ended_children.load() == 1);
    CHECK(group.header().crashed_children.load() == 0);
  }

  TEST_CASE("tells an idle child once to give memory back") {
    CHECK_FALSE(groups().of_relaxing.Body().empty());
    CHECK(Eventually([&] { return groups().relaxing.stage().relaxed.load() == 1; }));
  }

  TEST_CASE("ends a child whose request takes longer than LSAPI_MAX_PROCESS_TIME") {
    TestGroup& group = groups().overdue;
    CHECK_FALSE(groups().quick.Body().empty());
    CHECK(Eventually([&] { return groups().slow.IsClosed(); }));
    CHECK(Eventually([&] { return group.log().Contains("ended by signal 15"); }));
    CHECK(group.log().Contains("has been serving GET /spin?of=this for"));
    CHECK(group.log().Contains("(LSAPI_MAX_PROCESS_TIME); SIGTERM"));
    CHECK(group.log().Contains(": State: "));
    CHECK(group.header().crashed_children.load() == 1);
    CHECK_FALSE(groups().quick.Ask("/pid").Body().empty());
  }

  TEST_CASE("ends a child that uses more than LSNODE_MAX_MEMORY after its request, and serves on") {
    TestGroup& group = groups().large;
    const std::string pid = groups().of_large.Body();
    CHECK(Eventually([&] { return groups().of_large.IsClosed(); }));
    CHECK(group.log().Contains("(LSNODE_MAX_MEMORY); it ends after its request"));
    CHECK(group.Ask("/pid").Body() != pid);
    CHECK(group.header().crashed_children.load() == 0);
  }

  TEST_CASE("ends when its server is gone") {
    CHECK(groups().orphaned.parent().ExitStatus() == 0);
    CHECK(groups().orphaned.log().Contains("LSAPI_PPID_NO_CHECK"));
  }

  TEST_CASE("answers by itself where it has no child and can make none") {
    CHECK(groups().of_childless.Hear().find("RESP_HEADER(503") != std::string::npos);
    CHECK(groups().childless.header().started_children.load() == 0);
    CHECK(groups().childless.header().fork_failures.load() > 0);
  }
}

}  // namespace
}  // namespace lsapi
