// The tests; also, as tests of process groups start this program, a child, a trial or the next image of a
// parent.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cstdlib>

#include "support/process_group.h"

int main(int count, char** arguments) {
  if (const char* const role = std::getenv(lsapi::kRoleVariable)) lsapi::test::RunAs(role);
  return doctest::Context(count, arguments).run();
}
