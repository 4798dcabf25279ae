// Idle children that are no longer wanted. What takes a second or more: supervisor_patience_test.cc.
#include <doctest/doctest.h>

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
}

}  // namespace
}  // namespace lsapi
