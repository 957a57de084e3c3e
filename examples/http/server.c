/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of one's own, by the library and libmicrohttpd: keys of many clients stay in memory, as many as there is room for.
 *
 *   server PARAMS.umbra BYTES    prints the port, on the loopback interface, and ends with its standard input
 *
 *   PUT /keys       evaluation keys: kept until others, used later, need the room
 *   POST /square    a ciphertext; its square comes back, or 404 if the keys of its owner are not here (any more)
 *
 * Whose keys are needed, the ciphertext says itself. Tokens, quotas and jobs are what umbra serve has (docs/server.md).
 */
#include <inttypes.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <umbra/umbra.h>

enum { MOST_BYTES = 64 << 20, THREADS = 2 };

/* ---- the store ---- */

typedef struct entry {
  struct entry *next;
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_eval_keys *keys;
} entry;

typedef struct store {
  pthread_mutex_t lock;
  entry *first; /* the one that was used last */
  uint64_t bytes, most;
} store;

/* Where the keys of an owner hang; NULL hangs there if they are not here. */
static entry **find(store *s, const uint8_t *owner) {
  entry **at = &s->first;
  while (*at && memcmp((*at)->owner, owner, UMBRA_OWNER_BYTES) != 0) at = &(*at)->next;
  return at;
}

static entry *unhang(store *s, entry **at) {
  entry *e = *at;
  *at = e->next;
  s->bytes -= umbra_eval_keys_bytes(e->keys);
  return e;
}

static void hang(store *s, entry *e) {
  e->next = s->first;
  s->first = e;
  s->bytes += umbra_eval_keys_bytes(e->keys);
}

static void drop(store *s, entry **at) {
  entry *e = unhang(s, at);
  umbra_eval_keys_destroy(e->keys); /* whoever computes with them has a handle of its own */
  free(e);
}

/* Those that nobody has used for longest go first. */
static void make_room(store *s) {
  while (s->first && s->bytes > s->most) {
    entry **last = &s->first;
    while ((*last)->next) last = &(*last)->next;
    drop(s, last);
  }
}

/* Takes the keys. */
static void store_put(store *s, umbra_eval_keys *keys) {
  entry *e = calloc(1, sizeof *e);
  if (!e) {
    umbra_eval_keys_destroy(keys);
    return;
  }
  e->keys = keys;
  umbra_eval_keys_owner(keys, e->owner);
  pthread_mutex_lock(&s->lock);
  entry **before = find(s, e->owner);
  if (*before) drop(s, before);
  hang(s, e);
  make_room(s);
  pthread_mutex_unlock(&s->lock);
}

/* A handle of the keys of an owner, who is now the last to have used them; NULL if they are not here. */
static umbra_eval_keys *store_get(store *s, const uint8_t *owner) {
  umbra_eval_keys *keys = NULL;
  pthread_mutex_lock(&s->lock);
  entry **at = find(s, owner);
  if (*at) {
    entry *e = unhang(s, at);
    hang(s, e);
    keys = umbra_eval_keys_share(e->keys);
  }
  pthread_mutex_unlock(&s->lock);
  return keys;
}

/* ---- what is done ---- */

typedef struct service {
  umbra_context *context;
  store keys;
} service;

typedef struct request {
  char *body, *answer; /* of malloc */
  size_t size, received, answer_size;
} request;

static int status_of(umbra_status status) { return status == UMBRA_OK ? MHD_HTTP_OK : MHD_HTTP_UNPROCESSABLE_CONTENT; }

static int put_keys(service *s, request *r) {
  umbra_eval_keys *keys = NULL;
  const umbra_status status = umbra_eval_keys_read(&keys, s->context, r->body, r->size, NULL);
  if (status == UMBRA_OK) store_put(&s->keys, keys);
  return status_of(status);
}

static umbra_status write_answer(request *r, const umbra_ciphertext *answer) {
  umbra_status status = umbra_ciphertext_write(answer, NULL, &r->answer_size, NULL);
  r->answer = status == UMBRA_OK ? malloc(r->answer_size) : NULL;
  return r->answer ? umbra_ciphertext_write(answer, r->answer, &r->answer_size, NULL) : UMBRA_ERROR_OUT_OF_MEMORY;
}

static umbra_status square(service *s, request *r, const umbra_eval_keys *keys, const umbra_ciphertext *x) {
  umbra_evaluator *evaluator = NULL; /* one for each request: they belong to one thread */
  umbra_ciphertext *answer = NULL;
  umbra_status status = umbra_evaluator_create(&evaluator, s->context, keys);
  if (status == UMBRA_OK) status = umbra_square(evaluator, &answer, x);
  if (status == UMBRA_OK) status = write_answer(r, answer);
  umbra_ciphertext_destroy(answer);
  umbra_evaluator_destroy(evaluator);
  return status;
}

static int post_square(service *s, request *r) {
  umbra_ciphertext *x = NULL;
  uint8_t owner[UMBRA_OWNER_BYTES];
  umbra_status status = umbra_ciphertext_read(&x, s->context, r->body, r->size, NULL);
  if (status != UMBRA_OK) return status_of(status);
  umbra_ciphertext_owner(x, owner);
  umbra_eval_keys *keys = store_get(&s->keys, owner);
  if (keys) status = square(s, r, keys, x);
  umbra_ciphertext_destroy(x);
  if (!keys) return MHD_HTTP_NOT_FOUND;
  umbra_eval_keys_destroy(keys);
  return status_of(status);
}

/* ---- HTTP ---- */

static enum MHD_Result reply(struct MHD_Connection *connection, int status, request *r) {
  struct MHD_Response *response =
      MHD_create_response_from_buffer(r ? r->answer_size : 0, r ? r->answer : NULL, MHD_RESPMEM_MUST_FREE);
  if (!response) return MHD_NO;
  if (r) r->answer = NULL;
  const enum MHD_Result queued = MHD_queue_response(connection, (unsigned int)status, response);
  MHD_destroy_response(response);
  return queued;
}

/* The length is announced, and no more memory is taken than for that. */
static enum MHD_Result begin(struct MHD_Connection *connection, void **state) {
  const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Length");
  const unsigned long long size = length ? strtoull(length, NULL, 10) : 0;
  if (!size || size > MOST_BYTES) return reply(connection, MHD_HTTP_CONTENT_TOO_LARGE, NULL);
  request *r = calloc(1, sizeof *r);
  *state = r;
  if (!r || !(r->body = malloc(size))) return MHD_NO;
  r->size = size;
  return MHD_YES;
}

static enum MHD_Result handle(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                              const char *version, const char *bytes, size_t *size, void **state) {
  request *r = *state;
  (void)version;
  if (!r) return begin(connection, state);
  if (*size) {
    if (*size > r->size - r->received) return MHD_NO;
    memcpy(r->body + r->received, bytes, *size);
    r->received += *size;
    *size = 0;
    return MHD_YES;
  }
  int status = MHD_HTTP_BAD_REQUEST;
  if (r->received == r->size && !strcmp(method, "PUT") && !strcmp(url, "/keys")) status = put_keys(user, r);
  if (r->received == r->size && !strcmp(method, "POST") && !strcmp(url, "/square")) status = post_square(user, r);
  return reply(connection, status, r);
}

static void completed(void *user, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode why) {
  request *r = *state;
  (void)user;
  (void)connection;
  (void)why;
  if (!r) return;
  free(r->body);
  free(r->answer);
  free(r);
}

static int serve(service *s) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  struct MHD_Daemon *daemon = MHD_start_daemon(
      MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, handle, s, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
      MHD_OPTION_THREAD_POOL_SIZE, (unsigned int)THREADS, MHD_OPTION_CONNECTION_TIMEOUT, 30u,
      MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
  if (!daemon) return 1;
  printf("%d\n", MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
  fflush(stdout);
  while (getchar() != EOF) continue;
  MHD_stop_daemon(daemon);
  return 0;
}

int main(int argc, char **argv) {
  umbra_params *params = NULL;
  service s = {.keys = {.lock = PTHREAD_MUTEX_INITIALIZER, .most = argc == 3 ? strtoull(argv[2], NULL, 10) : 0}};
  umbra_status status = argc == 3 ? umbra_params_load(&params, argv[1]) : UMBRA_ERROR_INVALID_ARGUMENT;
  if (status == UMBRA_OK) {
    /* Requests run side by side already. */
    const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .threads = 1};
    status = umbra_context_create(&s.context, &desc);
  }
  if (status != UMBRA_OK) fprintf(stderr, "usage: server PARAMS.umbra BYTES: %s\n", umbra_last_error());
  const int code = status == UMBRA_OK ? serve(&s) : 1;
  s.keys.most = 0;
  make_room(&s.keys);
  umbra_context_destroy(s.context);
  umbra_params_destroy(params);
  return code;
}
