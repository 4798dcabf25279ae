// What a request costs: system calls and allocations are the budget of the hot path.
#include <doctest/doctest.h>
#include <sanitizer/allocator_interface.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "protocol/response_writer.h"
#include "support/application.h"
#include "support/request_builder.h"
#include "support/system_calls.h"

namespace lsapi {
namespace {

using test::Application;
using test::PlainRequest;
using test::RequestBuilder;
using test::RequestWithBody;
using test::system_calls;
using test::SystemCalls;
using test::WebServer;

bool counting = false;
size_t allocations = 0;

void CountAllocation(const volatile void* /*memory*/, size_t /*size*/) {
  if (counting) ++allocations;
}
void IgnoreRelease(const volatile void* /*memory*/) {}

/// Reads the body and answers without the conveniences of test::Application, which allocate.
class Responder {
 public:
  explicit Responder(Application* app) : set_(&app->set) {
    app->on_request = app->on_body = [this](Connection& connection) { Handle(connection); };
  }

 private:
  void Handle(Connection& connection) {
    while (set_->ReadBody(connection, body_) > 0) {
    }
    if (connection.body_left() > 0) return;
    const Encoding encoding = connection.request().encoding();
    uint8_t* const packet = room_.data() + ConnectionSet::kAcknowledgeRoom;
    const HeaderResult header =
        WriteResponseHeader("A: b\n", 1, 200, encoding, 5, std::span(packet, ResponseHeaderBound(5, 1)));
    StorePacketHeader(packet + header.size, PacketType::kRespStream, kPacketHeaderSize + 5, encoding);
    std::memcpy(packet + header.size + kPacketHeaderSize, "hello", 5);
    set_->SendPackets(connection, room_, header.size + kPacketHeaderSize + 5, kRespondEnd);
  }

  ConnectionSet* set_;
  std::array<uint8_t, 512> room_;
  std::array<uint8_t, 65536> body_;
};

struct Cost {
  SystemCalls calls;
  size_t allocations = 0;
};

/// Of one exchange in the steady state, in which the server sends `pieces` one after the other.
Cost Measure(const std::vector<std::string>& pieces) {
  static const bool hooked = __sanitizer_install_malloc_and_free_hooks(CountAllocation, IgnoreRelease) != 0;
  REQUIRE(hooked);
  Application app;
  const auto responder = std::make_unique<Responder>(&app);
  WebServer server = app.Connect();
  constexpr int kRounds = 50;
  for (int round = 0; round < 10 + kRounds; ++round) {
    if (round == 10) {
      system_calls().Reset();
      allocations = 0;
    }
    for (const std::string& piece : pieces) {
      REQUIRE(server.Send(piece) == piece.size());
      counting = true;
      app.Run();
      counting = false;
      app.Events();
    }
    const std::string heard = server.Hear();
    REQUIRE(heard == "REQ_RECEIVED RESP_HEADER(200; A: b; Content-Length: 5) RESP_STREAM(hello) RESP_END");
  }
  Cost cost{system_calls(), allocations};
  cost.calls.epoll_waits /= kRounds;
  cost.calls.receives /= kRounds;
  cost.calls.sends /= kRounds;
  return cost;
}

TEST_SUITE("in the steady state") {
  TEST_CASE("a small request costs one wait, one receive, one send, and no allocation") {
    const Cost cost = Measure({RequestBuilder().Known(10, "example.org").Unknown("X-A", "b").Build().text()});
    CHECK(cost.allocations == 0);
    CHECK(cost.calls.epoll_waits == 1);
    CHECK(cost.calls.receives == 1);
    CHECK(cost.calls.sends == 1);
    CHECK(cost.calls.epoll_changes == 0);
    CHECK(cost.calls.timer_changes == 0);
  }

  TEST_CASE("a body that comes with its request costs nothing more") {
    const Cost cost = Measure({RequestWithBody(1000) + std::string(1000, 'x')});
    CHECK(cost.allocations == 0);
    CHECK(cost.calls.epoll_waits == 1);
    CHECK(cost.calls.receives == 1);
    CHECK(cost.calls.sends == 1);
    CHECK(cost.calls.epoll_changes == 0);
  }

  TEST_CASE("a body that comes later costs its own wait and receive, and the acknowledgement its send") {
    const Cost cost = Measure({RequestWithBody(1000), std::string(1000, 'x')});
    CHECK(cost.allocations == 0);
    CHECK(cost.calls.epoll_waits == 2);
    CHECK(cost.calls.receives == 2);
    CHECK(cost.calls.sends == 2);
    CHECK(cost.calls.epoll_changes == 0);
  }

  TEST_CASE("an idle connection holds no buffer") {
    Application app;
    std::vector<WebServer> servers;
    for (int i = 0; i < 500; ++i) servers.push_back(app.Connect());
    for (WebServer& server : servers) {
      server.Send(PlainRequest());
      app.Run();
      server.Receive();
    }
    app.Events();
    const size_t before = __sanitizer_get_current_allocated_bytes();
    for (WebServer& server : servers) {
      server.Send(PlainRequest());
      app.Run();
      server.Receive();
    }
    app.Events();
    CHECK(__sanitizer_get_current_allocated_bytes() < before + 1000);
  }
}

}  // namespace
}  // namespace lsapi
