// Which process gets a connection. The group is a real one, and the tests are its web server.
#include <doctest/doctest.h>

#include <csignal>
#include <cstring>
#include <set>
#include <string>
#include <vector>

#include "support/process_group.h"
#include "support/response_text.h"

namespace lsapi {
namespace {

using test::Client;
using test::Eventually;
using test::GroupOf;
using test::TestGroup;

/// As many clients as that, each with a request in progress.
std::vector<Client> Hold(const TestGroup& group, size_t count) {
  std::vector<Client> clients;
  for (size_t index = 0; index < count; ++index) clients.push_back(group.Ask("/hold"));
  return clients;
}

uint64_t Requests(const TestGroup& group) {
  uint64_t requests = 0;
  for (uint32_t index = 0; index < 16; ++index) requests += group.slot(index).requests.load();
  return requests;
}

TEST_SUITE("a process group") {
  TEST_CASE("has no child before the first connection, and forks one for it") {
    TestGroup group(GroupOf(2));
    Client client = group.Connect();
    CHECK(Eventually([&] { return group.children() == 1; }));
    client.Ask("/pid");
    const std::string heard = client.Hear();
    const int32_t pid = group.slot(0).pid.load();
    // The notice comes from who answers, and stands for the acknowledgement.
    std::string notice("STDERR_STREAM(\0PID", 18);
    notice.append(reinterpret_cast<const char*>(&pid), sizeof pid);
    CHECK(heard == notice + ") RESP_HEADER(200; Content-Type: text/plain) RESP_STREAM(" +
                       std::to_string(pid) + ") RESP_END");
    CHECK(pid != group.parent().pid());
    CHECK(group.header().parent_pid.load() == group.parent().pid());
    CHECK(group.header().accepted.load() == 1);
    CHECK(group.header().started_children.load() == 1);
    CHECK(group.header().generation.load() == 1);
    CHECK(group.header().state.load() == static_cast<uint32_t>(GroupPhase::kServing));
    CHECK(std::strcmp(group.header().root, "/srv/app") == 0);
  }

  TEST_CASE("uses a free child again") {
    TestGroup group(GroupOf(4));
    std::set<std::string> pids;
    for (int count = 0; count < 5; ++count) {
      {
        Client client = group.Ask("/pid");
        pids.insert(client.Body());
      }
      CHECK(Eventually([&] { return group.IsIdle(); }));
    }
    CHECK(pids.size() == 1);
    CHECK(group.header().started_children.load() == 1);
  }

  TEST_CASE("has a child for each connection, up to the limit; others wait until one is free") {
    TestGroup group(GroupOf(2));
    std::vector<Client> clients = Hold(group, 3);
    CHECK(Eventually([&] { return Requests(group) == 2 && group.header().limit_reached.load() > 0; }));
    CHECK(group.children() == 2);
    CHECK(group.header().busy.load() == 2);
    CHECK_FALSE(clients[2].HasAnswer());
    CHECK(Eventually([&] { return group.log().Contains("Reached max children process limit: 2"); }));
    group.stage().release.store(true);
    std::set<std::string> pids;
    for (Client& client : clients) {
      pids.insert(client.Body());
      client.Close();
    }
    CHECK(pids.size() == 2);
    CHECK(group.header().started_children.load() == 2);
  }

  TEST_CASE("closes the longest idle connection for one that waits") {
    TestGroup group(GroupOf(1));
    Client idle = group.Ask("/pid");
    const std::string pid = idle.Body();
    Client next = group.Ask("/pid");
    CHECK(next.Body() == pid);
    CHECK(Eventually([&] { return idle.IsClosed(); }));
    CHECK(test::Describe(idle.received()) == "CONN_CLOSE");
    CHECK(group.header().limit_reached.load() >= 1);
  }

  TEST_CASE("prefers new children to shared ones, and then the least loaded") {
    TestGroup group(GroupOf(2, 2));
    std::vector<Client> clients = Hold(group, 4);
    CHECK(Eventually([&] { return Requests(group) == 4; }));
    CHECK(group.children() == 2);
    CHECK(group.slot(0).active.load() == 2);
    CHECK(group.slot(1).active.load() == 2);
    clients.push_back(group.Ask("/hold"));
    CHECK(Eventually([&] { return group.header().limit_reached.load() == 1; }));
    CHECK(Requests(group) == 4);
    group.stage().release.store(true);
    CHECK(clients[0].Body() != clients[1].Body());
  }

  TEST_CASE("gives a connection that hangs in a child's channel to another") {
    TestGroup group(GroupOf(2));
    Client first = group.Ask("/pid");
    const std::string pid = first.Body();
    first.Close();
    CHECK(Eventually([&] { return group.IsIdle(); }));
    group.stage().hang.store(std::stoi(pid));
    CHECK(Eventually([&] { return group.stage().hanging.load() == std::stoi(pid); }));
    Client second = group.Ask("/pid");
    const std::string other = second.Body();
    CHECK(other != pid);
    CHECK_FALSE(other.empty());
    CHECK(group.children() == 2);
    // It has answered pings before it gets connections again.
    group.stage().hang.store(0);
    Client third = group.Ask("/pid");
    CHECK(Eventually([&] { return third.HasAnswer(); }));
    CHECK(group.header().started_children.load() == 2);
  }

  TEST_CASE("starts extra children where others hang") {
    GroupOptions options = GroupOf(1);
    options.extra_children = 1;
    TestGroup group(options);
    Client first = group.Ask("/pid");
    const std::string pid = first.Body();
    group.stage().hang.store(std::stoi(pid));
    CHECK(Eventually([&] { return group.stage().hanging.load() != 0; }));
    Client second = group.Ask("/pid");
    const std::string other = second.Body();
    CHECK_FALSE(other.empty());
    CHECK(other != pid);
  }

  TEST_CASE("starts children as programs of their own where it cannot fork") {
    GroupOptions options = GroupOf(2);
    options.mode = GroupMode::kSpawned;
    options.program = test::OwnProgram();
    TestGroup group(options);
    Client first = group.Ask("/pid");
    const std::string pid = first.Body();
    CHECK(pid == std::to_string(group.slot(0).pid.load()));
    Client second = group.Ask("/pid");
    CHECK(second.Body() != pid);
    CHECK(group.children() == 2);
    CHECK(group.header().crashed_children.load() == 0);
  }
}

TEST_SUITE("the end of a process group") {
  TEST_CASE("comes at once where it has nothing to do") {
    for (const int signal : {SIGTERM, SIGUSR1, SIGINT}) {
      TestGroup group(GroupOf(2));
      Client client = group.Ask("/pid");
      CHECK_FALSE(client.Body().empty());
      client.Close();
      CHECK(group.Stop(signal) == 0);
      CHECK(group.children() == 0);
      CHECK(group.header().crashed_children.load() == 0);
      CHECK(group.header().requests_of_ended.load() == 1);
    }
  }

  TEST_CASE("comes after the requests that are in progress") {
    GroupOptions options = GroupOf(2);
    options.grace = 30;
    TestGroup group(options);
    std::vector<Client> clients = Hold(group, 1);
    CHECK(Eventually([&] { return Requests(group) == 1; }));
    kill(group.parent().pid(), SIGTERM);
    CHECK(Eventually(
        [&] { return group.header().state.load() == static_cast<uint32_t>(GroupPhase::kStopping); }));
    CHECK_FALSE(group.parent().HasEnded());
    group.stage().release.store(true);
    CHECK_FALSE(clients[0].Body().empty());
    CHECK(group.parent().ExitStatus() == 0);
    CHECK(group.header().crashed_children.load() == 0);
    CHECK(group.log().Contains("SIGTERM: finishing 1 request,"));
  }

  TEST_CASE("ends the children of a parent that was killed") {
    TestGroup group(GroupOf(1));
    Client client = group.Ask("/pid");
    const pid_t pid = std::stoi(client.Body());
    client.Close();
    Client held = group.Ask("/hold");
    CHECK(Eventually([&] { return group.slot(0).active.load() == 1; }));
    CHECK(group.slot(0).requests.load() == 2);
    group.KillParent();
    group.stage().release.store(true);
    CHECK(held.Body() == std::to_string(pid));
    CHECK(Eventually([&] { return held.IsClosed() && kill(pid, 0) != 0; }));
  }
}

}  // namespace
}  // namespace lsapi
