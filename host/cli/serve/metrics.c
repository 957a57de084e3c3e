/* SPDX-License-Identifier: Apache-2.0 */
#include "metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { STATUSES = sizeof((serve_metrics *)0)->requests / sizeof(uint64_t) };

void serve_metrics_open(serve_metrics *m) {
  *m = (serve_metrics){0};
  pthread_mutex_init(&m->lock, NULL);
}

void serve_metrics_close(serve_metrics *m) { pthread_mutex_destroy(&m->lock); }

void serve_metrics_received(serve_metrics *m, uint64_t bytes) {
  pthread_mutex_lock(&m->lock);
  m->bytes_in += bytes;
  pthread_mutex_unlock(&m->lock);
}

void serve_metrics_answered(serve_metrics *m, int status, uint64_t bytes) {
  pthread_mutex_lock(&m->lock);
  if (status >= 0 && status < STATUSES) m->requests[status]++;
  m->bytes_out += bytes;
  pthread_mutex_unlock(&m->lock);
}

/* Of this process. */
static uint64_t resident_bytes(void) {
  uint64_t all, pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  if (fscanf(file, "%" SCNu64 " %" SCNu64, &all, &pages) != 2) pages = 0;
  fclose(file);
  return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void head(FILE *out, const char *name, const char *type, const char *help) {
  fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void tell_one(FILE *out, const char *name, const char *type, const char *help, uint64_t value) {
  head(out, name, type, help);
  fprintf(out, "%s %" PRIu64 "\n", name, value);
}

static void tell_requests(FILE *out, serve_metrics *m) {
  pthread_mutex_lock(&m->lock);
  head(out, "umbra_requests_total", "counter", "Requests answered, by status.");
  for (int status = 0; status < STATUSES; status++)
    if (m->requests[status])
      fprintf(out, "umbra_requests_total{status=\"%d\"} %" PRIu64 "\n", status, m->requests[status]);
  tell_one(out, "umbra_received_bytes_total", "counter", "Bytes of files that came.", m->bytes_in);
  tell_one(out, "umbra_sent_bytes_total", "counter", "Bytes of files that were sent.", m->bytes_out);
  pthread_mutex_unlock(&m->lock);
}

static void tell_jobs(FILE *out, serve_workers *w) {
  uint64_t running = 0, waiting = 0;
  pthread_mutex_lock(&w->lock);
  for (const serve_job *job = w->first; job; job = job->next) ++*(job->process ? &running : &waiting);
  head(out, "umbra_jobs_total", "counter", "Jobs that have ended, by their end.");
  fprintf(out,
          "umbra_jobs_total{state=\"done\"} %" PRIu64 "\numbra_jobs_total{state=\"failed\"} %" PRIu64
          "\numbra_jobs_total{state=\"cancelled\"} %" PRIu64 "\n",
          w->counts.done, w->counts.failed, w->counts.cancelled);
  head(out, "umbra_job_seconds_total", "counter", "Seconds that jobs have run.");
  fprintf(out, "umbra_job_seconds_total %.3f\n", w->counts.seconds);
  pthread_mutex_unlock(&w->lock);
  tell_one(out, "umbra_jobs_running", "gauge", "Jobs that run.", running);
  tell_one(out, "umbra_jobs_waiting", "gauge", "Jobs that wait.", waiting);
}

serve_reply serve_metrics_tell(serve_metrics *m, serve_workers *workers, serve_connections *connections) {
  char *text = NULL;
  size_t size = 0;
  FILE *out = open_memstream(&text, &size);
  if (!out) return serve_refuse(SERVE_FAILED, "the server is out of memory");
  tell_requests(out, m);
  tell_jobs(out, workers);
  pthread_mutex_lock(&connections->lock);
  const uint64_t open = connections->count;
  pthread_mutex_unlock(&connections->lock);
  tell_one(out, "umbra_connections", "gauge", "Connections that are open.", open);
  tell_one(out, "process_resident_memory_bytes", "gauge", "Memory of the server, without its jobs.", resident_bytes());
  if (fclose(out) == 0)
    return (serve_reply){.status = SERVE_OK, .text = text, .type = "text/plain; version=0.0.4", .file = -1};
  free(text);
  return serve_refuse(SERVE_FAILED, "the server is out of memory");
}
