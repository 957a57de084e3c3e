/* SPDX-License-Identifier: Apache-2.0 */
/* A request, from its head to what it is answered with; it knows the protocol (docs/server.md) but not who speaks HTTP. */
#ifndef UMBRA_CLI_SERVE_EXCHANGE_H
#define UMBRA_CLI_SERVE_EXCHANGE_H

#include "metrics.h"
#include "objects.h"
#include "reply.h"
#include "workers.h"

typedef struct serve_server {
  int state; /* folder */
  serve_workers workers;
  serve_connections connections;
  serve_metrics metrics;
} serve_server;

/* What the head of a request says. */
typedef struct serve_head {
  const char *method, *url, *authorization; /* authorization may be NULL */
  bool has_length;
  uint64_t length;
} serve_head;

typedef struct serve_exchange {
  serve_server *server;
  serve_client client;
  serve_reply (*route)(struct serve_exchange *exchange);
  char names[2][SERVE_NAME]; /* of the path, as its route has them */
  serve_upload upload;
  char *text; /* a body that is no file */
  size_t size;
  uint64_t received;
  serve_reply reply; /* status 0: it is not decided */
} serve_exchange;

/* Who it is, what is wanted, and whether the body may come; if it may not, the reply is decided. */
void serve_exchange_begin(serve_exchange *x, serve_server *server, const serve_head *head);

/* A piece of the body, which counts for nothing once the reply is decided. */
void serve_exchange_add(serve_exchange *x, const void *bytes, size_t size);

/* All has come; the reply is decided. */
void serve_exchange_end(serve_exchange *x);

/* Also of one that broke off. */
void serve_exchange_clear(serve_exchange *x);

#endif
