/* SPDX-License-Identifier: Apache-2.0 */
#include "connections.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "../output.h"

static const double slowest = 16384; /* bytes a second */

void serve_connections_open(serve_connections *all, double patience) {
  *all = (serve_connections){.patience = patience};
  pthread_mutex_init(&all->lock, NULL);
}

void serve_connections_close(serve_connections *all) { pthread_mutex_destroy(&all->lock); }

serve_connection *serve_connection_add(serve_connections *all, int socket) {
  serve_connection *c = malloc(sizeof *c);
  if (!c) return NULL;
  pthread_mutex_lock(&all->lock);
  *c = (serve_connection){.next = all->first, .socket = socket, .end = cli_seconds() + all->patience};
  if (all->first) all->first->before = c;
  all->first = c;
  all->count++;
  pthread_mutex_unlock(&all->lock);
  return c;
}

void serve_connection_remove(serve_connections *all, serve_connection *c) {
  if (!c) return;
  pthread_mutex_lock(&all->lock);
  *(c->before ? &c->before->next : &all->first) = c->next;
  if (c->next) c->next->before = c->before;
  all->count--;
  pthread_mutex_unlock(&all->lock);
  free(c);
}

void serve_connection_allow(serve_connections *all, serve_connection *c, uint64_t bytes) {
  if (!c) return;
  pthread_mutex_lock(&all->lock);
  c->end = cli_seconds() + all->patience + (double)bytes / slowest;
  pthread_mutex_unlock(&all->lock);
}

void serve_connections_sweep(serve_connections *all) {
  const double now = cli_seconds();
  pthread_mutex_lock(&all->lock);
  for (const serve_connection *c = all->first; c; c = c->next)
    if (now > c->end) shutdown(c->socket, SHUT_RDWR);
  pthread_mutex_unlock(&all->lock);
}
