/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* labels: quick UMBRA_THREADS=1 */
/*
 * Evaluation keys whose residues are more than one piece: their sums are those of docs/file-format.md, every piece is
 * looked at, and files of the version before, without pieces, say the same.
 */
#include "container_bytes.h"
#include "file_bytes.h"
#include "folder.h"
#include "watcher.h"

#include <unistd.h>

#include "host/base/watch.h"
#include "host/ckks/keys_internal.h"
#include "host/ckks/load_keys.h"

enum { KEYS = 3, TO_VERSION = 8 };

static const char *const damaged = "section 3 is damaged: its checksum is wrong";
static scheme s;
static bytes file, before; /* of the same keys, in this version and in the one without pieces */
static section found[MAX_SECTIONS];
static char folder[] = "/tmp/umbra-pieces-XXXXXX";

static bytes written(umbra_eval_keys *keys, uint32_t version) {
  keys->version = version;
  return keys_bytes(keys);
}

/* Takes the keys. */
static void assert_writes(umbra_eval_keys *keys, const bytes *expected) {
  const bytes again = written(keys, keys->version);
  assert_int_equal(again.size, expected->size);
  assert_memory_equal(again.data, expected->data, again.size);
  free(again.data);
  umbra_eval_keys_destroy(keys);
}

static int take(void *user, void *to, size_t size) {
  uint8_t **next = user;
  memcpy(to, *next, size);
  *next += size;
  return 0;
}

static umbra_status load_from_file(umbra_eval_keys **keys, const bytes *b) {
  const char *path = path_in(folder, "keys");
  put_bytes(path, b);
  return umbra_eval_keys_load(keys, s.context, path, NULL);
}

static umbra_status receive(umbra_eval_keys **keys, const bytes *b) {
  uint8_t *next = b->data;
  return umbra_eval_keys_receive(keys, s.context, take, &next, b->size, NULL);
}

static umbra_status inspect(const bytes *b) {
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  return umbra_buffer_inspect(&info, b->data, b->size);
}

/* From a file, from memory and in order. */
static void every_way_gives_the_same(void **state) {
  (void)state;
  const bytes *of[] = {&file, &before};
  for (size_t i = 0; i < 2; i++) {
    umbra_eval_keys *keys[3] = {NULL};
    assert_ok(load_from_file(&keys[0], of[i]));
    assert_ok(umbra_eval_keys_read(&keys[1], s.context, of[i]->data, of[i]->size, NULL));
    assert_ok(receive(&keys[2], of[i]));
    assert_ok(inspect(of[i]));
    for (size_t k = 0; k < 3; k++) assert_writes(keys[k], of[i]);
  }
  assert_int_equal(file.size, before.size);
}

/* Seeds give the other halves: a key that was loaded is the one that was made. */
static void both_halves_are_there(void **state) {
  (void)state;
  const bytes *of[] = {&file, &before};
  for (size_t i = 0; i < 2; i++) {
    umbra_eval_keys *keys = NULL;
    assert_ok(umbra_eval_keys_read(&keys, s.context, of[i]->data, of[i]->size, NULL));
    for (size_t k = 0; k < KEYS; k++) {
      const umbra_poly *a = &keys->key[k].key.poly, *b = &s.keys->key[k].key.poly;
      assert_memory_equal(a->data, b->data, umbra_poly_bytes(b, s.context->ring));
    }
    umbra_eval_keys_destroy(keys);
  }
}

/* ---- progress ---- */

typedef struct stopwatch {
  watcher w;
  uint32_t waits; /* reports without progress */
  double leap;    /* the largest from one to the next */
} stopwatch;

static int measure(void *user, double fraction) {
  stopwatch *m = user;
  m->waits += m->w.reports && fraction == m->w.fraction;
  m->leap = fmax(m->leap, fraction - m->w.fraction);
  return look(&m->w, fraction);
}

static umbra_status load_watched(umbra_eval_keys **keys, const bytes *b, stopwatch *m) {
  return umbra_eval_keys_read(keys, s.context, b->data, b->size, &(umbra_progress){measure, m});
}

/* After every key whose memory is taken, and after so many bytes at most; and any of them may stop it. */
static void loading_is_watched(void **state) {
  (void)state;
  const bytes *of[] = {&file, &before};
  const size_t most = (size_t)umbra_ring_threads(s.context->ring) * UMBRA_LOAD_STEP, heads = 4096;
  umbra_watch_interval(0);
  for (size_t i = 0; i < 2; i++) {
    umbra_eval_keys *keys = NULL;
    stopwatch all = {0};
    assert_ok(load_watched(&keys, of[i], &all));
    umbra_eval_keys_destroy(keys);
    keys = NULL;
    assert_true(all.w.fraction == 1 && all.waits >= KEYS && all.leap * (double)of[i]->size < (double)(most + heads));
    for (uint32_t at = 1; at < all.w.reports; at += 3)
      assert_fails(load_watched(&keys, of[i], &(stopwatch){.w.at = at}), UMBRA_ERROR_CANCELLED, "cancelled");
    assert_null(keys);
  }
}

/* ---- sums ---- */

static void hash(uint8_t out[32], const void *data, size_t size, const uint8_t *key) {
  crypto_generichash(out, 32, data, size, key, key ? 32 : 0);
}

static void sums_are_those_of_the_format(void **state) {
  (void)state;
  const size_t piece = (size_t)4 << 20;
  for (int i = 0; i < 2 * KEYS; i++) {
    const uint8_t *key = file.data + 80, *head = file.data + found[i].at, *content = head + 16;
    const size_t length = found[i].length;
    uint8_t joined[16 + 32 * 64], sum[32];
    size_t size = 16;
    memcpy(joined, head, 16);
    for (size_t at = 0; at < length; at += piece, size += 32)
      hash(joined + size, content + at, length - at < piece ? length - at : piece, NULL);
    hash(sum, joined, size, key);
    assert_memory_equal(sum, content + length, 32);
    if (i % 2) assert_true(size > 16 + 32);
  }
}

static void assert_refused(const bytes *b, const char *text) {
  umbra_eval_keys *keys = NULL;
  assert_fails(load_from_file(&keys, b), UMBRA_ERROR_FORMAT, text);
  assert_fails(umbra_eval_keys_read(&keys, s.context, b->data, b->size, NULL), UMBRA_ERROR_FORMAT, text);
  assert_fails(receive(&keys, b), UMBRA_ERROR_FORMAT, text);
  assert_null(keys);
}

static void every_piece_counts(void **state) {
  (void)state;
  uint8_t *residues = payload(file.data, &found[3]);
  const size_t last = found[3].length - 1, at[] = {0, (4 << 20) - 1, 4 << 20, last, last + 1, last + 32};
  for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
    residues[at[i] & ~(size_t)3] ^= 1;
    assert_refused(&file, damaged);
    assert_fails(inspect(&file), UMBRA_ERROR_FORMAT, damaged);
    residues[at[i] & ~(size_t)3] ^= 1;
  }
}

/* Sums that fit do not make residues of what is none: wherever it is, it is named, and by whichever thread. */
static void every_residue_counts(void **state) {
  (void)state;
  bytes bad = {malloc(file.size), file.size};
  const size_t words[] = {0, (4 << 20) / 4, found[3].length / 4 - 1};
  for (size_t i = 0; i < 3; i++) {
    char text[64];
    memcpy(bad.data, file.data, file.size);
    memset(payload(bad.data, &found[3]) + 4 * words[i], 0xff, 4);
    fix_checksums(bad.data, bad.size);
    snprintf(text, sizeof text, "residue %zu of polynomial", words[i] % umbra_ring_n(s.context->ring));
    assert_refused(&bad, text);
    assert_ok(inspect(&bad));
  }
  free(bad.data);
}

/* The versions' sums are not each other's. */
static void versions_are_apart(void **state) {
  (void)state;
  bytes bad = {malloc(file.size), file.size};
  memcpy(bad.data, file.data, file.size);
  bad.data[TO_VERSION] = UMBRA_CONTAINER_VERSION;
  umbra_header header;
  memcpy(&header, bad.data, sizeof header);
  umbra_header_checksum(header.checksum, &header);
  memcpy(bad.data, &header, sizeof header);
  assert_refused(&bad, "section 0 is damaged");
  free(bad.data);
}

/* ---- keys made into a file ---- */

/* The product and the rotation of a vector by keys, each within the bound of its error. */
static void assert_switch(umbra_eval_keys *keys) {
  uint64_t random = 1;
  vector v = vector_random(&random, 64, 1), turned = vector_make(64);
  for (uint32_t j = 0; j < 64; j++) turned.value[j] = at(&v, j + 1) * at(&v, j + 1);
  umbra_ciphertext *x = encrypt_vector(&s, &v, UMBRA_TOP_LEVEL);
  umbra_evaluator *evaluator = NULL;
  assert_ok(umbra_evaluator_create(&evaluator, s.context, keys));
  assert_ok(umbra_square(evaluator, &x, x));
  assert_ok(umbra_rotate(evaluator, &x, x, 1));
  assert_true(worst_error(&s, x, &turned) <= umbra_ciphertext_error_bound(x));
  umbra_evaluator_destroy(evaluator);
  umbra_ciphertext_destroy(x);
  vector_destroy(&v);
  vector_destroy(&turned);
}

static void keys_are_made_into_files(void **state) {
  (void)state;
  const char *path = path_in(folder, "made");
  umbra_key_needs *needs = NULL;
  umbra_eval_keys *keys = NULL;
  watcher counting = {0};
  umbra_progress progress = progress_of(&counting);
  assert_ok(umbra_key_needs_create(&needs, s.params));
  assert_ok(umbra_eval_keys_needs(s.keys, needs));
  assert_ok(umbra_eval_keys_generate_save(s.secret, needs, path, &progress));
  assert_true(counting.fraction == 1 && counting.reports >= KEYS);
  const bytes made = file_bytes(path);
  assert_int_equal(made.size, file.size);
  assert_ok(umbra_eval_keys_load(&keys, s.context, path, NULL));
  assert_ok(umbra_eval_keys_cover(keys, needs));
  assert_switch(keys);
  umbra_eval_keys_destroy(keys);
  const size_t files = count_files(folder);
  const uint64_t memory = umbra_context_memory(s.context);
  for (uint32_t at = 1; at < counting.reports; at += counting.reports / 4) {
    watcher w = {.at = at};
    progress = progress_of(&w);
    assert_fails(umbra_eval_keys_generate_save(s.secret, needs, path, &progress), UMBRA_ERROR_CANCELLED, "cancelled");
    const bytes still = file_bytes(path);
    assert_true(same_bytes(&still, &made) && count_files(folder) == files);
    assert_int_equal(umbra_context_memory(s.context), memory);
    free(still.data);
  }
  assert_fails(umbra_eval_keys_generate_save(s.secret, needs, NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "a path");
  assert_fails(umbra_eval_keys_generate_save(s.secret, needs, "/dev/null", NULL), UMBRA_ERROR_IO, "/dev/null");
  free(made.data);
  umbra_key_needs_destroy(needs);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_way_gives_the_same),     cmocka_unit_test(both_halves_are_there),
      cmocka_unit_test(sums_are_those_of_the_format), cmocka_unit_test(every_piece_counts),
      cmocka_unit_test(every_residue_counts),         cmocka_unit_test(versions_are_apart),
      cmocka_unit_test(loading_is_watched),           cmocka_unit_test(keys_are_made_into_files)};
  assert_non_null(mkdtemp(folder));
  scheme_open(&s, test_params(15, 40, 14), "cpu", (int32_t[]){1}, 1);
  before = written(s.keys, UMBRA_CONTAINER_VERSION);
  file = written(s.keys, UMBRA_CONTAINER_PIECES);
  assert_int_equal(umbra_eval_keys_count(s.keys), KEYS);
  assert_int_equal(find_sections(found, file.data, file.size), 2 * KEYS);
  const int failed = cmocka_run_group_tests(tests, NULL, NULL);
  empty_folder(folder);
  rmdir(folder);
  free(before.data);
  free(file.data);
  scheme_close(&s);
  return failed;
}
