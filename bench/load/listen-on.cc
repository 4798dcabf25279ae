// Runs a program as LiteSpeed runs an LSAPI executable: the listening socket is its descriptor 0.
//
//   listen-on PATH|HOST:PORT COMMAND [PARAMETER...]
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "address.h"

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "listen-on: PATH|HOST:PORT COMMAND [PARAMETER...]\n");
    return 2;
  }
  const auto address = load::Address::Parse(argv[1]);
  const int fd = address ? address->Listen() : -1;
  if (fd < 0 || dup2(fd, STDIN_FILENO) < 0) {
    std::fprintf(stderr, "listen-on: cannot listen on %s: %s\n", argv[1],
                 address ? std::strerror(errno) : "no address");
    return 2;
  }
  if (fd != STDIN_FILENO) close(fd);
  execvp(argv[2], argv + 2);
  std::fprintf(stderr, "listen-on: cannot run %s: %s\n", argv[2], std::strerror(errno));
  return 127;
}
