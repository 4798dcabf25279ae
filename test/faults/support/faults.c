// Makes system calls of a running process fail, and shifts its time of day. Preloaded (LD_PRELOAD); what
// fails is said by a file that FAULTS_FILE names and all processes map, so that a test switches it on and off
// while they run.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

// In the order of OPERATIONS in fault-switch.ts.
enum Operation { kFork, kAccept, kWatch, kLog, kExecute, kOperations };

// As fault-switch.ts writes it.
struct Rule {
  _Atomic int32_t error;    // errno; 0: the call works
  _Atomic int32_t process;  // only in this one; 0: in all
  _Atomic int32_t left;     // so many calls more; below 0: all
  _Atomic int32_t hits;     // calls that have failed
};

struct Table {
  struct Rule rules[kOperations];
  _Atomic int64_t shift_seconds;  // added to CLOCK_REALTIME
};

static struct Table* table;

static __typeof__(fork)* real_fork;
static __typeof__(accept4)* real_accept4;
static __typeof__(epoll_ctl)* real_epoll_ctl;
static __typeof__(write)* real_write;
static __typeof__(writev)* real_writev;
static __typeof__(execve)* real_execve;
static int (*real_clock_gettime)(clockid_t, struct timespec*);

static void* Next(const char* name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void Begin(void) {
  real_fork = Next("fork");
  real_accept4 = Next("accept4");
  real_epoll_ctl = Next("epoll_ctl");
  real_write = Next("write");
  real_writev = Next("writev");
  real_execve = Next("execve");
  real_clock_gettime = Next("clock_gettime");
  const char* const path = getenv("FAULTS_FILE");
  const int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* const memory = mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory != MAP_FAILED) table = memory;
  close(fd);
}

// Whether the call has to fail; errno is set then.
static int Fails(enum Operation operation) {
  if (table == NULL) return 0;
  struct Rule* const rule = &table->rules[operation];
  const int32_t error = rule->error;
  if (error == 0 || (rule->process != 0 && rule->process != getpid())) return 0;
  int32_t left = rule->left;
  do {
    if (left == 0) return 0;
  } while (left > 0 && !atomic_compare_exchange_weak(&rule->left, &left, left - 1));
  rule->hits++;
  errno = error;
  return 1;
}

static int IsLog(int fd) { return fd == STDOUT_FILENO || fd == STDERR_FILENO; }

pid_t fork(void) { return Fails(kFork) ? -1 : real_fork(); }

int accept4(int fd, struct sockaddr* restrict address, socklen_t* restrict size, int flags) {
  return Fails(kAccept) ? -1 : real_accept4(fd, address, size, flags);
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event* event) {
  if (operation == EPOLL_CTL_ADD && Fails(kWatch)) return -1;
  return real_epoll_ctl(epoll, operation, fd, event);
}

ssize_t write(int fd, const void* data, size_t size) {
  return IsLog(fd) && Fails(kLog) ? -1 : real_write(fd, data, size);
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  return IsLog(fd) && Fails(kLog) ? -1 : real_writev(fd, parts, count);
}

int execve(const char* path, char* const arguments[], char* const environment[]) {
  return Fails(kExecute) ? -1 : real_execve(path, arguments, environment);
}

static time_t Shift(void) { return table == NULL ? 0 : (time_t)table->shift_seconds; }

int clock_gettime(clockid_t clock, struct timespec* now) {
  if (real_clock_gettime == NULL) real_clock_gettime = Next("clock_gettime");
  const int result = real_clock_gettime(clock, now);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += Shift();
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  (void)zone;
  struct timespec exact;
  const int result = clock_gettime(CLOCK_REALTIME, &exact);
  now->tv_sec = exact.tv_sec;
  now->tv_usec = exact.tv_nsec / 1000;
  return result;
}

time_t time(time_t* seconds) {
  struct timespec exact;
  clock_gettime(CLOCK_REALTIME, &exact);
  if (seconds != NULL) *seconds = exact.tv_sec;
  return exact.tv_sec;
}
