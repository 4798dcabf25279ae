// Connections under a random sequence of what servers send, take and break off, and of what the application
// does. Whatever happens, the application's side writes whole packets in a legal order, and no connection is
// left over.
#include <fuzzer/FuzzedDataProvider.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "require.h"
#include "support/application.h"
#include "support/request_builder.h"

using namespace lsapi;

namespace {

/// Follows what one connection hears, in whatever pieces.
class Listener {
 public:
  /// `patient`: a request that crosses CONN_CLOSE is still served.
  explicit Listener(bool patient) : patient_(patient) {}

  void Hear(std::string_view bytes) {
    heard_ += bytes;
    while (heard_.size() >= kPacketHeaderSize) {
      const auto* header = reinterpret_cast<const uint8_t*>(heard_.data());
      LSAPI_REQUIRE(header[0] == 'L' && header[1] == 'S');
      LSAPI_REQUIRE(header[2] >= 3 && header[2] <= 8);
      const auto length =
          ReadPacketLength(header, kPacketHeaderSize, kPacketHeaderSize + kMaximumHeaderPayload);
      LSAPI_REQUIRE(length.has_value());
      if (length->length > heard_.size()) return;
      Take(static_cast<PacketType>(header[2]), length->length - kPacketHeaderSize);
      heard_.erase(0, length->length);
    }
  }

 private:
  void Take(PacketType type, size_t payload) {
    LSAPI_REQUIRE(!closed_);  // nothing comes after CONN_CLOSE
    const bool behind_end = std::exchange(behind_end_, type == PacketType::kRespEnd);
    switch (type) {
      case PacketType::kReqReceived:
        LSAPI_REQUIRE(!acknowledged_ && payload == 0);
        acknowledged_ = true;
        break;
      case PacketType::kRespHeader:
        LSAPI_REQUIRE(acknowledged_ && !header_);
        header_ = true;
        break;
      case PacketType::kRespStream:
        LSAPI_REQUIRE(header_ && payload <= kMaximumStreamPayload);
        break;
      case PacketType::kStderrStream:
        LSAPI_REQUIRE(acknowledged_ && payload <= kMaximumStreamPayload);
        break;
      case PacketType::kRespEnd:
        LSAPI_REQUIRE(header_ && payload == 0);
        acknowledged_ = header_ = false;
        break;
      case PacketType::kConnClose:
        LSAPI_REQUIRE(!acknowledged_ && payload == 0);  // right behind RESP_END, or between requests
        closed_ = !patient_ || behind_end || announced_;
        announced_ = true;
        break;
      default:
        LSAPI_REQUIRE(false);
    }
  }

  bool patient_;
  std::string heard_;
  bool announced_ = false;
  bool behind_end_ = false;
  bool acknowledged_ = false;
  bool header_ = false;
  bool closed_ = false;
};

struct Server {
  test::WebServer connection;
  Listener listener;
  std::string unsent = {};
};

class World {
 public:
  World(FuzzedDataProvider* input, ConnectionSetOptions options)
      : input_(*input), patient_(options.close_patience_ms > 0), app_(options) {
    app_.on_request = app_.on_body = app_.on_drain = app_.on_body_timeout = [this](Connection& c) { Act(c); };
    app_.on_abort = [this](Connection& connection) {
      if (input_.ConsumeBool()) Act(connection);
    };
  }

  void Step() {
    enum Action {
      kConnect,
      kRequest,
      kBytes,
      kAbort,
      kSend,
      kTake,
      kLeave,
      kPoll,
      kAct,
      kEnd,
      kLastAction = kEnd
    };
    const auto action = input_.ConsumeIntegralInRange<int>(0, kLastAction);
    if (action == kConnect && servers_.size() < 4 && app_.AcceptsConnections()) {
      const int way = input_.ConsumeIntegralInRange(0, 2);
      servers_.push_back({.connection = way == 0   ? app_.Connect()
                                        : way == 1 ? app_.Adopt()
                                                   : app_.Serve(false),
                          .listener = Listener(patient_)});
      return;
    }
    if (action == kPoll) return PollOnce();
    if (action == kAct) return ActSomewhere();
    if (action == kEnd) return End();
    if (servers_.empty()) return;
    const size_t index = input_.ConsumeIntegralInRange<size_t>(0, servers_.size() - 1);
    Server& server = servers_[index];
    switch (action) {
      case kRequest:
        server.unsent += Request();
        Send(&server);
        break;
      case kBytes:
        server.unsent += input_.ConsumeBool()
                             ? input_.ConsumeRandomLengthString(2048)
                             : std::string(input_.ConsumeIntegralInRange<size_t>(0, 100'000), 'b');
        Send(&server);
        break;
      case kAbort:
        server.unsent += test::AbortPacket({input_.ConsumeBool() ? uint8_t{1} : uint8_t{0},
                                            input_.ConsumeBool() ? ByteOrder::kBig : ByteOrder::kLittle});
        Send(&server);
        break;
      case kSend:
        Send(&server);
        break;
      case kTake:
        server.listener.Hear(server.connection.Receive(input_.ConsumeIntegralInRange<size_t>(0, 300'000)));
        break;
      case kLeave:
        servers_.erase(servers_.begin() + static_cast<std::ptrdiff_t>(index));
        break;
      default:
        break;
    }
  }

  /// All servers leave: nothing may remain.
  void Finish() {
    for (Server& server : servers_) server.listener.Hear(server.connection.Receive());
    servers_.clear();
    // A connection that ends with its response may take two seconds for it.
    LSAPI_REQUIRE(app_.RunUntil([&] { return app_.set.statistics().open == 0; }));
    LSAPI_REQUIRE(app_.set.statistics().active == 0);
    app_.set.Drain();
    app_.Run();
  }

 private:
  std::string Request() {
    test::RequestBuilder builder;
    builder.encoding = test::kEncodings[input_.ConsumeIntegralInRange<size_t>(0, 3)];
    builder.body_length = input_.ConsumeIntegralInRange<int32_t>(-2, 200'000);
    if (input_.ConsumeBool()) builder.Known(7, input_.ConsumeRandomLengthString(20));
    if (input_.ConsumeBool()) builder.Known(24, "chunked");
    if (input_.ConsumeBool()) {
      builder.Unknown("X", std::string(input_.ConsumeIntegralInRange<size_t>(0, 70'000), 'x'));
    }
    std::string packet = builder.Build().text();
    if (input_.ConsumeIntegralInRange(0, 9) == 0) {
      packet[input_.ConsumeIntegralInRange<size_t>(0, packet.size() - 1)] = input_.ConsumeIntegral<char>();
    }
    return packet;
  }

  void Send(Server* server) {
    const size_t size = input_.ConsumeBool()
                            ? server->unsent.size()
                            : input_.ConsumeIntegralInRange<size_t>(0, server->unsent.size());
    server->unsent.erase(0, server->connection.Send(std::string_view(server->unsent).substr(0, size)));
  }

  void PollOnce() {
    app_.set.Poll();
    const ConnectionSetStatistics& statistics = app_.set.statistics();
    LSAPI_REQUIRE(statistics.active <= statistics.open);
  }

  /// Something that an application may do with a request of its own.
  void Act(Connection& connection) {
    const uint32_t slot = connection.slot();
    const uint32_t serial = connection.serial();
    if (std::find(open_.begin(), open_.end(), std::pair(slot, serial)) == open_.end())
      open_.emplace_back(slot, serial);
    for (int actions = input_.ConsumeIntegralInRange(0, 3); actions > 0; --actions) {
      if (app_.set.Find(slot, serial) == nullptr) return;
      ActOnce(connection);
    }
  }

  void ActOnce(Connection& connection) {
    const uint32_t flags = input_.ConsumeIntegralInRange<uint32_t>(0, 7);
    switch (input_.ConsumeIntegralInRange(0, 4)) {
      case 0: {
        // A response has one header, in front of everything else.
        const bool header = !app_.set.header_sent(connection);
        const size_t size = input_.ConsumeBool() ? input_.ConsumeIntegralInRange<size_t>(0, 20'000)
                                                 : input_.ConsumeIntegralInRange<size_t>(0, 600'000);
        app_.Send(connection, {.header = header ? "A: b\n" : "",
                               .body = std::string(size, 'r'),
                               .flags = flags,
                               .external = input_.ConsumeBool()});
        break;
      }
      case 1: {
        std::vector<uint8_t> into(input_.ConsumeIntegralInRange<size_t>(1, 100'000));
        const int64_t read = app_.set.ReadBody(connection, into);
        LSAPI_REQUIRE(read >= -2 && read <= static_cast<int64_t>(into.size()));
        break;
      }
      case 2:
        app_.set.WatchDrain(connection);
        break;
      case 3:
        app_.set.SendStderr(connection, std::string(input_.ConsumeIntegralInRange<size_t>(0, 40'000), 'e'));
        break;
      default:
        break;
    }
  }

  void ActSomewhere() {
    if (open_.empty()) return;
    const auto [slot, serial] = open_[input_.ConsumeIntegralInRange<size_t>(0, open_.size() - 1)];
    if (Connection* const connection = app_.set.Find(slot, serial)) Act(*connection);
  }

  void End() {
    switch (input_.ConsumeIntegralInRange(0, 15)) {
      case 0:
        app_.set.Drain();
        break;
      case 1:
        app_.set.CloseAll();
        break;
      case 2:
        app_.set.StopListening();
        break;
      case 3:
      case 4:
      case 5:
        app_.set.CloseLongestIdle();
        break;
      default:
        break;
    }
  }

  FuzzedDataProvider& input_;
  const bool patient_;
  test::Application app_;
  std::vector<Server> servers_;
  std::vector<std::pair<uint32_t, uint32_t>> open_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  ConnectionSetOptions options;
  options.packet_timeout_ms = 0;
  options.body_timeout_ms = 0;
  options.max_requests = input.ConsumeBool() ? 0 : input.ConsumeIntegralInRange<uint64_t>(1, 5);
  options.close_patience_ms = input.ConsumeBool() ? 0 : 2;
  World world(&input, options);
  for (int steps = 0; steps < 200 && input.remaining_bytes() > 0; ++steps) world.Step();
  world.Finish();
  return 0;
}
