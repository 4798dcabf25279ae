// A child's side of its group, within one process: the parent is the test.
#include "process/child_link.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "io/clock.h"
#include "support/application.h"
#include "support/forked_process.h"
#include "support/request_builder.h"

namespace lsapi {
namespace {

using test::Application;
using test::kKeepOpen;
using test::RequestBuilder;
using test::WebServer;

std::string RequestFor(const std::string& uri) {
  RequestBuilder builder;
  builder.env = {{"REQUEST_METHOD", "GET"}, {"REQUEST_URI", uri}, {"SCRIPT_NAME", "/script"}};
  return builder.Build().text();
}

class Group : private ChildLinkHandler {
 public:
  /// A child of slot 1, with a connection if `inherits`.
  explicit Group(bool inherits = false, ConnectionSetOptions options = {}) : app(options) {
    ChildSeat seat;
    seat.board = Scoreboard::Open(Duplicate(board.fd()));
    seat.slot = 1;
    seat.channel = Duplicate(channel.child.get());
    seat.parent = 1;
    if (inherits) seat.connection = MakeConnection();
    slot().state.store(static_cast<uint32_t>(SlotState::kStarting));
    link = std::make_unique<ChildLink>(std::move(seat), static_cast<ChildLinkHandler*>(this));
  }

  ScoreboardSlot& slot() const { return board.slot(1); }
  SlotState state() const { return static_cast<SlotState>(slot().state.load()); }
  /// A connection whose other end `servers` gets.
  FileDescriptor MakeConnection() {
    std::array<int, 2> ends;
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) == 0);
    servers.emplace_back(FileDescriptor(ends[1]));
    return FileDescriptor(ends[0]);
  }
  /// Hands a connection over, on which a request comes at once.
  void Connect(const std::string& uri) {
    const FileDescriptor connection = MakeConnection();
    CHECK(SendMessage(channel.parent.get(), MessageType::kConnect, connection.get()));
    servers.back().Send(RequestFor(uri));
    app.Run();
  }
  void Tell(MessageType type) {
    CHECK(SendMessage(channel.parent.get(), type));
    app.Run();
  }
  /// How often the child has rung since the last call.
  int Rings() {
    int rings = 0;
    for (;;) {
      const ReceivedMessage message = ReceiveMessage(channel.parent.get());
      if (message.outcome != ReceivedMessage::Outcome::kMessage) return rings;
      CHECK(message.type == MessageType::kDoorbell);
      ++rings;
    }
  }
  std::string url() const { return ReadText(slot()).url; }

  Scoreboard board = Scoreboard::Create(2);
  Channel channel = MakeChannel();
  std::vector<WebServer> servers;
  Application app;
  std::unique_ptr<ChildLink> link;
  int relaxed = 0;
  std::string retired;

 private:
  static FileDescriptor Duplicate(int fd) { return FileDescriptor(fcntl(fd, F_DUPFD_CLOEXEC, 0)); }
  void OnRelax() override { ++relaxed; }
  void OnRetire(bool orphaned) override { retired += orphaned ? "orphaned" : "told"; }
};

TEST_SUITE("a child of a group") {
  TEST_CASE("serves once its application is there, and tells so") {
    Group group;
    CHECK(group.state() == SlotState::kStarting);
    CHECK(group.link->slot_index() == 1);
    CHECK(group.link->Attach(&group.app.set) == 0);
    CHECK(group.state() == SlotState::kServing);
    CHECK(group.Rings() == 1);
    CHECK(group.slot().adopted.load() == 0);
  }

  TEST_CASE("serves the connection that it was started for") {
    Group group(true);
    REQUIRE(group.link->Attach(&group.app.set) == 0);
    CHECK(group.slot().adopted.load() == 1);
    CHECK(group.slot().connections.load() == 1);
    group.servers[0].Send(RequestFor("/first"));
    // A PID notice stands for the acknowledgement.
    CHECK(test::Describe(group.app.RunAndReceive(&group.servers[0])).starts_with("RESP_HEADER(200;"));
    CHECK(group.url() == "/first");
    CHECK(group.slot().responses.load() == 1);
  }

  TEST_CASE("serves connections that are handed over") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Connect("/a");
    group.Connect("/b");
    for (WebServer& server : group.servers) CHECK(server.Hear().starts_with("RESP_HEADER(200;"));
    CHECK(group.slot().adopted.load() == 2);
    CHECK(group.slot().connections.load() == 2);
    CHECK(group.slot().requests.load() == 2);
    CHECK(group.slot().closed.load() == 0);
    group.Rings();
    group.servers[0].Close();
    group.app.Run();
    CHECK(group.slot().connections.load() == 1);
    CHECK(group.slot().closed.load() == 1);
    CHECK(group.Rings() == 1);
  }

  TEST_CASE("counts a connection that it could not serve as closed") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Rings();
    const test::OwnLog log;
    // Lost on its way: the descriptor has not come.
    group.Tell(MessageType::kConnect);
    CHECK(group.slot().adopted.load() == 1);
    CHECK(group.slot().closed.load() == 1);
    CHECK(group.Rings() == 1);
    CHECK(log.Contains("a connection could not be served"));
  }

  TEST_CASE("shows its oldest request, however many there are") {
    Group group;
    group.link->Attach(&group.app.set);
    std::vector<std::pair<uint32_t, uint32_t>> open;
    group.app.on_request = [&](Connection& connection) {
      open.emplace_back(connection.slot(), connection.serial());
    };
    const auto answer = [&](size_t index) {
      Connection* const connection = group.app.set.Find(open[index].first, open[index].second);
      REQUIRE(connection != nullptr);
      group.app.Send(*connection, {});
      group.app.Run();
    };
    auto next_tick = [begin = CoarseMilliseconds()]() mutable {
      CHECK(test::Eventually([&] { return CoarseMilliseconds() > begin; }));
      begin = CoarseMilliseconds();
    };
    group.Connect("/oldest");
    next_tick();
    group.Connect("/second");
    next_tick();
    group.Connect("/third");
    ScoreboardSlot& slot = group.slot();
    CHECK(slot.active.load() == 3);
    CHECK(group.url() == "/oldest");
    CHECK(ReadText(slot).method == "GET");
    const uint64_t began = slot.request_began_ms.load();
    CHECK(began > 0);
    answer(1);
    CHECK(group.url() == "/oldest");
    CHECK(slot.request_began_ms.load() == began);
    answer(0);
    CHECK(group.url() == "/third");
    CHECK(slot.request_began_ms.load() > began);
    CHECK(slot.active.load() == 1);
    answer(2);
    CHECK(slot.active.load() == 0);
    CHECK(slot.request_began_ms.load() == 0);
    CHECK(slot.requests.load() == 3);
    CHECK(slot.responses.load() == 3);
    CHECK(slot.last_activity_ms.load() >= began);
    // The last one stays to be seen.
    CHECK(group.url() == "/third");
  }

  TEST_CASE("shows the script where a request has no URI") {
    Group group;
    group.link->Attach(&group.app.set);
    group.app.on_request = kKeepOpen;
    const FileDescriptor connection = group.MakeConnection();
    CHECK(SendMessage(group.channel.parent.get(), MessageType::kConnect, connection.get()));
    RequestBuilder builder;
    builder.env = {{"SCRIPT_NAME", "/script"}};
    group.servers.back().Send(builder.Build().text());
    group.app.Run();
    CHECK(group.url() == "/script");
  }

  TEST_CASE("counts a request that its server gives up as ended") {
    Group group;
    group.link->Attach(&group.app.set);
    group.app.on_request = kKeepOpen;
    group.Connect("/a");
    CHECK(group.slot().active.load() == 1);
    group.servers[0].Close();
    group.app.Run();
    CHECK(group.slot().active.load() == 0);
    CHECK(group.slot().connections.load() == 0);
    CHECK(group.slot().request_began_ms.load() == 0);
  }

  TEST_CASE("answers pings in its slot") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Rings();
    group.Tell(MessageType::kPing);
    CHECK(group.slot().pongs.load() == 1);
    CHECK(group.slot().idle_connection_ms.load() == 0);
    CHECK(group.Rings() == 1);
    group.Connect("/a");
    group.Tell(MessageType::kPing);
    CHECK(group.slot().pongs.load() == 2);
    CHECK(group.slot().idle_connection_ms.load() > 0);
  }

  TEST_CASE("gives up its longest idle connection when others wait") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Connect("/a");
    group.servers[0].Receive();
    group.Tell(MessageType::kShed);
    CHECK(group.servers[0].Hear() == "CONN_CLOSE");
    CHECK(group.servers[0].IsClosed());
    CHECK(group.slot().closed.load() == 1);
    // With none that is idle it rings, so that the parent asks somebody else.
    group.Rings();
    group.Tell(MessageType::kShed);
    CHECK(group.Rings() == 1);
  }

  TEST_CASE("is told when to give memory back") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Tell(MessageType::kRelax);
    CHECK(group.relaxed == 1);
    CHECK(group.state() == SlotState::kServing);
  }

  TEST_CASE("does not mind messages that it does not know") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Tell(static_cast<MessageType>(200));
    group.Tell(MessageType::kDoorbell);
    group.Connect("/a");
    CHECK(group.servers[0].Hear().starts_with("RESP_HEADER(200;"));
  }

  TEST_CASE("finishes its requests when it is told to end, and leaves to the parent what it has not taken") {
    Group group;
    group.link->Attach(&group.app.set);
    Connection* held = nullptr;
    group.app.on_request = [&](Connection& connection) { held = &connection; };
    group.Connect("/a");
    REQUIRE(held != nullptr);
    group.Rings();
    CHECK(SendMessage(group.channel.parent.get(), MessageType::kRetire));
    const FileDescriptor late = group.MakeConnection();
    CHECK(SendMessage(group.channel.parent.get(), MessageType::kConnect, late.get()));
    group.app.Run();
    CHECK(group.retired == "told");
    CHECK(group.state() == SlotState::kDraining);
    CHECK(group.Rings() >= 1);
    CHECK(group.slot().adopted.load() == 1);
    CHECK(ReceiveMessage(group.channel.child.get()).fd.is_open());
    group.app.Send(*held, {});
    CHECK(test::Describe(group.app.RunAndReceive(&group.servers[0])).ends_with("RESP_END CONN_CLOSE"));
    CHECK(group.app.Events().ends_with("drained"));
  }

  TEST_CASE("ends as well when its parent is gone") {
    Group group;
    group.link->Attach(&group.app.set);
    group.channel.parent.Reset();
    group.app.Run();
    CHECK(group.retired == "orphaned");
    CHECK(group.app.Events().ends_with("drained"));
  }

  TEST_CASE("stops taking connections when it has had its share of requests") {
    ConnectionSetOptions options;
    options.max_requests = 1;
    Group group(false, options);
    group.link->Attach(&group.app.set);
    group.Connect("/a");
    CHECK(group.state() == SlotState::kDraining);
    CHECK(group.retired.empty());
    group.Connect("/late");
    CHECK(group.slot().adopted.load() == 1);
    CHECK(ReceiveMessage(group.channel.child.get()).fd.is_open());
  }

  TEST_CASE("tells why it cannot serve") {
    Group group;
    group.link->MarkFailed("Cannot find module 'x'");
    CHECK(group.state() == SlotState::kFailed);
    CHECK(group.url() == "Cannot find module 'x'");
    CHECK(group.Rings() == 1);
    group.link->Attach(&group.app.set);
    CHECK(group.state() == SlotState::kFailed);
  }

  TEST_CASE("knows that it takes too long, and how many of its siblings are busy") {
    Group group;
    CHECK_FALSE(group.link->is_overdue());
    group.slot().kills.store(1);
    CHECK(group.link->is_overdue());
    group.board.header().busy.store(3);
    CHECK(group.link->busy_children()->load() == 3);
  }

  TEST_CASE("may go before its connections do") {
    Group group;
    group.link->Attach(&group.app.set);
    group.Connect("/a");
    group.link.reset();
    group.servers[0].Receive();
    group.servers[0].Send(RequestFor("/b"));
    CHECK(test::Describe(group.app.RunAndReceive(&group.servers[0])).ends_with("RESP_END"));
  }
}

}  // namespace
}  // namespace lsapi
