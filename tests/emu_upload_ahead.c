/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/*
 * Polynomials that come back ahead of use: whenever the device copies, work that pins them sees them, and nobody's
 * memory is written to; a join left out is noticed. What may be prefetched, and what happens where calls fail.
 */
#include "../host/device/record.h"
#include "../host/device/session_internal.h"
#include "../host/ring/ops.h"
#include "../host/ring/residence.h"
#include "../host/ring/ring_internal.h"
#include "../kernels/emu/emu.h"
#include "scheme.h"

enum { POLYS = 4 };

static umbra_params *params;
static const umbra_emu_queue queues[] = {UMBRA_EMU_EAGER, UMBRA_EMU_DEFERRED, UMBRA_EMU_COPIES_FIRST};
enum { QUEUES = sizeof queues / sizeof *queues };

/* Polynomials that may leave, in a ring with some memory; room for the words of one. */
typedef struct fixture {
  umbra_ring *ring;
  umbra_stream *stream;
  umbra_poly poly[POLYS];
  uint32_t *words;
} fixture;

/* The words of polynomial p, or of something else. */
static uint32_t word(size_t p, size_t i) { return (uint32_t)((p + 1) * 0x9E3779B1u + i); }

static size_t bytes_of(const fixture *f) { return umbra_poly_bytes(&f->poly[0], f->ring); }

static void upload(const fixture *f, const umbra_poly *poly, size_t p) {
  for (size_t i = 0; i < bytes_of(f) / sizeof *f->words; i++) f->words[i] = word(p, i);
  umbra_ring_upload(f->ring, f->stream, poly->data, f->words, bytes_of(f));
}

static umbra_status make_poly(const fixture *f, umbra_poly *poly) {
  umbra_window window = umbra_ring_chain(f->ring)->window[1];
  return umbra_poly_create(poly, f->ring, 2, window, 1, "a polynomial of the test");
}

/* `room` polynomials' bytes of memory; 0: no limit. Fails with an object that can be closed. */
static umbra_status open_fixture(fixture *f, const umbra_kernels *kernels, size_t room) {
  const umbra_device_options options = {.threads = 1};
  *f = (fixture){0};
  umbra_status status = umbra_ring_create(&f->ring, params, kernels, &options, 0);
  if (status == UMBRA_OK) status = umbra_ring_stream_open(&f->stream, f->ring);
  for (size_t p = 0; p < POLYS && status == UMBRA_OK; p++) {
    status = make_poly(f, &f->poly[p]);
    if (status == UMBRA_OK && !f->words) f->words = malloc(bytes_of(f));
    if (status == UMBRA_OK) upload(f, &f->poly[p], p);
    if (status == UMBRA_OK) status = umbra_poly_may_leave(&f->poly[p], f->ring);
  }
  if (status == UMBRA_OK) f->ring->session->memory.limit = room * bytes_of(f);
  return status;
}

static void close_fixture(fixture *f) {
  for (int p = 0; p < POLYS && f->ring; p++) umbra_poly_destroy(&f->poly[p], f->ring);
  if (f->stream) umbra_ring_stream_close(f->stream, f->ring);
  umbra_ring_destroy(f->ring);
  free(f->words);
  assert_int_equal(umbra_emu_memory_used(), 0);
}

static void send_away(const fixture *f) {
  mtx_lock(&f->ring->session->lock);
  while (umbra_residences_evict(f->ring->session)) continue;
  mtx_unlock(&f->ring->session->lock);
}

static void prefetch(const fixture *f, size_t p) { umbra_poly_prefetch(&f->poly[p], f->ring); }

static int is_there(const fixture *f, size_t p) { return f->poly[p].data != NULL; }

/* to = the words at `data`, by a kernel. */
static void copy_words(const fixture *f, const umbra_poly *to, uint32_t *data) {
  umbra_poly from = *to;
  from.data = data;
  umbra_view dst = umbra_poly_view(to, f->ring), src = umbra_poly_view(&from, f->ring);
  umbra_ring_copy(f->ring, f->stream, &dst, &src);
}

static umbra_status fetch_words(const fixture *f, const umbra_poly *poly) {
  umbra_ring_download(f->ring, f->stream, f->words, poly->data, bytes_of(f));
  return umbra_ring_wait(f->ring, f->stream);
}

static int words_are(const fixture *f, size_t p) {
  for (size_t i = 0; i < bytes_of(f) / sizeof *f->words; i++)
    if (f->words[i] != word(p, i)) return 0;
  return 1;
}

/* Whether a kernel that uses the polynomial sees its words, if all calls succeed. */
static umbra_status use(const fixture *f, size_t p, int *right) {
  umbra_poly result;
  umbra_status status = make_poly(f, &result);
  if (status != UMBRA_OK) return status;
  status = umbra_poly_pin(&f->poly[p], f->ring, f->stream);
  if (status == UMBRA_OK) {
    copy_words(f, &result, f->poly[p].data);
    umbra_poly_unpin(&f->poly[p], f->ring);
    status = fetch_words(f, &result);
  }
  *right = words_are(f, p);
  umbra_poly_destroy(&result, f->ring);
  return status;
}

static void assert_usable(const fixture *f, size_t p) {
  int right = 0;
  assert_ok(use(f, p, &right));
  assert_true(right);
}

/* ---- what is seen ---- */

static void seen_when_used(void **state) {
  (void)state;
  for (int q = 0; q < QUEUES; q++) {
    fixture f;
    umbra_emu_set_queue(queues[q]);
    assert_ok(open_fixture(&f, umbra_kernels_get("emu"), POLYS + 2));
    for (int round = 0; round < 2; round++) {
      send_away(&f);
      for (size_t p = 0; p < POLYS; p++) prefetch(&f, p);
      for (size_t p = 0; p < POLYS; p++) {
        assert_true(is_there(&f, p));
        assert_usable(&f, p);
      }
    }
    close_fixture(&f);
  }
}

static void no_join(const umbra_device *device, uint64_t upload) { (void)device, (void)upload; }

/* A planted bug: the work does not wait for the upload. */
static void not_seen_without_join(void **state) {
  (void)state;
  for (int planted = 0; planted < 2; planted++) {
    fixture f;
    int right = 0;
    umbra_kernels kernels = *umbra_kernels_get("emu");
    umbra_emu_set_queue(UMBRA_EMU_DEFERRED);
    if (planted) kernels.memory.join_upload = no_join;
    assert_ok(open_fixture(&f, &kernels, POLYS + 2));
    send_away(&f);
    prefetch(&f, 0);
    assert_ok(use(&f, 0, &right));
    assert_int_equal(right, !planted);
    close_fixture(&f);
  }
}

/* ---- whose memory is written to ---- */

/* The memory that a prefetched polynomial gets is still read by work enqueued before. */
static void waits_for_its_memory(void **state) {
  (void)state;
  for (int q = 0; q < QUEUES; q++) {
    fixture f;
    umbra_poly before, result;
    umbra_emu_set_queue(queues[q]);
    assert_ok(open_fixture(&f, umbra_kernels_get("emu"), POLYS + 2));
    send_away(&f);
    assert_ok(make_poly(&f, &before));
    assert_ok(make_poly(&f, &result));
    upload(&f, &before, POLYS);
    copy_words(&f, &result, before.data);
    const uint32_t *memory = before.data;
    umbra_poly_destroy(&before, f.ring);
    prefetch(&f, 0);
    assert_ptr_equal(f.poly[0].data, memory);
    assert_ok(fetch_words(&f, &result));
    assert_true(words_are(&f, POLYS));
    umbra_poly_destroy(&result, f.ring);
    assert_usable(&f, 0);
    close_fixture(&f);
  }
}

/* What is on its way back leaves again or is destroyed: its memory's next owner sees nothing of it. */
static void leaves_on_the_way(void **state) {
  (void)state;
  for (int q = 0; q < 2 * QUEUES; q++) {
    fixture f;
    umbra_poly next;
    umbra_emu_set_queue(queues[q / 2]);
    assert_ok(open_fixture(&f, umbra_kernels_get("emu"), POLYS + 2));
    send_away(&f);
    prefetch(&f, 0);
    if (q % 2) umbra_poly_destroy(&f.poly[0], f.ring);
    else send_away(&f);
    assert_ok(make_poly(&f, &next));
    upload(&f, &next, POLYS);
    assert_ok(fetch_words(&f, &next));
    assert_true(words_are(&f, POLYS));
    umbra_poly_destroy(&next, f.ring);
    for (size_t p = q % 2; p < POLYS; p++) assert_usable(&f, p);
    close_fixture(&f);
  }
}

/* ---- what may be prefetched ---- */

/* One polynomial's bytes of working memory are set aside, as opening has taken them at once. */
static void only_where_there_is_room(void **state) {
  (void)state;
  fixture f;
  umbra_poly work;
  umbra_emu_set_queue(UMBRA_EMU_EAGER);
  assert_ok(open_fixture(&f, umbra_kernels_get("emu"), 3));
  send_away(&f);
  assert_ok(umbra_poly_pin(&f.poly[0], f.ring, f.stream));
  prefetch(&f, 1);
  assert_true(is_there(&f, 1));
  prefetch(&f, 2); /* neither what is pinned nor what was prefetched leaves for it */
  assert_true(is_there(&f, 0) && is_there(&f, 1) && !is_there(&f, 2));
  assert_ok(make_poly(&f, &work)); /* nor the latter for this */
  assert_true(is_there(&f, 1));
  umbra_poly_destroy(&work, f.ring);
  umbra_poly_unpin(&f.poly[0], f.ring);
  assert_usable(&f, 0);
  prefetch(&f, 2); /* what was used leaves, even if later than 1 was prefetched */
  assert_true(!is_there(&f, 0) && is_there(&f, 1) && is_there(&f, 2));
  assert_ok(umbra_poly_pin(&f.poly[0], f.ring, f.stream)); /* a hint is in nobody's way */
  assert_ok(umbra_poly_pin(&f.poly[3], f.ring, f.stream));
  for (size_t p = 0; p < POLYS; p += 3) umbra_poly_unpin(&f.poly[p], f.ring);
  for (size_t p = 0; p < POLYS; p++) assert_usable(&f, p);
  assert_true(umbra_ring_memory(f.ring) <= 3 * bytes_of(&f));
  close_fixture(&f);
}

/* Nothing leaves where that would not suffice. */
static void none_leaves_in_vain(void **state) {
  (void)state;
  fixture f;
  umbra_poly work[2];
  assert_ok(open_fixture(&f, umbra_kernels_get("emu"), 3));
  send_away(&f);
  for (int i = 0; i < 2; i++) assert_ok(make_poly(&f, &work[i]));
  for (int i = 0; i < 2; i++) umbra_poly_destroy(&work[i], f.ring);
  assert_ok(umbra_poly_pin(&f.poly[0], f.ring, f.stream));
  assert_usable(&f, 1);
  prefetch(&f, 2);
  assert_true(is_there(&f, 1) && !is_there(&f, 2));
  umbra_poly_unpin(&f.poly[0], f.ring);
  close_fixture(&f);
}

static void not_without_limit_or_in_recordings(void **state) {
  (void)state;
  for (int limited = 0; limited < 2; limited++) {
    fixture f;
    umbra_arena *arena;
    assert_ok(open_fixture(&f, umbra_kernels_get("emu"), limited ? POLYS + 2 : 0));
    send_away(&f);
    assert_ok(umbra_arena_begin(&arena, f.ring->session));
    prefetch(&f, 0);
    umbra_arena_end(f.ring->session);
    assert_false(is_there(&f, 0));
    umbra_arena_destroy(arena, f.ring->session);
    prefetch(&f, 0);
    assert_int_equal(is_there(&f, 0), limited);
    assert_usable(&f, 0);
    close_fixture(&f);
  }
}

/* ---- failures ---- */

/* Where no memory can be page-locked, what leaves comes back when it is used, not before. */
static void without_page_locked_memory(void **state) {
  (void)state;
  fixture f;
  assert_ok(open_fixture(&f, umbra_kernels_get("emu"), POLYS + 2));
  send_away(&f);
  umbra_emu_fail(UMBRA_EMU_FAIL_ALLOC, 1);
  for (size_t p = 0; p < POLYS; p++) prefetch(&f, p);
  assert_true(umbra_emu_failed(UMBRA_EMU_FAIL_ALLOC));
  for (size_t p = 0; p < POLYS; p++) {
    assert_int_equal(is_there(&f, p), p != 0);
    assert_usable(&f, p);
  }
  close_fixture(&f);
}

/* What a recording pins comes back beside it, page-locked or not, and is as it was for what follows. */
static void comes_back_beside_a_recording(void **state) {
  (void)state;
  for (int locked = 0; locked < 2; locked++) {
    fixture f;
    umbra_arena *arena;
    umbra_graph *graph;
    umbra_emu_set_queue(UMBRA_EMU_EAGER);
    assert_ok(open_fixture(&f, umbra_kernels_get("emu"), POLYS + 2));
    send_away(&f);
    umbra_emu_fail(UMBRA_EMU_FAIL_ALLOC, locked ? 0 : 1);
    assert_ok(umbra_arena_begin(&arena, f.ring->session));
    assert_ok(umbra_record_begin(f.ring->session, f.stream));
    assert_ok(umbra_poly_pin(&f.poly[0], f.ring, f.stream));
    umbra_poly_unpin(&f.poly[0], f.ring);
    assert_ok(umbra_record_end(f.ring->session, f.stream, &graph));
    umbra_arena_end(f.ring->session);
    assert_usable(&f, 0);
    umbra_graph_destroy(f.ring->session, graph);
    umbra_arena_destroy(arena, f.ring->session);
    close_fixture(&f);
  }
}

static umbra_status use_all(const fixture *f) {
  for (int round = 0; round < 2; round++) {
    send_away(f);
    for (size_t p = 0; p < POLYS; p++) {
      int right = 0;
      prefetch(f, p);
      if (p + 1 < POLYS) prefetch(f, p + 1);
      umbra_status status = use(f, p, &right);
      if (status != UMBRA_OK) return status;
      assert_true(right);
    }
  }
  prefetch(f, 0);
  return UMBRA_OK;
}

/* With the n-th call of that kind failing; whether there was such a call. A hint may fail, and no result is wrong. */
static int fails(umbra_emu_failure kind, uint64_t n) {
  fixture f;
  umbra_emu_fail(kind, n);
  umbra_status status = open_fixture(&f, umbra_kernels_get("emu"), 3);
  if (status == UMBRA_OK) status = use_all(&f);
  const int failed = umbra_emu_failed(kind);
  if (status != UMBRA_OK) assert_true(failed);
  close_fixture(&f);
  umbra_emu_fail(kind, 0);
  return failed;
}

static void failing_calls(void **state) {
  (void)state;
  const umbra_emu_failure kinds[] = {UMBRA_EMU_FAIL_CALL, UMBRA_EMU_FAIL_ALLOC};
  for (int k = 0; k < 2 * QUEUES; k++) {
    uint64_t n = 1;
    umbra_emu_set_queue(queues[k / 2]);
    while (fails(kinds[k % 2], n)) n += n < 40 ? 1 : n / 12;
    assert_true(n > 5);
  }
}

static int open_params(void **state) {
  (void)state;
  params = test_params(11, 40, 3);
  return 0;
}

static int close_params(void **state) {
  (void)state;
  umbra_params_destroy(params);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(seen_when_used),
                                     cmocka_unit_test(not_seen_without_join),
                                     cmocka_unit_test(waits_for_its_memory),
                                     cmocka_unit_test(leaves_on_the_way),
                                     cmocka_unit_test(only_where_there_is_room),
                                     cmocka_unit_test(none_leaves_in_vain),
                                     cmocka_unit_test(not_without_limit_or_in_recordings),
                                     cmocka_unit_test(without_page_locked_memory),
                                     cmocka_unit_test(comes_back_beside_a_recording),
                                     cmocka_unit_test(failing_calls)};
  return cmocka_run_group_tests(tests, open_params, close_params);
}
