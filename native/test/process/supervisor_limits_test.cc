// Children that are no longer wanted, and groups.
#include <doctest/doctest.h>

#include <csignal>
#include <string>
#include <vector>

#include "support/process_group.h"

namespace lsapi {
namespace {

using test::Client;
using test::Eventually;
using test::GroupOf;
using test::TestGroup;

/// Has as many children become idle.
void UseChildren(const TestGroup& group, size_t count) {
  std::vector<Client> clients;
  for (size_t index = 0; index < count; ++index) clients.push_back(group.Ask("/hold"));
  CHECK(Eventually([&] { return group.header().busy.load() == count; }));
  group.stage().release.store(true);
  for (Client& client : clients) CHECK_FALSE(client.Body().empty());
}

TEST_SUITE("idle children") {
  TEST_CASE("beyond LSAPI_MAX_IDLE_CHILDREN end at once") {
    GroupOptions options = GroupOf(4);
    options.max_idle_children = 1;
    TestGroup group(options);
    UseChildren(group, 4);
    CHECK(Eventually([&] { return group.children() == 1; }));
    CHECK(group.header().ended_children.load() == 3);
    CHECK(group.header().crashed_children.load() == 0);
  }

  TEST_CASE("stay with LSAPI_KEEP_LISTEN=2, and end without a connection with 0") {
    TestGroup keeps(GroupOf(2));
    GroupOptions options = GroupOf(2);
    options.keep_listen = 0;
    TestGroup ends(options);
    UseChildren(keeps, 2);
    UseChildren(ends, 2);
    CHECK(Eventually([&] { return ends.children() == 0; }));
    CHECK(keeps.children() == 2);
  }

  TEST_CASE("end after LSAPI_MAX_IDLE, and the group after LSAPI_PGRP_MAX_IDLE without any") {
    GroupOptions options = GroupOf(2);
    options.max_idle = 1;
    options.group_max_idle = 1;
    TestGroup group(options);
    Client client = group.Ask("/pid");
    CHECK_FALSE(client.Body().empty());
    CHECK(Eventually([&] { return group.children() == 0; }));
    CHECK(Eventually([&] { return client.IsClosed(); }));
    CHECK(group.parent().ExitStatus() == 0);
    CHECK(group.header().crashed_children.load() == 0);
  }

  TEST_CASE("give memory back after a while, once") {
    TestGroup group(GroupOf(1));
    Client client = group.Ask("/pid");
    CHECK_FALSE(client.Body().empty());
    CHECK(Eventually([&] { return group.stage().relaxed.load() == 1; }));
  }
}

TEST_SUITE("a child") {
  TEST_CASE("is ended where a request takes longer than LSAPI_MAX_PROCESS_TIME") {
    GroupOptions options = GroupOf(2);
    options.max_process_time = 1;
    options.dump_debug_info = true;
    TestGroup group(options);
    Client slow = group.Ask("/spin?of=this");
    Client quick = group.Ask("/pid");
    CHECK_FALSE(quick.Body().empty());
    CHECK(Eventually([&] { return slow.IsClosed(); }));
    CHECK(Eventually([&] { return group.log().Contains("ended by signal 15"); }));
    CHECK(group.log().Contains("has been serving GET /spin?of=this for"));
    CHECK(group.log().Contains("(LSAPI_MAX_PROCESS_TIME); SIGTERM"));
    CHECK(group.log().Contains(": State: "));
    CHECK(group.header().crashed_children.load() == 1);
    CHECK_FALSE(quick.Ask("/pid").Body().empty());
  }

  TEST_CASE("that uses more than LSNODE_MAX_MEMORY ends after its request, and another one serves") {
    GroupOptions options = GroupOf(1);
    options.max_memory = 1;
    TestGroup group(options);
    Client client = group.Ask("/pid");
    const std::string pid = client.Body();
    CHECK(Eventually([&] { return client.IsClosed(); }));
    CHECK(group.log().Contains("(LSNODE_MAX_MEMORY); it ends after its request"));
    CHECK(group.Ask("/pid").Body() != pid);
    CHECK(group.header().crashed_children.load() == 0);
  }
}

TEST_SUITE("a process group whose server is gone") {
  TEST_CASE("ends") {
    GroupOptions options = GroupOf(1);
    options.server = 1;
    TestGroup group(options);
    CHECK(group.parent().ExitStatus() == 0);
    CHECK(group.log().Contains("LSAPI_PPID_NO_CHECK"));
  }
}

}  // namespace
}  // namespace lsapi
