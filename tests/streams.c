/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Objects through callbacks: over a socket between two threads, from streams that lie or never end, and stopped at every
 * byte that they ask for; saving and loading files, stopped as well.
 */
#include "tests/file_objects.h"
#include "tests/folder.h"

#include <stdio.h>
#include <sys/socket.h>
#include <threads.h>
#include <unistd.h>

#include "host/base/watch.h"

static file_objects objects;

static void assert_fails(umbra_status status, umbra_status expected, const char *text) {
  if (status != expected || !strstr(umbra_last_error(), text))
    fail_msg("status '%s', text \"%s\"; expected '%s' and \"...%s...\"", umbra_status_string(status),
             umbra_last_error(), umbra_status_string(expected), text);
}

static void assert_writes(int kind, const void *object) {
  size_t size = objects.size[kind];
  uint8_t *again = malloc(size);
  assert_ok(file_kinds[kind].write(object, again, &size));
  assert_int_equal(size, objects.size[kind]);
  assert_memory_equal(again, objects.bytes[kind], size);
  free(again);
}

/* ---- a socket ---- */

static int send_all(void *user, const void *bytes, size_t size) {
  const uint8_t *next = bytes;
  while (size) {
    ssize_t sent = write(*(int *)user, next, size);
    if (sent <= 0) return -1;
    next += sent;
    size -= (size_t)sent;
  }
  return 0;
}

static int receive_all(void *user, void *bytes, size_t size) {
  uint8_t *next = bytes;
  while (size) {
    ssize_t got = read(*(int *)user, next, size);
    if (got <= 0) return -1;
    next += got;
    size -= (size_t)got;
  }
  return 0;
}

/* All kinds, one after the other, through one socket. */
static int send_objects(void *socket) {
  for (int k = 0; k < OBJECTS; k++)
    if (file_kinds[k].send && file_kinds[k].send(objects.object[k], send_all, socket) != UMBRA_OK) return 1;
  return 0;
}

static void over_a_socket(void **state) {
  (void)state;
  int ends[2], result;
  thrd_t sender;
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  assert_int_equal(thrd_create(&sender, send_objects, &ends[0]), thrd_success);
  for (int k = 0; k < OBJECTS; k++) {
    if (!file_kinds[k].receive) continue;
    void *received = NULL;
    assert_ok(file_kinds[k].receive(&received, objects.context, receive_all, &ends[1], objects.size[k]));
    assert_writes(k, received);
    file_kinds[k].destroy(received);
  }
  assert_int_equal(thrd_join(sender, &result), thrd_success);
  assert_int_equal(result, 0);
  close(ends[0]);
  close(ends[1]);
}

/* ---- streams in memory ---- */

typedef struct stream {
  uint8_t *bytes;
  size_t size, taken;  /* after `size` the stream goes on with zeros, or ends */
  int endless, result; /* what is returned at the end */
  size_t since;        /* bytes since somebody was asked whether to go on */
} stream;

enum { MOST_UNASKED = 1 << 20 };

static void note_bytes(stream *s, size_t size) {
  s->taken += size;
  s->since += size;
  assert_true(s->since <= MOST_UNASKED);
}

static int take(void *user, void *bytes, size_t size) {
  stream *s = user;
  const size_t left = s->taken < s->size ? s->size - s->taken : 0, now = size < left ? size : left;
  if (now < size && !s->endless) return s->result;
  memcpy(bytes, s->bytes + s->taken, now);
  memset((uint8_t *)bytes + now, 0, size - now);
  note_bytes(s, size);
  return 0;
}

static int give(void *user, const void *bytes, size_t size) {
  stream *s = user;
  if (s->taken + size > s->size) return s->result;
  memcpy(s->bytes + s->taken, bytes, size);
  note_bytes(s, size);
  return 0;
}

static stream stream_of(int kind) { return (stream){.bytes = objects.bytes[kind], .size = objects.size[kind]}; }

static void assert_refused(int kind, stream *s, uint64_t most, umbra_status expected, const char *text) {
  void *untouched = NULL;
  const uint64_t memory = umbra_context_memory(objects.context);
  s->since = 0;
  assert_fails(file_kinds[kind].receive(&untouched, objects.context, take, s, most), expected, text);
  assert_null(untouched);
  assert_int_equal(umbra_context_memory(objects.context), memory);
}

static void streams_that_end_early(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    if (!file_kinds[k].receive) continue;
    for (size_t part = 0; part < 8; part++) {
      stream s = stream_of(k);
      s.size = objects.size[k] * part / 8;
      s.result = -7;
      assert_refused(k, &s, UINT64_MAX, UMBRA_ERROR_IO, "-7");
      s.taken = 0;
      s.result = 7;
      assert_refused(k, &s, UINT64_MAX, UMBRA_ERROR_CANCELLED, "7");
    }
  }
}

/* Zeros are no container, and what follows one is not read. */
static void streams_without_end(void **state) {
  (void)state;
  uint8_t nothing = 0;
  stream zeros = {.bytes = &nothing, .endless = 1};
  assert_refused(EVAL_KEYS, &zeros, UINT64_MAX, UMBRA_ERROR_FORMAT, "not an Umbra file");
  assert_int_equal(zeros.taken, sizeof(umbra_header));
  stream s = stream_of(CIPHERTEXT);
  void *received = NULL;
  s.endless = 1;
  s.since = 0;
  umbra_ciphertext *ciphertext = NULL;
  assert_ok(umbra_ciphertext_receive(&ciphertext, objects.context, take, &s, UINT64_MAX, NULL));
  assert_int_equal(s.taken, objects.size[CIPHERTEXT]);
  received = ciphertext;
  assert_writes(CIPHERTEXT, received);
  umbra_ciphertext_destroy(ciphertext);
}

static void streams_that_are_too_long(void **state) {
  (void)state;
  stream s = stream_of(EVAL_KEYS);
  assert_refused(EVAL_KEYS, &s, objects.size[EVAL_KEYS] - 1, UMBRA_ERROR_RANGE, "at most");
  assert_int_equal(s.taken, sizeof(umbra_header));
}

/* A header that promises the most there can be, and a stream that goes on for ever: memory stays near one key. */
static void streams_that_promise_too_much(void **state) {
  (void)state;
  stream s = stream_of(EVAL_KEYS);
  umbra_header *header = malloc(sizeof *header + 64);
  assert_non_null(header);
  memcpy(header, s.bytes, sizeof *header);
  header->bytes = UINT64_MAX;
  header->sections = 2048;
  umbra_header_checksum(header->checksum, header);
  s.bytes = (uint8_t *)header;
  s.size = sizeof *header;
  s.endless = 1;
  assert_refused(EVAL_KEYS, &s, UINT64_MAX, UMBRA_ERROR_FORMAT, "");
  assert_true(s.taken < 1024);
  header->sections = UINT32_MAX;
  umbra_header_checksum(header->checksum, header);
  s.taken = 0;
  assert_refused(EVAL_KEYS, &s, UINT64_MAX, UMBRA_ERROR_FORMAT, "sections");
  free(header);
}

/* ---- stopped ---- */

typedef struct watcher {
  stream *stream; /* NULL: none */
  uint32_t reports, at;
  double fraction;
} watcher;

static int look(void *user, double fraction) {
  watcher *w = user;
  assert_true(fraction >= w->fraction && fraction <= 1);
  w->fraction = fraction;
  if (w->stream) w->stream->since = 0;
  return ++w->reports == w->at;
}

static umbra_status receive_keys(watcher *w, umbra_eval_keys **keys) {
  return umbra_eval_keys_receive(keys, objects.context, take, w->stream, UINT64_MAX, &(umbra_progress){look, w});
}

static void receiving_is_stopped(void **state) {
  (void)state;
  stream s = stream_of(EVAL_KEYS);
  watcher counting = {.stream = &s};
  umbra_eval_keys *keys = NULL;
  assert_ok(receive_keys(&counting, &keys));
  umbra_eval_keys_destroy(keys);
  assert_true(counting.fraction == 1 && counting.reports > 50);
  const uint64_t memory = umbra_context_memory(objects.context);
  for (uint32_t at = 1; at < counting.reports; at += counting.reports / 25) {
    stream again = stream_of(EVAL_KEYS);
    watcher w = {.stream = &again, .at = at};
    umbra_eval_keys *none = NULL;
    assert_fails(receive_keys(&w, &none), UMBRA_ERROR_CANCELLED, "cancelled");
    assert_null(none);
    assert_int_equal(umbra_context_memory(objects.context), memory);
  }
}

static umbra_status send_keys(watcher *w) {
  return umbra_eval_keys_send(objects.object[EVAL_KEYS], give, w->stream, &(umbra_progress){look, w});
}

static void sending_is_stopped(void **state) {
  (void)state;
  stream s = {.bytes = malloc(objects.size[EVAL_KEYS]), .size = objects.size[EVAL_KEYS], .result = -1};
  watcher counting = {.stream = &s};
  assert_non_null(s.bytes);
  assert_ok(send_keys(&counting));
  assert_int_equal(s.taken, objects.size[EVAL_KEYS]);
  assert_memory_equal(s.bytes, objects.bytes[EVAL_KEYS], s.taken);
  for (uint32_t at = 1; at < counting.reports; at += counting.reports / 10) {
    watcher w = {.stream = &s, .at = at};
    s.taken = s.since = 0;
    assert_fails(send_keys(&w), UMBRA_ERROR_CANCELLED, "cancelled");
  }
  watcher full = {.stream = &s};
  s.size /= 2;
  s.taken = s.since = 0;
  assert_fails(send_keys(&full), UMBRA_ERROR_IO, "-1");
  free(s.bytes);
}

/* Nothing is left of a file that was not finished, and a file that was there stays. */
static void saving_and_loading_are_stopped(void **state) {
  (void)state;
  char folder[] = "/tmp/umbra-streams-XXXXXX", path[64];
  assert_non_null(mkdtemp(folder));
  snprintf(path, sizeof path, "%s/keys", folder);
  watcher counting = {0};
  for (uint32_t at = 1; at < 30; at += 7) {
    watcher w = {.at = at};
    assert_fails(umbra_eval_keys_save(objects.object[EVAL_KEYS], path, &(umbra_progress){look, &w}),
                 UMBRA_ERROR_CANCELLED, "cancelled");
    assert_int_equal(count_files(folder), 0);
  }
  assert_ok(umbra_eval_keys_save(objects.object[EVAL_KEYS], path, &(umbra_progress){look, &counting}));
  assert_true(counting.fraction == 1);
  watcher late = {.at = 20};
  assert_fails(umbra_ciphertext_save(objects.object[CIPHERTEXT], path, &(umbra_progress){look, &(watcher){.at = 5}}),
               UMBRA_ERROR_CANCELLED, "cancelled");
  umbra_eval_keys *keys = NULL;
  assert_fails(umbra_eval_keys_load(&keys, objects.context, path, &(umbra_progress){look, &late}),
               UMBRA_ERROR_CANCELLED, "cancelled");
  assert_null(keys);
  assert_ok(umbra_eval_keys_load(&keys, objects.context, path, &(umbra_progress){look, &(watcher){0}}));
  assert_writes(EVAL_KEYS, keys);
  umbra_eval_keys_destroy(keys);
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  assert_fails(umbra_file_inspect(&info, path, &(umbra_progress){look, &(watcher){.at = 30}}), UMBRA_ERROR_CANCELLED,
               "cancelled");
  assert_null(info.kind);
  counting = (watcher){0};
  assert_ok(umbra_file_inspect(&info, path, &(umbra_progress){look, &counting}));
  assert_true(counting.fraction == 1 && counting.reports > 30 && info.kind);
  assert_int_equal(count_files(folder), 1);
  assert_int_equal(remove(path), 0);
  assert_int_equal(rmdir(folder), 0);
}

static void missing_arguments(void **state) {
  (void)state;
  umbra_ciphertext *none = NULL;
  stream s = stream_of(CIPHERTEXT);
  assert_fails(umbra_ciphertext_send(NULL, give, &s, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
  assert_fails(umbra_ciphertext_send(objects.object[CIPHERTEXT], NULL, &s, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "write");
  assert_fails(umbra_ciphertext_receive(NULL, objects.context, take, &s, 9, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "NULL");
  assert_fails(umbra_ciphertext_receive(&none, NULL, take, &s, 9, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "context");
  assert_fails(umbra_ciphertext_receive(&none, objects.context, NULL, &s, 9, NULL), UMBRA_ERROR_INVALID_ARGUMENT,
               "read");
}

static int set_up(void **state) {
  (void)state;
  umbra_watch_interval(0);
  make_objects(&objects);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  destroy_objects(&objects);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(over_a_socket),
      cmocka_unit_test(streams_that_end_early),
      cmocka_unit_test(streams_without_end),
      cmocka_unit_test(streams_that_are_too_long),
      cmocka_unit_test(streams_that_promise_too_much),
      cmocka_unit_test(receiving_is_stopped),
      cmocka_unit_test(sending_is_stopped),
      cmocka_unit_test(saving_and_loading_are_stopped),
      cmocka_unit_test(missing_arguments),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
