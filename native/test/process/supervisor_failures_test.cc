// Children that fail, processes that cannot be made, and children that do to their parent whatever they can.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "support/process_group.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Client;
using test::Eventually;
using test::GroupOf;
using test::TestGroup;

bool IsAnswered(const TestGroup& group) { return !group.Ask("/pid").Body().empty(); }

TEST_SUITE("a child that dies") {
  TEST_CASE("is replaced, and told of with its request") {
    TestGroup group(GroupOf(1));
    CHECK(IsAnswered(group));
    Client client = group.Ask("/hold");
    CHECK(Eventually([&] { return group.slot(0).active.load() == 1; }));
    kill(group.slot(0).pid.load(), SIGKILL);
    CHECK(Eventually([&] { return client.IsClosed(); }));
    CHECK(IsAnswered(group));
    CHECK(group.header().crashed_children.load() == 1);
    CHECK(group.log().Contains("ended by signal 9 (SIGKILL) while it was serving GET /hold"));
  }

  TEST_CASE("again and again before its first answer slows the group down, which tells why meanwhile") {
    TestGroup group(GroupOf(2));
    std::string heard;
    CHECK(Eventually([&] {
      Client client = group.Ask("/exit/3");
      heard = client.Hear();
      return heard.find("RESP_HEADER(503") != std::string::npos;
    }));
    const uint64_t crashes = group.header().crashed_children.load();
    CHECK(crashes >= 2);
    CHECK(group.log().Contains("children in a row ended before their first answer"));
    CHECK(Eventually([&] { return group.header().refused.load() >= 1; }));
    // Afterwards it tries again, and one that answers ends the matter.
    CHECK(Eventually([&] { return group.Ask("/pid").Hear().find("RESP_HEADER(200") != std::string::npos; }));
  }

  TEST_CASE("because it cannot load tells the reason in the page") {
    TestGroup group(GroupOf(1));
    std::string body;
    CHECK(Eventually([&] {
      body = group.Ask("/fail").Body();
      return !body.empty();
    }));
    CHECK(body.find("Service Unavailable") != std::string::npos);
    CHECK(body.find("the application is not there") != std::string::npos);
  }
}

TEST_SUITE("an application that does not load") {
  TEST_CASE("is answered for with the page that was made for that") {
    GroupOptions options = GroupOf(2);
    options.failure_page = "<h1>SyntaxError</h1>";
    options.page_type = "text/html";
    TestGroup group(options);
    const std::string heard = group.Ask("/pid").Hear();
    CHECK(heard.find("RESP_HEADER(503; Content-Type: text/html") != std::string::npos);
    CHECK(heard.find("RESP_STREAM(<h1>SyntaxError</h1>)") != std::string::npos);
    CHECK(group.children() == 0);
    CHECK(group.header().state.load() == static_cast<uint32_t>(GroupPhase::kFailed));
  }
}

TEST_SUITE("where no process can be made") {
  TEST_CASE("a connection waits, and is served when one can") {
    TestGroup group(GroupOf(2), [] { test::system_calls().fail_forks = 3; });
    CHECK(IsAnswered(group));
    CHECK(group.header().fork_failures.load() == 3);
    CHECK(group.log().Contains("cannot start a child: Resource temporarily unavailable"));
  }
}

TEST_SUITE("a child that misbehaves") {
  TEST_CASE("by closing its line to the parent is ended") {
    TestGroup group(GroupOf(1));
    Client client = group.Ask("/shut");
    CHECK(client.Body() == "shut");
    CHECK(Eventually([&] { return group.header().ended_children.load() == 1; }));
    CHECK(group.log().Contains("has closed the line to its parent"));
    CHECK(IsAnswered(group));
  }

  TEST_CASE("by writing nonsense to all memory that it shares harms nobody else") {
    TestGroup group(GroupOf(3));
    Client noise = group.Ask("/noise");
    for (int count = 0; count < 50; ++count) {
      CAPTURE(count);
      Client client = group.Ask("/pid");
      CHECK(Eventually([&] { return client.HasAnswer(); }));
    }
    CHECK_FALSE(group.parent().HasEnded());
    CHECK(group.header().crashed_children.load() == 0);
    CHECK(group.slot(5).pid.load() == 0);
  }

  TEST_CASE("and is killed leaves nothing of that behind") {
    TestGroup group(GroupOf(2));
    Client noise = group.Ask("/noise");
    CHECK(Eventually([&] { return group.header().started_children.load() == 1; }));
    CHECK(IsAnswered(group));
    noise.Close();
    const uint64_t ended = group.header().ended_children.load();
    CHECK(ended <= 1);
    CHECK(group.Stop(SIGTERM) == 0);
    CHECK(group.children() == 0);
  }
}

}  // namespace
}  // namespace lsapi
