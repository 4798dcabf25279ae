// The bytes that a connection still has to send, however the kernel takes them.
#include "io/output_queue.h"

#include <doctest/doctest.h>

#include <array>
#include <string>

#include "support/application.h"
#include "support/response_text.h"

namespace lsapi {
namespace {

constexpr Encoding kLittle{0, ByteOrder::kLittle};

Bytes AsBytes(std::string_view text) { return {reinterpret_cast<const uint8_t*>(text.data()), text.size()}; }

std::string EndPackets() {
  std::array<uint8_t, 2 * kPacketHeaderSize> end;
  StorePacketHeader(end.data(), PacketType::kRespEnd, kPacketHeaderSize, kLittle);
  StorePacketHeader(end.data() + kPacketHeaderSize, PacketType::kConnClose, kPacketHeaderSize, kLittle);
  return {end.begin(), end.end()};
}

/// Takes everything out of a queue, at most `step` bytes at a time, with `entries` places for pieces.
std::string TakeAll(OutputQueue* queue, size_t step, size_t entries = 64) {
  std::string taken;
  std::vector<iovec> parts(entries);
  while (!queue->empty()) {
    const size_t count = queue->Gather(parts);
    REQUIRE(count > 0);
    REQUIRE(count <= entries);
    size_t left = step;
    for (size_t i = 0; i < count && left > 0; ++i) {
      const size_t size = std::min(left, parts[i].iov_len);
      REQUIRE(parts[i].iov_len > 0);
      taken.append(static_cast<const char*>(parts[i].iov_base), size);
      left -= size;
    }
    const size_t before = queue->pending();
    queue->Consume(step - left);
    REQUIRE(queue->pending() == before - (step - left));
  }
  return taken;
}

std::string SomeBody(size_t size) {
  std::string body(size, '\0');
  for (size_t i = 0; i < size; ++i) body[i] = static_cast<char>(i * 7 + i / 251);
  return body;
}

TEST_SUITE("an output queue") {
  TEST_CASE("is empty at first, and after nothing was put in") {
    OutputQueue queue;
    queue.AppendPackets({});
    queue.AppendBody({}, kLittle);
    CHECK(queue.empty());
    std::array<iovec, 4> parts;
    CHECK(queue.Gather(parts) == 0);
  }

  TEST_CASE("frames a body into packets of at most 16,384 bytes") {
    const std::array<std::pair<size_t, std::string>, 6> cases = {{
        {1, "RESP_STREAM(\x01)"},
        {16383, "RESP_STREAM(#16383)"},
        {16384, "RESP_STREAM(#16384)"},
        {16385, "RESP_STREAM(#16384) RESP_STREAM(\x01)"},
        {32768, "RESP_STREAM(#16384) RESP_STREAM(#16384)"},
        {40000, "RESP_STREAM(#16384) RESP_STREAM(#16384) RESP_STREAM(#7232)"},
    }};
    for (const auto& [size, packets] : cases) {
      const std::string body(size, '\x01');
      OutputQueue queue;
      queue.AppendBody(AsBytes(body), kLittle);
      const size_t pending = queue.pending();
      const std::string sent = TakeAll(&queue, 1 << 20);
      CHECK(test::Describe(sent) == packets);
      CHECK(test::BodyOf(sent) == body);
      CHECK(sent.size() == pending);
    }
  }

  TEST_CASE("frames in the encoding that was asked for") {
    const Encoding big{1, ByteOrder::kBig};
    OutputQueue queue;
    queue.AppendBody(AsBytes("hello"), big);
    CHECK(test::Describe(TakeAll(&queue, 1 << 20), big) == "RESP_STREAM(hello)");
  }

  TEST_CASE("gives the same bytes however few of them are taken at a time") {
    const std::string body = SomeBody(2 * kMaximumStreamPayload + 5);
    const auto fill = [&](OutputQueue* queue) {
      queue->AppendPackets(AsBytes("first"));
      queue->AppendBody(AsBytes(body), kLittle);
      queue->AppendPackets(AsBytes(EndPackets()));
    };
    OutputQueue whole;
    fill(&whole);
    const std::string expected = TakeAll(&whole, 1 << 20);
    REQUIRE(test::BodyOf(expected.substr(5)) == body);
    for (const size_t step : {1u, 2u, 3u, 7u, 8u, 9u, 13u, 4096u, 16384u, 16391u, 16392u, 16393u}) {
      for (const size_t entries : {2u, 3u, 4u, 64u}) {
        OutputQueue queue;
        fill(&queue);
        CHECK(TakeAll(&queue, step, entries) == expected);
      }
    }
  }

  TEST_CASE("can be interrupted at every byte and go on with larger pieces") {
    const std::string body = SomeBody(kMaximumStreamPayload + 100);
    std::string expected;
    for (size_t cut = 0; cut < 40; ++cut) {
      for (const size_t base : {size_t{0}, kMaximumStreamPayload}) {
        OutputQueue queue;
        queue.AppendBody(AsBytes(body), kLittle);
        queue.AppendPackets(AsBytes(EndPackets()));
        std::array<iovec, 64> parts;
        std::string sent;
        queue.Gather(parts);
        for (size_t left = base + cut, i = 0; left > 0; ++i) {
          const size_t size = std::min(left, parts[i].iov_len);
          sent.append(static_cast<const char*>(parts[i].iov_base), size);
          left -= size;
        }
        queue.Consume(base + cut);
        sent += TakeAll(&queue, 1 << 20);
        if (expected.empty()) expected = sent;
        CHECK(sent == expected);
      }
    }
  }

  TEST_CASE("takes more while it is being emptied") {
    OutputQueue queue;
    const std::string first = SomeBody(20000);
    const std::string second = SomeBody(30000);
    queue.AppendBody(AsBytes(first), kLittle);
    std::array<iovec, 64> parts;
    queue.Gather(parts);
    queue.Consume(12);
    queue.AppendBody(AsBytes(second), kLittle);
    const std::string rest = TakeAll(&queue, 777);
    // Four body bytes went with the eight of the first frame's header.
    CHECK(rest.size() == first.size() + second.size() + 4 * kPacketHeaderSize - 12);
    CHECK(rest.substr(0, 16380) == first.substr(4, 16380));
    CHECK(test::BodyOf(rest.substr(16380)) == first.substr(16384) + second);
  }

  TEST_CASE("can be cleared") {
    OutputQueue queue;
    const std::string body = SomeBody(20000);
    queue.AppendBody(AsBytes(body), kLittle);
    std::array<iovec, 64> parts;
    queue.Gather(parts);
    queue.Consume(5);
    queue.Clear();
    CHECK(queue.empty());
    CHECK(queue.Gather(parts) == 0);
    queue.AppendPackets(AsBytes("x"));
    CHECK(TakeAll(&queue, 10) == "x");
  }
}

TEST_SUITE("what is kept of a body") {
  TEST_CASE("is nothing when all of it was sent") {
    OutputQueue queue;
    const test::CountedBytes body(SomeBody(100));
    queue.AppendBody(body.bytes(), kLittle);
    queue.AppendPackets(AsBytes(EndPackets()));
    std::array<iovec, 64> parts;
    queue.Gather(parts);
    queue.Consume(108);
    queue.Keep(body);
    CHECK(body.retained() == 0);
    CHECK(test::Describe(TakeAll(&queue, 100)) == "RESP_END CONN_CLOSE");
  }

  TEST_CASE("is a copy where little is left, and outlives the application's bytes") {
    for (const size_t sent : {0u, 3u, 8u, 9u, 16392u, 16395u}) {
      OutputQueue queue;
      std::string sent_text;
      const std::string text = SomeBody(30000);
      {
        const test::CountedBytes body(text);
        queue.AppendBody(body.bytes(), kLittle);
        queue.AppendPackets(AsBytes(EndPackets()));
        std::array<iovec, 64> parts;
        queue.Gather(parts);
        for (size_t left = sent, i = 0; left > 0; ++i) {
          const size_t size = std::min<size_t>(left, parts[i].iov_len);
          sent_text.append(static_cast<const char*>(parts[i].iov_base), size);
          left -= size;
        }
        queue.Consume(sent);
        queue.Keep(body);
        CHECK(body.retained() == 0);
      }
      sent_text += TakeAll(&queue, 1000);
      CHECK(test::BodyOf(sent_text) == text);
    }
  }

  TEST_CASE("is the application's memory where much is left, until it is sent") {
    OutputQueue queue;
    const std::string text = SomeBody(1 << 20);
    const test::CountedBytes body(text);
    queue.AppendPackets(AsBytes("head"));
    queue.AppendBody(body.bytes(), kLittle);
    queue.AppendPackets(AsBytes(EndPackets()));
    queue.Keep(body);
    CHECK(body.retained() == 1);
    const std::string sent = TakeAll(&queue, 100'000);
    CHECK(test::BodyOf(sent.substr(4)) == text);
    CHECK(body.retained() == 0);
  }

  TEST_CASE("is each body once, also when several wait") {
    OutputQueue queue;
    const test::CountedBytes first(SomeBody(100'000));
    const test::CountedBytes second(SomeBody(200'000));
    queue.AppendBody(first.bytes(), kLittle);
    queue.Keep(first);
    queue.AppendBody(second.bytes(), kLittle);
    queue.Keep(second);
    CHECK(first.retained() == 1);
    CHECK(second.retained() == 1);
    TakeAll(&queue, 4096);
    CHECK(first.retained() == 0);
    CHECK(second.retained() == 0);
  }

  TEST_CASE("is given back when the queue is cleared") {
    OutputQueue queue;
    const test::CountedBytes body(SomeBody(100'000));
    queue.AppendBody(body.bytes(), kLittle);
    queue.Keep(body);
    queue.Clear();
    CHECK(body.retained() == 0);
  }
}

}  // namespace
}  // namespace lsapi
