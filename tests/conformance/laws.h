/* SPDX-License-Identifier: Apache-2.0 */
/* What no single call shows: how operations belong together, and what devices, streams and recorded work promise. */
#ifndef UMBRA_TESTS_CONFORMANCE_LAWS_H
#define UMBRA_TESTS_CONFORMANCE_LAWS_H

#include "bulk.h"
#include "table.h"

/* ---- between operations ---- */

/* Views of one polynomial over all primes of a small ring, uploaded. */
static void start_law_on(rig *r, const umbra_kernels *kernels, uint32_t ordinal, umbra_view *view, int views) {
  rig_open_on(r, kernels, &full_rings[0], &(umbra_device_options){.ordinal = ordinal, .threads = 1});
  rig_start(r, 0);
  const umbra_view shape = {.run = {{.prime = 0, .count = (uint16_t)r->ring.primes}}};
  for (int i = 0; i < views; i++) view[i] = make_view(r, &shape, 1);
  rig_upload(r);
}

static void start_law(rig *r, const umbra_kernels *kernels, umbra_view *view, int views) {
  start_law_on(r, kernels, 0, view, views);
}

static const uint32_t *law_limb(rig *r, const umbra_view *view, uint32_t limb, uint32_t *q) {
  const uint32_t *data = limb_in(r, r->after, view, 0, limb, q);
  *q = r->ring.prime[*q];
  return data;
}

static void ones(uint32_t c[UMBRA_MAX_PRIMES]) {
  for (int i = 0; i < UMBRA_MAX_PRIMES; i++) c[i] = 1;
}

/* dst = src(X^galois), coefficients; X^n = -1. */
static void substitute(uint32_t *dst, const uint32_t *src, uint32_t galois, uint32_t n, uint32_t q) {
  for (uint32_t j = 0; j < n; j++) {
    const uint32_t exponent = j * galois & (2 * n - 1);
    dst[exponent & (n - 1)] = exponent < n ? src[j] : sub_mod(0, src[j], q);
  }
}

/* What automorphism does to values is what X -> X^galois does to coefficients. */
static void test_automorphism_law(void **state) {
  rig r;
  umbra_view v[3]; /* the polynomial, its image by the kernel, its image by coefficients */
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  start_law(&r, kernels, v, 3);
  const uint32_t galois[] = {5, 3, 2 * r.n - 1, 1, r.n + 1};
  for (size_t trial = 0; trial < sizeof galois / sizeof *galois; trial++) {
    uint32_t q, position;
    for (uint32_t limb = 0; limb < r.ring.primes; limb++) {
      uint32_t *image = limb_in(&r, r.before, &v[2], 0, limb, &position);
      const uint32_t *x = limb_in(&r, r.before, &v[0], 0, limb, &position);
      substitute(image, x, galois[trial], r.n, r.ring.prime[position]);
    }
    rig_upload(&r);
    kernels->ntt_forward(r.stream, &v[0]);
    kernels->automorphism(r.stream, &v[1], &v[0], galois[trial]);
    kernels->ntt_forward(r.stream, &v[2]);
    rig_download(&r);
    for (uint32_t limb = 0; limb < r.ring.primes; limb++) {
      const uint32_t *image = law_limb(&r, &v[1], limb, &q);
      assert_memory_equal(image, law_limb(&r, &v[2], limb, &q), r.n * sizeof *image);
    }
  }
  rig_close(&r);
}

/* Coefficient i of the product of x and y modulo X^n + 1. */
static uint32_t product_coefficient(const uint32_t *x, const uint32_t *y, uint32_t i, uint32_t n, uint32_t q) {
  uint32_t sum = 0;
  for (uint32_t j = 0; j < n; j++) {
    const uint32_t term = mul_mod(x[j], y[(i - j) & (n - 1)], q);
    sum = j <= i ? add_mod(sum, term, q) : sub_mod(sum, term, q);
  }
  return sum;
}

/* Products in the evaluation domain are products of polynomials, Montgomery form and all. */
static void test_product_law(void **state) {
  rig r;
  umbra_view v[2];
  uint32_t c[UMBRA_MAX_PRIMES];
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  ones(c);
  start_law(&r, kernels, v, 2);
  kernels->ntt_forward(r.stream, &v[0]);
  kernels->ntt_forward(r.stream, &v[1]);
  kernels->mul(r.stream, &v[1], &v[0], &v[1]);
  kernels->ntt_inverse(r.stream, &v[1], &v[1], c);
  rig_download(&r);
  for (uint32_t limb = 0; limb < r.ring.primes; limb++) {
    uint32_t q, position;
    const uint32_t *product = law_limb(&r, &v[1], limb, &q);
    const uint32_t *x = limb_in(&r, r.before, &v[0], 0, limb, &position);
    const uint32_t *y = limb_in(&r, r.before, &v[1], 0, limb, &position);
    for (uint32_t i = 0; i < r.n; i += 7) assert_int_equal(product[i], product_coefficient(x, y, i, r.n, q));
  }
  rig_close(&r);
}

/*
 * Words next to the bound of rejection, which random trials never meet: with the seed 0, polynomial 215481 has at limb
 * 3 the largest word that is accepted, and polynomial 601075 at limb 9 the smallest that is not (and would give 0).
 */
static void test_expand_bounds(void **state) {
  rig r;
  umbra_view v[2];
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  call *c = calloc(1, sizeof *c);
  assert_non_null(c);
  start_law(&r, kernels, v, 2);
  kernels->expand(r.stream, &v[0], c->seed, 215481);
  kernels->expand(r.stream, &v[1], c->seed, 601075);
  rig_download(&r);
  uint32_t q;
  const uint32_t accepted = law_limb(&r, &v[0], 3, &q)[519];
  assert_int_equal(accepted, q - 1);
  const uint32_t redrawn = law_limb(&r, &v[1], 9, &q)[987];
  assert_int_equal(q, 1073692673);
  c->first = 601075;
  const place at = {.limb = 9, .i = 987, .position = 9, .q = q};
  assert_int_equal(redrawn, want_expand(&r, c, &at));
  rig_close(&r);
  free(c);
}

/* ifft after fft is multiplication by m. */
static void test_fft_law(void **state) {
  rig r;
  const ring_case longest = {.log_n = UMBRA_MAX_LOG_N, .classes = large_ring, .limbs = 4};
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  rig_open(&r, kernels, &longest, 1);
  for (uint32_t log_m = 0; log_m < r.ring.log_n; log_m++) {
    rig_start(&r, 0);
    const size_t m = (size_t)1 << log_m, re = take_doubles(&r, m), im = take_doubles(&r, m);
    double *x = (double *)(void *)(r.memory + re), *y = (double *)(void *)(r.memory + im);
    rig_upload(&r);
    kernels->fft(r.stream, x, y, log_m, 1);
    kernels->ifft(r.stream, x, y, log_m, 1);
    rig_download(&r);
    for (size_t i = 0; i < m; i++) {
      const double size = (double)m * 0x1p21; /* of the largest element, times m */
      assert_true(fabs(double_in(r.after, re, i) - (double)m * double_in(r.before, re, i)) <= 0x1p-48 * size);
      assert_true(fabs(double_in(r.after, im, i) - (double)m * double_in(r.before, im, i)) <= 0x1p-48 * size);
    }
  }
  rig_close(&r);
}

/* What bulk_fft and bulk_ifft make of the vectors of a call; nothing else changes. */
static void check_bulk(rig *r, const call *c, int inverse) {
  const umbra_kernels *k = r->kernels;
  const size_t m = (size_t)1 << c->number, bytes = (m << 3) * c->first;
  double *re = (double *)(void *)(r->memory + c->re), *im = (double *)(void *)(r->memory + c->im);
  double *want_re = malloc(bytes), *want_im = malloc(bytes), *got_re = malloc(bytes), *got_im = malloc(bytes);
  assert_true(want_re && want_im && got_re && got_im);
  rig_upload(r);
  (inverse ? k->ifft : k->fft)(r->stream, re, im, c->number, (uint32_t)c->first);
  rig_download(r);
  memcpy(want_re, r->after + c->re, bytes);
  memcpy(want_im, r->after + c->im, bytes);
  rig_upload(r);
  (inverse ? k->bulk_ifft : k->bulk_fft)(r->stream, re, im, c->number, (uint32_t)c->first);
  rig_download(r);
  memcpy(got_re, r->after + c->re, bytes);
  memcpy(got_im, r->after + c->im, bytes);
  for (size_t at = 0; at < m * c->first; at += m) {
    if (bulk_difference(got_re + at, got_im + at, want_re + at, want_im + at, m) > BULK_TOLERANCE)
      fail_msg("m = %zu, vector %zu, inverse %d", m, at / m, inverse);
  }
  memcpy(r->after + c->re, r->before + c->re, bytes);
  memcpy(r->after + c->im, r->before + c->im, bytes);
  assert_memory_equal(r->after, r->before, r->used * sizeof *r->after);
  free(want_re), free(want_im), free(got_re), free(got_im);
}

static void test_bulk_law(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  assert_int_equal(!kernels->bulk_fft, !kernels->bulk_ifft);
  if (!kernels->bulk_fft) skip();
  rig r;
  call *c = calloc(1, sizeof *c);
  const ring_case longest = {.log_n = UMBRA_MAX_LOG_N, .classes = large_ring, .limbs = 8};
  assert_non_null(c);
  rig_open(&r, kernels, &longest, 1);
  for (c->number = 0; c->number < r.ring.log_n; c->number++) {
    for (c->first = 1; c->first <= 3; c->first += 2) {
      rig_start(&r, 0);
      c->re = take_doubles(&r, c->first << c->number);
      c->im = take_doubles(&r, c->first << c->number);
      check_bulk(&r, c, 0);
      check_bulk(&r, c, 1);
    }
  }
  rig_close(&r);
  free(c);
}

/* ---- devices and streams ---- */

static umbra_status open_primes(const umbra_kernels *kernels, uint32_t log_n, uint32_t first, uint32_t second) {
  umbra_device *device = NULL;
  const umbra_ring_desc ring = {.log_n = log_n, .primes = 2, .prime = {first, second}};
  const umbra_status status = kernels->device.open(&device, &ring, &(umbra_device_options){.threads = 1});
  if (status == UMBRA_OK) kernels->device.close(device);
  else assert_null(device);
  return status;
}

static void test_device_open(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  assert_int_equal(open_primes(kernels, 16, 786433, 1179649), UMBRA_OK);
  assert_int_equal(open_primes(kernels, 16, 786433, 786433), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 17, 786433, 1179649), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 10, 786433, 12289 * 2), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 10, 786433, 4097), UMBRA_ERROR_INVALID_ARGUMENT);      /* 17 * 241 */
  assert_int_equal(open_primes(kernels, 10, 786433, 151019521), UMBRA_ERROR_INVALID_ARGUMENT); /* 12289^2 */
  assert_int_equal(open_primes(kernels, 10, 786433, 1), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 10, 786433, 2148794369), UMBRA_ERROR_INVALID_ARGUMENT); /* above 2^31 */
  assert_int_equal(open_primes(kernels, 9, 786433, 12289), UMBRA_ERROR_INVALID_ARGUMENT);
  assert_int_equal(open_primes(kernels, 18, 786433, 12289), UMBRA_ERROR_INVALID_ARGUMENT);
}

static void test_devices(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  const uint32_t count = kernels->device.count(), absent[] = {count, UINT32_MAX};
  const umbra_ring_desc ring = make_ring(UMBRA_MIN_LOG_N, large_ring);
  assert_true(count >= 1);
  uint32_t usable = 0;
  umbra_device_facts facts;
  for (uint32_t i = 0; memset(&facts, 1, sizeof facts), kernels->device.facts(i, &facts); i++) {
    assert_in_range(strnlen(facts.name, sizeof facts.name), 1, sizeof facts.name - 1);
    assert_in_range(strnlen(facts.why_not, sizeof facts.why_not), 0, sizeof facts.why_not - 1);
    assert_true(facts.memory > 0 && facts.unused <= facts.memory);
    assert_int_equal(facts.capability[0] > 0, !kernels->host_memory);
    if (!facts.why_not[0]) assert_int_equal(facts.ordinal, usable++);
  }
  assert_int_equal(usable, count);
  for (int i = 0; i < 2; i++) {
    umbra_device *device = NULL;
    const umbra_device_options options = {.ordinal = absent[i], .threads = 1};
    assert_int_equal(kernels->device.open(&device, &ring, &options), UMBRA_ERROR_INVALID_ARGUMENT);
    assert_null(device);
  }
}

/* Work of several streams is one queue, memory of the host is free after the call, and nothing has failed. */
static void test_streams(void **state) {
  rig r;
  umbra_view v[2];
  uint32_t c[UMBRA_MAX_PRIMES];
  umbra_stream *stream[2];
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  start_law(&r, kernels, v, 2);
  uint32_t *host = malloc(r.used * sizeof *host);
  assert_non_null(host);
  for (int i = 0; i < 2; i++) assert_int_equal(kernels->stream.create(&stream[i], r.device), UMBRA_OK);
  memcpy(host, r.before, r.used * sizeof *host);
  kernels->memory.upload(stream[0], r.memory, host, r.used / 2 * sizeof *host);
  kernels->memory.upload_public(stream[0], (uint32_t *)r.memory + r.used / 2, host + r.used / 2,
                                (r.used - r.used / 2) * sizeof *host);
  memset(host, 0, r.used * sizeof *host);
  kernels->ntt_forward(stream[0], &v[0]);
  kernels->copy(stream[1], &v[1], &v[0]);
  ones(c);
  kernels->ntt_inverse(stream[0], &v[1], &v[1], c);
  memset(c, 0, sizeof c);
  kernels->memory.download(stream[1], host, r.memory, r.used * sizeof *host);
  for (int i = 1; i >= 0; i--) {
    assert_int_equal(kernels->stream.wait(stream[i]), UMBRA_OK);
    assert_int_equal(kernels->stream.check(stream[i]), UMBRA_OK);
  }
  assert_string_equal(kernels->device.failure(r.device), "");
  if (kernels->host_memory) assert_memory_equal(r.memory, host, r.used * sizeof *host);
  for (uint32_t limb = 0; limb < r.ring.primes; limb++) {
    uint32_t position;
    const uint32_t *back = limb_in(&r, host, &v[1], 0, limb, &position);
    assert_memory_equal(back, limb_in(&r, r.before, &v[0], 0, limb, &position), r.n * sizeof *back);
  }
  for (int i = 0; i < 2; i++) kernels->stream.destroy(stream[i]);
  free(host);
  rig_close(&r);
}

/* ---- several devices ---- */

/* A place in the queue of one rig's device that the other's waits for. */
static void hand_over(const rig *from, umbra_event *event, const rig *to) {
  from->kernels->peer.signal(from->stream, event);
  to->kernels->peer.await(to->stream, event);
}

/* first's v_0 is transformed there and cleared, and transformed back on second; comes back as first's v_1. */
static void send_and_return(const rig *first, const rig *second, const umbra_view *v, const umbra_view *w,
                            umbra_event *event[2]) {
  const umbra_kernels *k = first->kernels;
  const size_t bytes = v->stride * sizeof(uint32_t);
  uint32_t c[UMBRA_MAX_PRIMES];
  ones(c);
  k->ntt_forward(first->stream, &v[0]);
  hand_over(first, event[0], second);
  k->peer.copy(second->stream, w[0].run->data, first->device, v[0].run->data, bytes);
  hand_over(second, event[1], first);
  k->zero(first->stream, &v[0]);
  k->ntt_inverse(second->stream, &w[0], &w[0], c);
  hand_over(second, event[1], first);
  k->peer.copy(first->stream, v[1].run->data, second->device, w[0].run->data, bytes);
  hand_over(first, event[0], second);
}

/* On two devices, or one that is opened twice and has two queues. Waiting for what was never signalled is no waiting. */
static void test_peers(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  const umbra_peer_entries *peer = &kernels->peer;
  assert_true(!peer->copy == !peer->event_create && !peer->copy == !peer->event_destroy);
  assert_true(!peer->copy == !peer->signal && !peer->copy == !peer->await);
  if (!peer->copy) skip();
  rig first, second;
  umbra_view v[2], w[2];
  umbra_event *event[2];
  start_law(&first, kernels, v, 2);
  start_law_on(&second, kernels, kernels->device.count() > 1, w, 2);
  assert_int_equal(peer->event_create(&event[0], first.device), UMBRA_OK);
  assert_int_equal(peer->event_create(&event[1], second.device), UMBRA_OK);
  peer->await(first.stream, event[1]);
  send_and_return(&first, &second, v, w, event);
  for (int i = 0; i < 2; i++) peer->event_destroy(event[i]);
  rig_download(&first);
  assert_int_equal(kernels->stream.wait(second.stream), UMBRA_OK);
  for (uint32_t limb = 0; limb < first.ring.primes; limb++) {
    uint32_t position;
    const uint32_t *gone = limb_in(&first, first.after, &v[0], 0, limb, &position);
    const uint32_t *back = limb_in(&first, first.after, &v[1], 0, limb, &position);
    assert_memory_equal(back, limb_in(&first, first.before, &v[0], 0, limb, &position), first.n * sizeof *back);
    for (uint32_t i = 0; i < first.n; i++) assert_int_equal(gone[i], 0);
  }
  rig_close(&second);
  rig_close(&first);
}

/* ---- uploads ahead ---- */

/* v_0 grows by each of the uploads to v_1, which run beside a transform of v_0 if they may. */
static void add_uploads(const rig *r, const umbra_view v[2], const uint32_t *host, int uploads, int ahead) {
  const umbra_kernels *k = r->kernels;
  const size_t bytes = v[1].stride * sizeof *host;
  for (int i = 0; i < uploads; i++, host += v[1].stride) {
    const uint64_t upload = ahead ? k->memory.upload_ahead(r->device, v[1].run->data, host, bytes) : 0;
    if (ahead) assert_true(upload != 0);
    k->ntt_forward(r->stream, &v[0]);
    if (ahead) k->memory.join_upload(r->device, upload);
    else k->memory.upload(r->stream, v[1].run->data, host, bytes);
    k->add(r->stream, &v[0], &v[0], &v[1]);
  }
}

static void test_upload_ahead(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  assert_int_equal(!kernels->memory.upload_ahead, !kernels->memory.join_upload);
  assert_int_equal(!kernels->memory.upload_ahead, !kernels->memory.host_alloc);
  assert_int_equal(!kernels->memory.upload_ahead, !kernels->memory.host_release);
  if (!kernels->memory.upload_ahead) skip();
  enum { UPLOADS = 40 };
  rig oracle, tested;
  umbra_view v[2], w[2];
  void *host = NULL;
  start_law(&oracle, umbra_kernels_get("ref"), v, 2);
  start_law(&tested, kernels, w, 2);
  const size_t words = w[1].stride, bytes = UPLOADS * words * sizeof(uint32_t);
  assert_int_equal(kernels->memory.host_alloc(tested.device, &host, bytes), UMBRA_OK);
  assert_int_equal((uintptr_t)host % 64, 0);
  for (int i = 0; i < UPLOADS; i++) {
    fill_words(&tested, &w[1], tested.n);
    memcpy((uint32_t *)host + i * words, tested.before + (w[1].run->data - tested.memory), words * sizeof(uint32_t));
  }
  add_uploads(&oracle, v, host, UPLOADS, 0);
  add_uploads(&tested, w, host, UPLOADS, 1);
  kernels->memory.host_release(tested.device, host, bytes);
  rig_download(&oracle);
  rig_download(&tested);
  assert_memory_equal(tested.after, oracle.after, oracle.used * sizeof *oracle.after);
  rig_close(&oracle);
  rig_close(&tested);
}

/* ---- recorded work ---- */

/* v_2 = NTT(c * the product's coefficients), and the first operand grows by it, so that every repetition counts. */
static void enqueue_chain(const rig *r, const umbra_view v[3], const uint32_t *c) {
  r->kernels->mul(r->stream, &v[2], &v[0], &v[1]);
  r->kernels->ntt_inverse(r->stream, &v[2], &v[2], c);
  r->kernels->ntt_forward(r->stream, &v[2]);
  r->kernels->add(r->stream, &v[0], &v[0], &v[2]);
}

/* New values of the operands. */
static void refill(rig *r, const umbra_view v[3], int round) {
  rig_start(r, round);
  r->used = (size_t)(v[2].run->data - r->memory) + v[2].stride;
  for (int i = 0; i < 3; i++) fill_words(r, &v[i], r->n);
  rig_upload(r);
}

/* The constants are gone before the first replay. */
static umbra_graph *record_chain(const rig *r, const umbra_view v[3], const uint32_t *c) {
  uint32_t passing[UMBRA_MAX_PRIMES];
  umbra_graph *graph = NULL;
  memcpy(passing, c, sizeof passing);
  assert_int_equal(r->kernels->record.begin(r->stream), UMBRA_OK);
  enqueue_chain(r, v, passing);
  memset(passing, 0, sizeof passing);
  assert_int_equal(r->kernels->record.end(r->stream, &graph), UMBRA_OK);
  assert_non_null(graph);
  return graph;
}

static void test_record(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  assert_int_equal(!kernels->record.begin, !kernels->record.replay);
  assert_int_equal(!kernels->record.begin, !kernels->record.end);
  assert_int_equal(!kernels->record.begin, !kernels->record.destroy);
  if (!kernels->record.begin) skip();
  rig oracle, tested;
  umbra_view v[3], w[3];
  uint32_t c[UMBRA_MAX_PRIMES];
  for (uint32_t i = 0; i < UMBRA_MAX_PRIMES; i++) c[i] = 3 + i;
  start_law(&oracle, umbra_kernels_get("ref"), v, 3);
  start_law(&tested, kernels, w, 3);
  umbra_graph *graph = record_chain(&tested, w, c);
  rig_download(&tested);
  assert_memory_equal(tested.after, tested.before, tested.used * sizeof *tested.before); /* not done yet */
  for (int round = 0; round < 3; round++) {
    refill(&oracle, v, round);
    refill(&tested, w, round);
    for (int again = 0; again <= round; again++) {
      enqueue_chain(&oracle, v, c);
      kernels->record.replay(tested.stream, graph);
    }
    rig_download(&oracle);
    rig_download(&tested);
    assert_memory_equal(tested.after, oracle.after, oracle.used * sizeof *oracle.after);
  }
  kernels->record.destroy(graph);
  rig_close(&oracle);
  rig_close(&tested);
}

/* ---- laps ---- */

static void test_laps(void **state) {
  const umbra_kernels *kernels = ((const subject *)*state)->kernels;
  if (!kernels->trace.lap) skip();
  rig r;
  umbra_view v[1];
  start_law(&r, kernels, v, 1);
  assert_true(kernels->trace.lap(r.stream) == 0);
  double least = 1;
  for (int i = 0; i < 3; i++) {
    for (int k = 0; k < i; k++) kernels->ntt_forward(r.stream, &v[0]);
    const double lap = kernels->trace.lap(r.stream);
    assert_true(lap >= 0 && lap < 60);
    if (i && lap < least) least = lap;
  }
  assert_true(least > 0);
  assert_int_equal(kernels->stream.check(r.stream), UMBRA_OK);
  rig_close(&r);
}

static const struct CMUnitTest laws[] = {
    cmocka_unit_test(test_device_open),   cmocka_unit_test(test_devices),          cmocka_unit_test(test_streams),
    cmocka_unit_test(test_record),        cmocka_unit_test(test_automorphism_law), cmocka_unit_test(test_product_law),
    cmocka_unit_test(test_expand_bounds), cmocka_unit_test(test_fft_law),          cmocka_unit_test(test_laps),
    cmocka_unit_test(test_bulk_law),      cmocka_unit_test(test_upload_ahead),     cmocka_unit_test(test_peers),
};

enum { LAWS = sizeof laws / sizeof *laws };

#endif
