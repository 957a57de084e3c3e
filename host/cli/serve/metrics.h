/* SPDX-License-Identifier: Apache-2.0 */
/* What the server has done, in Prometheus' text format, for its operator. */
#ifndef UMBRA_CLI_SERVE_METRICS_H
#define UMBRA_CLI_SERVE_METRICS_H

#include "connections.h"
#include "reply.h"
#include "workers.h"

typedef struct serve_metrics {
  pthread_mutex_t lock;
  uint64_t requests[600];       /* answered, by status */
  uint64_t bytes_in, bytes_out; /* of files that were uploaded, and sent */
} serve_metrics;

void serve_metrics_open(serve_metrics *metrics);
void serve_metrics_close(serve_metrics *metrics);

/* A file came; a request was answered, with a file of so many bytes. */
void serve_metrics_received(serve_metrics *metrics, uint64_t bytes);
void serve_metrics_answered(serve_metrics *metrics, int status, uint64_t bytes);

serve_reply serve_metrics_tell(serve_metrics *metrics, serve_workers *workers, serve_connections *connections);

#endif
