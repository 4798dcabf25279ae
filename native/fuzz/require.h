// Invariants of the fuzz targets: a broken one ends the program, and libFuzzer keeps the input.
#pragma once

#include <cstdio>
#include <cstdlib>

#define LSAPI_REQUIRE(condition)                                                          \
  do {                                                                                    \
    if (!(condition)) {                                                                   \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                       \
    }                                                                                     \
  } while (false)
