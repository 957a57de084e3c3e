/* SPDX-License-Identifier: Apache-2.0 */
#include "trace.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "target.h"

enum { EVENT = 512 };
static const char head[] = "[\n{\"name\":\"process_name\"", tail[] = "\n]\n";

/* The program has one. */
static struct {
  int file;
  off_t end; /* of what is written, without the tail */
  double opened;
  umbra_tracer next;
} trace = {.file = -1};

/* Over the old tail: a signal that ends the program does so before or after. */
static bool append(const char *text) {
  sigset_t all, before;
  const size_t length = strlen(text);
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  const bool written = pwrite(trace.file, text, length, trace.end) == (ssize_t)length;
  const int reason = errno;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  errno = reason;
  if (written) trace.end += (off_t)(length - strlen(tail));
  return written;
}

/* A trace that cannot go on ends where it is; the work goes on. */
static void stop(void) {
  cli_warn("--trace: %s; the trace ends here", strerror(errno));
  if (ftruncate(trace.file, trace.end) == 0) (void)append(tail);
  close(trace.file);
  trace.file = -1;
}

static void add(void *user, const umbra_trace_event *event) {
  char text[EVENT], device[64] = "";
  (void)user;
  if (trace.next.event) trace.next.event(trace.next.user, event);
  if (trace.file < 0) return;
  if (event->timed) snprintf(device, sizeof device, ",\"device_seconds\":%.9f", event->device_seconds);
  snprintf(text, sizeof text,
           ",\n{\"name\":\"%s\",\"cat\":\"umbra\",\"ph\":\"X\",\"ts\":%.3f,\"dur\":%.3f,\"pid\":%ld,\"tid\":%" PRIu32
           ",\"args\":{\"level\":%" PRIu32 ",\"depth\":%" PRIu32 ",\"evaluator\":%" PRIu64 "%s}}%s",
           event->name, 1e6 * (event->start - trace.opened), 1e6 * event->seconds, (long)getpid(), event->thread,
           event->level, event->depth, event->evaluator, device, tail);
  if (!append(text)) stop();
}

/* Nothing else is there than another trace. */
static bool may_replace(const char *path) {
  char found[sizeof head] = "";
  ssize_t got = pread(trace.file, found, strlen(head), 0);
  if (got < 0) return cli_error("--trace: %s: %s", path, strerror(errno));
  return got == 0 || strcmp(found, head) == 0 ||
         cli_error("--trace: %s exists already, is no trace, and will not be replaced", path);
}

static bool begin(const char *path) {
  char text[EVENT];
  snprintf(text, sizeof text, "%s,\"ph\":\"M\",\"pid\":%ld,\"args\":{\"name\":\"umbra\"}}%s", head, (long)getpid(),
           tail);
  if (!may_replace(path)) return false;
  return (ftruncate(trace.file, 0) == 0 && append(text)) || cli_error("--trace: %s: %s", path, strerror(errno));
}

bool cli_trace_open(umbra_tracer *tracer, const char *path, const umbra_tracer *next) {
  if (!cli_may_write("--trace", path, NULL, NULL, 0)) return false;
  if (next) trace.next = *next;
  trace.opened = cli_seconds();
  trace.file = cli_open_output("--trace", path);
  if (trace.file < 0) return false;
  *tracer = (umbra_tracer){.event = add};
  return begin(path);
}
