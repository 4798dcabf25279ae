// Which statuses the server shows as they are: recorded for every number in the captures (status-map.json).
#include <doctest/doctest.h>

#include "protocol/response_writer.h"

namespace lsapi {
namespace {

bool ServerKnows(int32_t status) {
  return (status >= 100 && status <= 102) || (status >= 200 && status <= 208) ||
         (status >= 300 && status <= 308) || (status >= 400 && status <= 451) ||
         (status >= 500 && status <= 510);
}

TEST_CASE("a final status that the server knows stays as it is") {
  for (int32_t status = 200; status <= 999; ++status) {
    if (ServerKnows(status)) CHECK(MapStatus(status) == status);
  }
}

TEST_CASE("any other final status becomes one that the server knows, of the same class") {
  // Left alone, the server would silently show 200 for all of these.
  for (int32_t status = 200; status <= 599; ++status) {
    if (ServerKnows(status)) continue;
    CAPTURE(status);
    CHECK(ServerKnows(MapStatus(status)));
    CHECK(MapStatus(status) / 100 == status / 100);
  }
  CHECK(MapStatus(226) == 200);
  CHECK(MapStatus(309) == 300);
  CHECK(MapStatus(452) == 400);
  CHECK(MapStatus(499) == 400);
  CHECK(MapStatus(511) == 503);
  CHECK(MapStatus(599) == 500);
}

TEST_CASE("a status beyond the classes of HTTP is an error of the application") {
  for (const int32_t status : {600, 700, 999}) CHECK(MapStatus(status) == 500);
}

TEST_CASE("what can never be a final status is refused") {
  for (const int32_t status : {-404, -1, 0, 1, 99, 100, 101, 102, 103, 199, 1000, 65736}) {
    CAPTURE(status);
    CHECK(MapStatus(status) == 0);
  }
}

TEST_CASE("204, 205 and 304 have no body: the server would not send it") {
  for (int32_t status = 200; status <= 599; ++status) {
    CHECK(IsBodyless(status) == (status == 204 || status == 205 || status == 304));
  }
}

}  // namespace
}  // namespace lsapi
