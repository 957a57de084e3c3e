/* SPDX-License-Identifier: Apache-2.0 */
#include "measure.h"

#include <math.h>
#include <stdlib.h>

#include "../base/clock.h"
#include "../base/error.h"
#include "../base/order.h"
#include "../params/primes.h"

enum {
  LIMBS = 24, /* of an operand: some MB in large rings, as in computations */
  SOURCES = 12,
  DIGITS = 3,
  TERMS = 8,
  SUMS = 4,
  FEW = 6,        /* limbs of an operand of sums with plaintexts, which have many */
  TRIES = 9,      /* of which the median counts, as in computations */
  ROOM = 14,      /* polynomials of LIMBS limbs, at least */
  TINY_LOG_N = 10 /* of a ring where calls cost more than their work */
};

static const size_t uncached = (size_t)96 << 20; /* bytes, of which caches hold a part at most */
static const double least_try = 2e-3;            /* seconds */

/* A device with operands: of the table to be measured, or of the dry one, which says what the work is. */
typedef struct bench {
  const umbra_kernels *kernels;
  umbra_device *device;
  umbra_stream *stream;
  umbra_conversion *conversion;
  uint32_t log_n, threads;
  void *memory;
  size_t limbs; /* of the memory */
  size_t turn;  /* of what does not stay in caches */
} bench;

/* ---- devices ---- */

static void set_primes(umbra_ring_desc *ring, uint32_t log_n) {
  ring->log_n = log_n;
  ring->primes = LIMBS + SOURCES;
  uint32_t bound = UINT32_C(1) << 31;
  for (uint32_t i = 0; i < ring->primes; i++) bound = ring->prime[i] = umbra_prime_below(log_n, bound);
}

static umbra_status make_conversion(bench *b) {
  uint16_t source[SOURCES], target[LIMBS];
  static const uint32_t factor[LIMBS * SOURCES];
  for (uint32_t i = 0; i < SOURCES; i++) source[i] = (uint16_t)(LIMBS + i);
  for (uint32_t i = 0; i < LIMBS; i++) target[i] = (uint16_t)i;
  const umbra_conversion_desc desc = {
      .sources = SOURCES, .targets = LIMBS, .source = source, .target = target, .factor = factor};
  return b->kernels->conversion_create(&b->conversion, b->device, &desc);
}

static size_t bytes_of(const bench *b) { return b->limbs * sizeof(uint32_t) << b->log_n; }

static umbra_status open_parts(bench *b, const umbra_ring_desc *ring, const umbra_device_options *options) {
  UMBRA_TRY(b->kernels->device.open(&b->device, ring, options));
  UMBRA_TRY(b->kernels->stream.create(&b->stream, b->device));
  UMBRA_TRY(make_conversion(b));
  return b->kernels->memory.alloc(b->device, &b->memory, bytes_of(b));
}

static void bench_close(bench *b) {
  if (b->memory) b->kernels->memory.release(b->device, b->memory, bytes_of(b));
  if (b->conversion) b->kernels->conversion_destroy(b->conversion);
  if (b->stream) b->kernels->stream.destroy(b->stream);
  if (b->device) b->kernels->device.close(b->device);
}

static umbra_status bench_open(bench *b, const umbra_kernels *kernels, const umbra_device_options *options,
                               uint32_t log_n) {
  umbra_ring_desc ring;
  const size_t limbs = uncached / sizeof(uint32_t) >> log_n, least = (size_t)ROOM * LIMBS;
  *b = (bench){.kernels = kernels, .log_n = log_n, .threads = options->threads, .limbs = limbs > least ? limbs : least};
  set_primes(&ring, log_n);
  umbra_status status = open_parts(b, &ring, options);
  if (status == UMBRA_OK) return UMBRA_OK;
  bench_close(b);
  return umbra_fail(status, "a device of the backend %s cannot be measured", kernels->name);
}

/* ---- operands ---- */

/* Limbs [first, first + count) of `polys` polynomials, which begin `at` limbs into the memory. */
static umbra_view operand(const bench *b, size_t at, uint32_t polys, uint32_t first, uint32_t count) {
  return (umbra_view){.run = {{(uint32_t *)b->memory + (at << b->log_n), (uint16_t)first, (uint16_t)count}},
                      .polys = polys,
                      .stride = (size_t)count << b->log_n};
}

static umbra_view pair(const bench *b, uint32_t number) { return operand(b, (size_t)2 * LIMBS * number, 2, 0, LIMBS); }

/* Where the next operand of so many limbs begins, behind the first `at`: keys and plaintexts are never in a cache. */
static size_t next_of(bench *b, size_t at, size_t limbs) { return at + b->turn++ % ((b->limbs - at) / limbs) * limbs; }

static const uint32_t constants[LIMBS + SOURCES];

/* ---- probes: calls whose work is mostly of one kind ---- */

static void call(bench *b) {
  const umbra_view a = operand(b, 0, 1, 0, 1);
  b->kernels->add(b->stream, &a, &a, &a);
}

static void stream(bench *b) {
  const umbra_view x = pair(b, 0), y = pair(b, 1), z = pair(b, 2);
  b->kernels->add(b->stream, &x, &y, &z);
  b->kernels->divide_close(b->stream, &x, &y, constants, &z, constants);
}

static void permute(bench *b) {
  const umbra_view x = pair(b, 0), y = pair(b, 1);
  b->kernels->automorphism(b->stream, &x, &y, 5);
}

static void tensor(bench *b) {
  const umbra_view x = pair(b, 0), y = pair(b, 1), z = operand(b, (size_t)4 * LIMBS, 3, 0, LIMBS);
  b->kernels->tensor(b->stream, &z, &x, &y, 0);
}

static void transform(bench *b) {
  const umbra_view x = pair(b, 0);
  b->kernels->ntt_forward(b->stream, &x);
  b->kernels->ntt_inverse(b->stream, &x, &x, constants);
}

static void convert(bench *b) {
  const umbra_view x = operand(b, 0, 1, LIMBS, SOURCES), y = operand(b, SOURCES, 1, 0, LIMBS);
  b->kernels->convert(b->stream, &y, &x, b->conversion, 0);
}

static void key(bench *b) {
  enum { DIGITS_LIMBS = DIGITS * LIMBS, SUM_LIMBS = 2 * LIMBS };
  umbra_view digit[DIGITS];
  for (uint32_t j = 0; j < DIGITS; j++) digit[j] = operand(b, (size_t)LIMBS * j, 1, 0, LIMBS);
  const umbra_view sum = operand(b, DIGITS_LIMBS, 2, 0, LIMBS);
  const umbra_view keys = operand(b, next_of(b, DIGITS_LIMBS + SUM_LIMBS, 2 * DIGITS_LIMBS), 2 * DIGITS, 0, LIMBS);
  b->kernels->inner_product(b->stream, &sum, digit, DIGITS, &keys, NULL, NULL, 5, 0);
}

static void plain_by(bench *b, uint32_t log_gap) {
  enum { A_LIMBS = 2 * TERMS * FEW, SUM_LIMBS = 2 * SUMS * FEW };
  const umbra_view a = operand(b, 0, 2 * TERMS, 0, FEW), sums = operand(b, A_LIMBS, 2 * SUMS, 0, FEW);
  const size_t at = next_of(b, A_LIMBS + SUM_LIMBS, SUMS * TERMS * FEW);
  umbra_view plaintexts = operand(b, at, SUMS * TERMS, 0, FEW);
  plaintexts.stride >>= log_gap;
  b->kernels->plain_products(b->stream, &sums, &plaintexts, &a, TERMS, log_gap);
}

/* Of so few words that only the products count. */
static void plain(bench *b) { plain_by(b, UMBRA_LEAST_LOG_GAP); }
static void plaintexts(bench *b) { plain_by(b, 0); }

/* Of so many rows and columns that reading and reducing count as little as in computations. */
static void matrix(bench *b) {
  enum { ROWS = 16, COLUMNS = 112 };
  const umbra_view a = operand(b, 0, COLUMNS, 0, 1), sums = operand(b, COLUMNS, ROWS, 0, 1);
  const uint32_t *w = (const uint32_t *)b->memory + ((size_t)(COLUMNS + ROWS) << b->log_n);
  b->kernels->gemm(b->stream, &sums, &a, w, 1);
}

static void random_residues(bench *b) {
  const uint8_t seed[UMBRA_SEED_BYTES] = {0};
  const umbra_view x = operand(b, 0, 1, 0, FEW);
  b->kernels->expand(b->stream, &x, seed, 0);
}

static void lift(bench *b) {
  const umbra_view x = operand(b, 2, 1, 0, LIMBS);
  b->kernels->from_i64(b->stream, &x, b->memory, 0);
}

static void complex_transform(bench *b) {
  double *re = b->memory;
  const uint32_t log_m = b->log_n - 1;
  b->kernels->fft(b->stream, re, re + ((size_t)1 << log_m), log_m, 1);
  b->kernels->ifft(b->stream, re, re + ((size_t)1 << log_m), log_m, 1);
}

typedef void probe(bench *b);
/* In an order such that what a probe's calls do beside their own kind of work is known. */
static const struct {
  umbra_dry_work work;
  probe *run;
} probes[] = {{UMBRA_WORK_STREAM, stream},      {UMBRA_WORK_PERMUTE, permute},
              {UMBRA_WORK_TENSOR, tensor},      {UMBRA_WORK_BUTTERFLIES, transform},
              {UMBRA_WORK_CONVERSION, convert}, {UMBRA_WORK_KEY, key},
              {UMBRA_WORK_PLAIN, plain},        {UMBRA_WORK_PLAINTEXTS, plaintexts},
              {UMBRA_WORK_MATRIX, matrix},      {UMBRA_WORK_RANDOM, random_residues},
              {UMBRA_WORK_LIFT, lift},          {UMBRA_WORK_COMPLEX, complex_transform}};
enum { PROBES = sizeof probes / sizeof *probes };
_Static_assert((int)PROBES == (int)UMBRA_DRY_WORKS, "a probe for each kind of work");

/* ---- time ---- */

/* By the clock, or of the one thread that computes, whom others may interrupt. */
static double seconds_now(const bench *b) { return b->threads == 1 ? umbra_thread_seconds() : umbra_seconds(); }

/* Of so many times, by the device's clock if it has one. */
static double time_of(bench *b, probe *run, uint32_t times) {
  const umbra_kernels *kernels = b->kernels;
  if (kernels->trace.lap) (void)kernels->trace.lap(b->stream);
  else (void)kernels->stream.wait(b->stream);
  const double start = seconds_now(b);
  for (uint32_t i = 0; i < times; i++) run(b);
  if (kernels->trace.lap) return kernels->trace.lap(b->stream);
  (void)kernels->stream.wait(b->stream);
  return seconds_now(b) - start;
}

/* Of one time. */
static double median_time(bench *b, probe *run) {
  uint32_t times = 1;
  double seconds[TRIES];
  while (times < (1u << 20) && time_of(b, run, times) < least_try) times *= 2;
  for (int i = 0; i < TRIES; i++) seconds[i] = time_of(b, run, times);
  qsort(seconds, TRIES, sizeof *seconds, umbra_ascending);
  return seconds[TRIES / 2] / times;
}

/* ---- the table ---- */

/* What a probe does. */
typedef struct tally {
  double launches, work[UMBRA_DRY_WORKS];
} tally;

static void add_call(const umbra_dry_call *counted, uint64_t times, void *user) {
  tally *t = user;
  t->launches += (double)(times * counted->launches);
  for (int i = 0; i < UMBRA_DRY_WORKS; i++) t->work[i] += (double)(times * counted->work[i]);
}

static tally tally_of(bench *dry, probe *run) {
  tally t = {0};
  umbra_dry_accounts_begin(dry->device);
  run(dry);
  umbra_dry_calls_visit(dry->device, add_call, &t);
  return t;
}

/* What is left of the time for a unit of that work; if others seem to take all of it, a twentieth. */
static double rate_of(const umbra_cost_table *table, const tally *t, umbra_dry_work work, int size, double seconds) {
  double others = t->launches * table->start;
  for (int i = 0; i < UMBRA_DRY_WORKS; i++) others += i == (int)work ? 0 : t->work[i] * table->rate[i][size];
  return fmax(seconds - others, seconds / 20) / t->work[work];
}

static umbra_status with_benches(umbra_cost_table *table, const umbra_kernels *kernels,
                                 const umbra_device_options *options, uint32_t log_n,
                                 void (*measure)(umbra_cost_table *table, bench *real, bench *dry)) {
  bench real, dry;
  UMBRA_TRY(bench_open(&real, kernels, options, log_n));
  umbra_status status = bench_open(&dry, &umbra_kernels_dry, &(umbra_device_options){0}, log_n);
  if (status == UMBRA_OK) {
    const umbra_view all = operand(&real, 0, (uint32_t)(real.limbs / LIMBS), 0, LIMBS);
    kernels->zero(real.stream, &all);
    measure(table, &real, &dry);
    status = kernels->stream.wait(real.stream);
    if (status != UMBRA_OK) status = umbra_fail(status, "the %s device failed while it was measured", kernels->name);
    bench_close(&dry);
  }
  bench_close(&real);
  return status;
}

static void measure_start(umbra_cost_table *table, bench *real, bench *dry) {
  table->start = median_time(real, call) / tally_of(dry, call).launches;
}

static void measure_rates(umbra_cost_table *table, bench *real, bench *dry) {
  int size = 0;
  while (umbra_cost_log_n[size] != real->log_n) size++;
  for (int i = 0; i < PROBES; i++) {
    const tally t = tally_of(dry, probes[i].run);
    const double seconds = median_time(real, probes[i].run);
    table->rate[probes[i].work][size] = rate_of(table, &t, probes[i].work, size, seconds);
  }
}

umbra_status umbra_cost_measure(umbra_cost_table *table, const umbra_kernels *kernels,
                                const umbra_device_options *options) {
  umbra_cost_table measured = {0};
  UMBRA_TRY(with_benches(&measured, kernels, options, TINY_LOG_N, measure_start));
  for (int size = 0; size < UMBRA_COST_SIZES; size++)
    UMBRA_TRY(with_benches(&measured, kernels, options, umbra_cost_log_n[size], measure_rates));
  *table = measured;
  return UMBRA_OK;
}
