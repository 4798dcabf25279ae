// RESP_HEADER: protocol sections 2.1 and 2.10, limits of section 1.11.
#include "protocol/response_writer.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "support/response_text.h"

namespace lsapi {
namespace {

constexpr Encoding kLittle{0, ByteOrder::kLittle};
constexpr Encoding kBig{1, ByteOrder::kBig};

struct Written {
  HeaderResult result;
  std::vector<uint8_t> bytes;

  std::string text(Encoding encoding = kLittle) const {
    return test::Describe(std::string(bytes.begin(), bytes.end()), encoding);
  }
};

/// Writes into memory of exactly the promised bound, so that the address sanitizer sees a byte too many.
Written Write(const std::string& text, int64_t content_length = -1, Encoding encoding = kLittle,
              int32_t status = 200) {
  const auto count = static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n'));
  Written written;
  written.bytes.resize(ResponseHeaderBound(text.size(), count));
  written.result = WriteResponseHeader(text, count, status, encoding, content_length, written.bytes);
  written.bytes.resize(written.result.size);
  return written;
}

HeaderError ErrorOf(const std::string& text) { return Write(text).result.error; }

TEST_CASE("a header packet is count, status, line lengths with their NUL, lines") {
  const Written written = Write("Content-Type:text/plain\nX-Test: yes\n");
  // The worked example 8.2, which the reference library wrote.
  const std::vector<uint8_t> expected = {
      'L', 'S', 3,   0,   0x38, 0,   0,   0,   2,   0,   0,   0,   0xc8, 0,   0,   0,   0x18, 0,   0x0c,
      0,   'C', 'o', 'n', 't',  'e', 'n', 't', '-', 'T', 'y', 'p', 'e',  ':', 't', 'e', 'x',  't', '/',
      'p', 'l', 'a', 'i', 'n',  0,   'X', '-', 'T', 'e', 's', 't', ':',  ' ', 'y', 'e', 's',  0};
  CHECK(written.bytes == expected);
  CHECK(written.result.size == expected.size());
}

TEST_CASE("a big-endian packet differs in its integers only") {
  const Written written = Write("A: b\nCd: efg\n", -1, kBig, 404);
  CHECK(written.text(kBig) == "RESP_HEADER(404; A: b; Cd: efg)");
  CHECK(written.bytes[3] == 1);
  const std::vector<uint8_t> integers(written.bytes.begin() + 4, written.bytes.begin() + 20);
  CHECK(integers == std::vector<uint8_t>{0, 0, 0, 33, 0, 0, 0, 2, 0, 0, 1, 0x94, 0, 5, 0, 8});
}

TEST_CASE("a packet without any line would be taken for CGI output, so there is always one") {
  CHECK(Write("").text() == "RESP_HEADER(200; Server: lsapi)");
  CHECK(Write("Connection: close\n").text() == "RESP_HEADER(200; Server: lsapi)");
  CHECK(Write("", 0).text() == "RESP_HEADER(200; Content-Length: 0)");
  CHECK(Write("A: b\n").text() == "RESP_HEADER(200; A: b)");
}

TEST_CASE("lines that the server makes by itself, or that would mislead it, are left out") {
  for (const std::string name : {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding",
                                 "Trailer", "Status", "connection", "STATUS", "tRANSFER-eNCODING"}) {
    CAPTURE(name);
    CHECK(Write("A: 1\n" + name + ": x\nB: 2\n").text() == "RESP_HEADER(200; A: 1; B: 2)");
  }
}

TEST_CASE("names that only begin like those are kept") {
  for (const std::string name : {"Connections", "Connectio", "Keep-Alives", "Statu", "Trailers", "X-Status",
                                 "Content-Lengths", "Set-Cookie", "Proxy-Connection-X"}) {
    CHECK(Write(name + ": 1\n").text() == "RESP_HEADER(200; " + name + ": 1)");
  }
}

TEST_CASE("characters that differ from a letter in one bit are not mistaken for it") {
  // 'N' | 0x20 is 'n', and so is 0x0e | 0x60; of token characters only '-' and '^', '_' and so on could
  // collide.
  CHECK(Write("STATUS^: 1\n").text() == "RESP_HEADER(200; STATUS^: 1)");
  CHECK(Write("Keep\x5e"
              "Alive: 1\n")
            .text() == "RESP_HEADER(200; Keep^Alive: 1)");
  CHECK(Write("Keep_Alive: 1\n").text() == "RESP_HEADER(200; Keep_Alive: 1)");
}

TEST_CASE("the length that the application announces is read and kept") {
  const Written written = Write("Content-Length: 42\n");
  CHECK(written.result.content_length == 42);
  CHECK(written.text() == "RESP_HEADER(200; Content-Length: 42)");
  CHECK(Write("A: b\n").result.content_length == -1);
}

TEST_CASE("the automatic length is announced only where the application gave none") {
  CHECK(Write("A: b\n", 5).text() == "RESP_HEADER(200; A: b; Content-Length: 5)");
  CHECK(Write("content-length: 42\n", 5).text() == "RESP_HEADER(200; content-length: 42)");
  CHECK(Write("A: b\n", 9'007'199'254'740'991).text() ==
        "RESP_HEADER(200; A: b; Content-Length: 9007199254740991)");
}

TEST_CASE("of several lengths the first counts, as in the server") {
  const Written written = Write("Content-Length: 1\nContent-Length: 2\n");
  CHECK(written.result.content_length == 1);
  CHECK(written.text() == "RESP_HEADER(200; Content-Length: 1)");
}

TEST_CASE("a length that the server could not read would leave the client hanging: it is refused") {
  for (const std::string value :
       {"", " ", "x", "-1", "+1", "1 2", "1,1", "0x10", "1.0", "12345678901234567"}) {
    CAPTURE(value);
    const Written written = Write("A: b\nContent-Length: " + value + "\n");
    CHECK(written.result.error == HeaderError::kContentLength);
    CHECK(written.result.line == 1);
    CHECK(written.result.size == 0);
  }
}

TEST_CASE("blanks around a length do not reach the server, which reads digits only") {
  CHECK(Write("Content-Length:\t 7 \t\n").text() == "RESP_HEADER(200; Content-Length: 7)");
  CHECK(Write("content-length:007\n").text() == "RESP_HEADER(200; content-length: 007)");
}

TEST_CASE("control characters are refused wherever they stand: the server would pass them on") {
  for (int c = 0; c < 0x20; ++c) {
    if (c == '\t' || c == '\n') continue;
    CAPTURE(c);
    std::string text = "First: 1\nA: b_c\n";
    text[text.find('_')] = static_cast<char>(c);
    CHECK(Write(text).result.error == HeaderError::kInvalidCharacter);
    CHECK(Write(text).result.line == 1);
  }
  CHECK(ErrorOf("A: b\x7f\n") == HeaderError::kInvalidCharacter);
  CHECK(ErrorOf("A: b\r\n") == HeaderError::kInvalidCharacter);
  CHECK(ErrorOf("A: b\tc\n") == HeaderError::kNone);
  CHECK(ErrorOf("A: b\xe9\xff\x80\n") == HeaderError::kNone);
}

TEST_CASE("a line break inside a value shows as a line too many") {
  std::vector<uint8_t> out(1000);
  const std::string_view text = "A: b\nInjected: c\n";
  CHECK(WriteResponseHeader(text, 1, 200, kLittle, -1, out).error == HeaderError::kInvalidCharacter);
  CHECK(WriteResponseHeader(text, 3, 200, kLittle, -1, out).error == HeaderError::kInvalidCharacter);
  CHECK(WriteResponseHeader("A: b", 1, 200, kLittle, -1, out).error == HeaderError::kInvalidCharacter);
  CHECK(WriteResponseHeader("A: b", 0, 200, kLittle, -1, out).error == HeaderError::kInvalidCharacter);
}

TEST_CASE("a name must be a token and be followed by its colon") {
  for (const std::string line :
       {"", ":", ": x", "A", "A B: x", "A : x", "(A): x", "A\tB: x", "\xe9: x", " A: x"}) {
    CAPTURE(line);
    const Written written = Write("Ok: 1\n" + line + "\n");
    CHECK(written.result.error == HeaderError::kInvalidName);
    CHECK(written.result.line == 1);
  }
  CHECK(ErrorOf("!#$%&'*+-.^_`|~09azAZ: x\n") == HeaderError::kNone);
  CHECK(Write("A:\n").text() == "RESP_HEADER(200; A:)");
}

TEST_CASE("a line may have 16,380 bytes; one more would make the server drop the connection") {
  const auto line = [](size_t size) { return "A: " + std::string(size - 3, 'x') + "\n"; };
  CHECK(ErrorOf(line(16380)) == HeaderError::kNone);
  const Written written = Write("B: 1\n" + line(16381));
  CHECK(written.result.error == HeaderError::kLineTooLong);
  CHECK(written.result.line == 1);
}

TEST_CASE("a packet may have 65,535 bytes after its own header") {
  // Eight bytes of count and status, then two bytes of length and one NUL for each line.
  const auto lines = [](size_t payload) {
    size_t left = payload - 8;
    std::string text;
    while (left > 16000) {
      text += "A: " + std::string(10000 - 6, 'x') + "\n";
      left -= 10000;
    }
    return text + "B: " + std::string(left - 6, 'x') + "\n";
  };
  CHECK(Write(lines(65535)).result.size == 65543);
  CHECK(ErrorOf(lines(65536)) == HeaderError::kTooLarge);
  CHECK(ErrorOf(lines(100000)) == HeaderError::kTooLarge);
}

TEST_CASE("the line that is added counts for the limit of the packet too") {
  const std::string text = [] {
    std::string lines;
    for (int i = 0; i < 6; ++i) lines += "A: " + std::string(10000 - 6, 'x') + "\n";
    return lines + "B: " + std::string(65535 - 8 - 60000 - 6, 'x') + "\n";
  }();
  CHECK(Write(text).result.error == HeaderError::kNone);
  CHECK(Write(text, 5).result.error == HeaderError::kTooLarge);
}

TEST_CASE("1,000 lines are written, more are refused") {
  const auto lines = [](size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) text += "A: b\n";
    return text;
  };
  CHECK(ErrorOf(lines(1000)) == HeaderError::kNone);
  CHECK(ErrorOf(lines(1001)) == HeaderError::kTooLarge);
}

TEST_CASE("a thousand dropped lines leave a packet without gaps") {
  std::string text;
  for (size_t i = 0; i < 999; ++i) text += "Connection: close\n";
  CHECK(Write(text + "A: b\n").text() == "RESP_HEADER(200; A: b)");
}

}  // namespace
}  // namespace lsapi
