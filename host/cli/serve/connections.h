/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long connections may take. Whoever sends a byte now and then is not idle, and yet keeps a place from others: so each
 * request, and each pause between two, has an end, which is later the more bytes are to be moved.
 */
#ifndef UMBRA_CLI_SERVE_CONNECTIONS_H
#define UMBRA_CLI_SERVE_CONNECTIONS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct serve_connection {
  struct serve_connection *next, *before;
  int socket;
  double end;
} serve_connection;

typedef struct serve_connections {
  pthread_mutex_t lock;
  serve_connection *first;
  double patience; /* seconds, beside those for bytes */
  uint32_t count;
} serve_connections;

void serve_connections_open(serve_connections *all, double patience);

/* When all connections are closed. */
void serve_connections_close(serve_connections *all);

/* NULL if memory is out: then nobody watches it. */
serve_connection *serve_connection_add(serve_connections *all, int socket);

/* Before its socket is closed. */
void serve_connection_remove(serve_connections *all, serve_connection *connection);

/* From now on it has time for so many bytes. */
void serve_connection_allow(serve_connections *all, serve_connection *connection, uint64_t bytes);

/* Shuts those that have no time left. */
void serve_connections_sweep(serve_connections *all);

#endif
