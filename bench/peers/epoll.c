/* A bare ping-pong of 16 bytes over TCP on loopback between two processes that wait in epoll: the floor for round trips. */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#define COUNT 5000
static double times[COUNT];

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1e6 + t.tv_nsec / 1e3;
}

static int by_value(const void *a, const void *b) {
  double d = *(const double *)a - *(const double *)b;
  return d < 0 ? -1 : d > 0;
}

/* Waits in epoll, then reads what is there; 0 at the end. */
static ssize_t take(int poll, int fd, char *bytes) {
  struct epoll_event event;
  if (epoll_wait(poll, &event, 1, -1) < 0) return 0;
  return read(fd, bytes, 16);
}

static int watched(int fd) {
  int one = 1, poll = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN};
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
  return poll;
}

int main(void) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t length = sizeof address;
  char bytes[16] = {0}, line[64];
  int listener = socket(AF_INET, SOCK_STREAM, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1)) return 1;
  getsockname(listener, (struct sockaddr *)&address, &length);
  if (fork() == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int fd = accept(listener, NULL, NULL), poll = watched(fd);
    while (take(poll, fd, bytes) > 0)
      if (write(fd, bytes, 16) != 16) break;
    return 0;
  }
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (connect(fd, (struct sockaddr *)&address, length)) return 1;
  int poll = watched(fd);
  puts("ready");
  fflush(stdout);
  while (fgets(line, sizeof line, stdin)) {
    for (int n = 0; n < COUNT; n++) {
      double start = now_us();
      if (write(fd, bytes, 16) != 16 || take(poll, fd, bytes) <= 0) return 1;
      times[n] = now_us() - start;
    }
    qsort(times, COUNT, sizeof *times, by_value);
    printf("{\"measured\":\"rtt\",\"values\":{\"rtt.p50_us\":%f,\"rtt.p99_us\":%f}}\n",
           times[COUNT / 2], times[COUNT * 99 / 100]);
    fflush(stdout);
  }
  return 0;
}
