// The floor: what any server has to do for a request at least. One process, epoll, one recv and one send for
// each request, which is not looked at. Speaks LSAPI; descriptor 0 is the listening socket.
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { RESP_HEADER = 3, RESP_STREAM = 4, RESP_END = 5, REQ_RECEIVED = 7 };

static char answer[256];
static size_t answer_size;

static void append(const void* bytes, size_t size) {
  memcpy(answer + answer_size, bytes, size);
  answer_size += size;
}

static void append_packet_header(char type, int32_t payload) {
#if defined(__x86_64__) || defined(__i386__)
  const char start[4] = {'L', 'S', type, 0};
#else
  const char start[4] = {'L', 'S', type, 1};
#endif
  const int32_t length = payload + 8;
  append(start, sizeof start);
  append(&length, sizeof length);
}

static void compose_answer(void) {
  static const char header[] = "Content-Type: text/plain";  // its NUL is sent
  static const char body[] = "Hello, World!";
  const int32_t count_and_status[2] = {1, 200};
  const int16_t length = sizeof header;
  append_packet_header(REQ_RECEIVED, 0);
  append_packet_header(RESP_HEADER, (int32_t)(sizeof count_and_status + sizeof length + sizeof header));
  append(count_and_status, sizeof count_and_status);
  append(&length, sizeof length);
  append(header, sizeof header);
  append_packet_header(RESP_STREAM, sizeof body - 1);
  append(body, sizeof body - 1);
  append_packet_header(RESP_END, 0);
}

static void watch(int epoll, int fd) {
  struct epoll_event event = {.events = EPOLLIN, .data = {.fd = fd}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(void) {
  compose_answer();
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  watch(epoll, STDIN_FILENO);
  for (;;) {
    struct epoll_event events[256];
    const int count = epoll_wait(epoll, events, 256, -1);
    if (count < 0 && errno != EINTR) {
      perror("null: epoll_wait");
      return 1;
    }
    for (int i = 0; i < count; ++i) {
      static char request[65536];
      const int fd = events[i].data.fd;
      if (fd == STDIN_FILENO) {
        const int connection = accept(STDIN_FILENO, NULL, NULL);
        if (connection >= 0) watch(epoll, connection);
      } else if (recv(fd, request, sizeof request, 0) <= 0 ||
                 send(fd, answer, answer_size, MSG_NOSIGNAL) != (ssize_t)answer_size) {
        close(fd);
      }
    }
  }
}
