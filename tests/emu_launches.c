/* SPDX-License-Identifier: Apache-2.0 */
/* labels: emu quick */
/*
 * The launches that a dry device counts, against those of the CUDA backend on the emulator, which computes nothing here:
 * each kernel by itself, with shapes at which the number changes, and whole computations.
 */
#include "../kernels/emu/emu.h"
#include "boot.h"
#include "host/plan/measure.h"

/* ---- each kernel ---- */

enum { LOG_N = 11, LIMBS = 3, MOST_DIGITS = 9, POLYS = 400, MOST_CALLS = 100 };

typedef struct called {
  const char *kernel;
  uint64_t launches; /* of the device, up to then */
} called;

/* A device, dry or emulated, and what was called on it. */
typedef struct device {
  const umbra_kernels *kernels;
  umbra_device *device;
  umbra_stream *stream;
  umbra_conversion *conversion; /* of one prime to the other two */
  void *memory;
  called call[MOST_CALLS];
  size_t calls;
} device;

static void device_open(device *d, const umbra_kernels *kernels) {
  umbra_ring_desc ring = {.log_n = LOG_N, .primes = LIMBS, .prime = {12289, 40961, 61441}};
  const umbra_conversion_desc conversion = {.sources = 1,
                                            .targets = 2,
                                            .source = (const uint16_t[]){0},
                                            .target = (const uint16_t[]){1, 2},
                                            .factor = (const uint32_t[]){1, 1}};
  *d = (device){.kernels = kernels};
  assert_int_equal(kernels->device.open(&d->device, &ring, &(umbra_device_options){0}), UMBRA_OK);
  assert_int_equal(kernels->stream.create(&d->stream, d->device), UMBRA_OK);
  assert_int_equal(kernels->conversion_create(&d->conversion, d->device, &conversion), UMBRA_OK);
  assert_int_equal(kernels->memory.alloc(d->device, &d->memory, (size_t)POLYS * LIMBS * sizeof(uint32_t) << LOG_N),
                   UMBRA_OK);
}

static void device_close(device *d) {
  d->kernels->memory.release(d->device, d->memory, (size_t)POLYS * LIMBS * sizeof(uint32_t) << LOG_N);
  d->kernels->conversion_destroy(d->conversion);
  d->kernels->stream.destroy(d->stream);
  d->kernels->device.close(d->device);
}

/* So many polynomials from number `at` of the memory, and limbs of each from number `first`. */
static umbra_view part(const device *d, uint32_t at, uint32_t polys, uint16_t first, uint16_t limbs) {
  return (umbra_view){.run = {{(uint32_t *)d->memory + ((size_t)at * LIMBS << LOG_N), first, limbs}},
                      .polys = polys,
                      .stride = (size_t)LIMBS << LOG_N};
}

static umbra_view polys(const device *d, uint32_t at, uint32_t count) { return part(d, at, count, 0, LIMBS); }

static const uint32_t constants[LIMBS] = {1, 1, 1}, galois[] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
enum { MOST_ROTATIONS = sizeof galois / sizeof *galois };

static uint64_t launches_counted(const device *dry) {
  umbra_dry_accounts accounts;
  uint64_t launches = 0;
  umbra_dry_accounts_read(&accounts, dry->device);
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++) launches += accounts.kernel[i].launches;
  return launches;
}

static void note(device *d, const char *kernel) {
  const int counts = d->kernels == &umbra_kernels_dry;
  assert_true(d->calls < MOST_CALLS);
  assert_int_equal(d->kernels->stream.wait(d->stream), UMBRA_OK);
  d->call[d->calls++] = (called){kernel, counts ? launches_counted(d) : umbra_emu_counted(UMBRA_EMU_LAUNCHES)};
}

/* Of an entry of the table, which is noted. */
#define CALL(d, entry, ...) ((d)->kernels->entry((d)->stream, __VA_ARGS__), note(d, #entry))

static void elementwise(device *d) {
  const umbra_view x = polys(d, 0, 2), y = polys(d, 2, 2), none = part(d, 0, 2, 0, 0);
  CALL(d, copy, &x, &y);
  CALL(d, zero, &x);
  CALL(d, add, &x, &x, &y);
  CALL(d, add, &none, &none, &none);
  CALL(d, sub, &x, &x, &y);
  CALL(d, negate, &x, &x);
  CALL(d, mul, &x, &x, &y);
  CALL(d, mul_add, &x, &x, &y);
  CALL(d, add_multiple, &x, &y, constants);
  CALL(d, mul_const, &x, &x, constants);
  CALL(d, add_const, &x, &x, constants);
  CALL(d, divide_close, &x, &x, constants, &y, constants);
  CALL(d, divide_close, &x, NULL, NULL, &y, constants);
  CALL(d, automorphism, &x, &y, 5);
}

static void tensor(device *d) {
  const umbra_view x = polys(d, 0, 2), y = polys(d, 2, 2), z = polys(d, 4, 3);
  CALL(d, tensor, &z, &x, &y, 0);
  CALL(d, tensor, &z, &x, &y, 1);
}

/* One launch has room for two products and four multiples. */
static void sums(device *d) {
  enum { MOST = 5 };
  umbra_view a[MOST], x[MOST];
  const uint32_t *c[MOST];
  for (uint32_t i = 0; i < MOST; i++) {
    a[i] = polys(d, 4 + 2 * i, 2);
    x[i] = polys(d, 4 + 2 * (MOST + i), 2);
    c[i] = constants;
  }
  const umbra_view three = polys(d, 0, 3), two = polys(d, 0, 2);
  for (uint32_t products = 0; products <= MOST; products++)
    for (uint32_t multiples = 0; multiples <= MOST; multiples += MOST - 1)
      CALL(d, sum, products ? &three : &two,
           &(umbra_sum_of){.a = a, .b = a, .products = products, .x = x, .c = c, .multiples = multiples});
}

static void transforms(device *d) {
  const umbra_view x = polys(d, 0, 2), y = polys(d, 2, 2), none = part(d, 0, 1, 0, 0);
  CALL(d, ntt_forward, &x);
  CALL(d, ntt_forward, &none);
  CALL(d, ntt_inverse, &x, &y, constants);
  CALL(d, ntt_close, &x, &x, constants, &y, constants);
}

static void conversions(device *d) {
  const umbra_view one = part(d, 0, 1, 0, 1), two = part(d, 1, 1, 1, 2), all = polys(d, 0, 1), digits = polys(d, 1, 1);
  CALL(d, convert, &two, &one, d->conversion, 0);
  CALL(d, extend_digits, &digits, &all, &(umbra_digit){0, 1, d->conversion}, 1, 0);
}

static void products_of(device *d, uint32_t digits, uint32_t rotations) {
  umbra_view digit[MOST_DIGITS], key[MOST_ROTATIONS];
  for (uint32_t j = 0; j < digits; j++) digit[j] = polys(d, j, 1);
  for (uint32_t r = 0; r < rotations; r++) key[r] = polys(d, MOST_DIGITS, 2 * digits);
  const umbra_view sums = polys(d, 3 * MOST_DIGITS, 2 * rotations), sum = polys(d, 3 * MOST_DIGITS, 2);
  CALL(d, inner_product, &sum, digit, digits, key, NULL, NULL, 5, 0);
  CALL(d, inner_products, &sums, digit, digits, key, NULL, NULL, galois, rotations);
}

static void inner_products(device *d) {
  products_of(d, 3, MOST_ROTATIONS);
  products_of(d, 3, MOST_ROTATIONS - 1);
  products_of(d, MOST_DIGITS - 1, 2);
  products_of(d, MOST_DIGITS, 2);
}

static void plain_products(device *d) {
  for (uint32_t sums = 7; sums < 18; sums++) {
    const umbra_view dst = polys(d, 0, 2 * sums), plain = polys(d, 40, 2 * sums), a = polys(d, 80, 4);
    CALL(d, plain_products, &dst, &plain, &a, 2, 0);
  }
}

/* Few rows and many, of tiles that are full or not; nothing to do without limbs. */
static void matrix_products(device *d) {
  static const uint32_t rows[] = {1, 8, 9, 16, 17, 40};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const umbra_view dst = polys(d, 0, 2 * rows[i]), a = polys(d, 80, 6);
    CALL(d, gemm, &dst, &a, d->memory, 2);
  }
  const umbra_view none = part(d, 0, 2, 0, 0);
  CALL(d, gemm, &none, &none, d->memory, 2);
}

static void sources(device *d) {
  const uint8_t seed[UMBRA_SEED_BYTES] = {0};
  const umbra_view x = polys(d, 2, 2);
  CALL(d, expand, &x, seed, 0);
  CALL(d, from_i64, &x, d->memory, 0);
}

static void complex_transforms(device *d) {
  double *re = d->memory, *im = re + (1 << 16);
  for (uint32_t log_m = 9; log_m <= 12; log_m++) {
    CALL(d, fft, re, im, log_m, 2);
    CALL(d, ifft, re, im, log_m, 2);
    CALL(d, bulk_fft, re, im, log_m, 2);
    CALL(d, bulk_ifft, re, im, log_m, 2);
  }
  CALL(d, bulk_fft, re, im, 12, (1u << 9) + 1); /* more than one transform takes; nothing is read */
}

static void assert_all_kernels_called(const device *dry) {
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, dry->device);
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++)
    if (!accounts.kernel[i].calls) fail_msg("%s was not called", accounts.kernel[i].name);
}

static void make_calls(device *d) {
  d->calls = 0;
  note(d, "nothing");
  elementwise(d);
  tensor(d);
  sums(d);
  transforms(d);
  conversions(d);
  inner_products(d);
  plain_products(d);
  matrix_products(d);
  sources(d);
  complex_transforms(d);
}

static void test_kernels(void **state) {
  (void)state;
  device dry, emu;
  device_open(&dry, &umbra_kernels_dry);
  device_open(&emu, umbra_kernels_get("emu"));
  umbra_emu_set_dry(1);
  make_calls(&dry);
  make_calls(&emu);
  umbra_emu_set_dry(0);
  for (size_t i = 1; i < dry.calls; i++) {
    const int counted = (int)(dry.call[i].launches - dry.call[i - 1].launches);
    const int launched = (int)(emu.call[i].launches - emu.call[i - 1].launches);
    if (counted != launched) fail_msg("call %zu, %s: %d counted, %d made", i, dry.call[i].kernel, counted, launched);
  }
  assert_all_kernels_called(&dry);
  device_close(&emu);
  device_close(&dry);
}

/* ---- computations ---- */

/* The second of two runs: what is made at first use is not in it. */
static uint64_t launches_dry(umbra_context *context, umbra_evaluator *evaluator, umbra_bootstrapper *bootstrapper,
                             uint32_t level, uint32_t slots) {
  umbra_ciphertext *x = NULL, *y = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  assert_ok(umbra_dry_ciphertext(&x, context, level, slots, 1));
  for (int run = 0; run < 2; run++) {
    assert_ok(umbra_context_cost_begin(context));
    assert_ok(umbra_bootstrap(evaluator, &y, x, bootstrapper));
  }
  assert_ok(umbra_context_cost(context, &cost));
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  return cost.launches;
}

static uint64_t launches_made(const boot *b, uint32_t slots) {
  umbra_ciphertext *y = NULL;
  vector v = vector_make(slots);
  umbra_ciphertext *x = encrypt_vector(&b->s, &v, b->report.input_level);
  umbra_emu_set_dry(1);
  assert_ok(umbra_bootstrap(b->s.evaluator, &y, x, b->bootstrapper));
  const uint64_t before = umbra_emu_counted(UMBRA_EMU_LAUNCHES);
  assert_ok(umbra_bootstrap(b->s.evaluator, &y, x, b->bootstrapper));
  const uint64_t launches = umbra_emu_counted(UMBRA_EMU_LAUNCHES) - before;
  umbra_emu_set_dry(0);
  umbra_ciphertext_destroy(x);
  umbra_ciphertext_destroy(y);
  vector_destroy(&v);
  return launches;
}

static void hold_refresh(const umbra_bootstrap_options *options) {
  boot real;
  boot_open(&real, boot_twin_40(11), "emu", options);
  umbra_context *dry = NULL;
  umbra_evaluator *evaluator = NULL;
  umbra_bootstrapper *bootstrapper = NULL;
  assert_ok(umbra_context_create(
      &dry, &(umbra_context_desc){UMBRA_CONTEXT_DESC_INIT, .params = real.s.params, .device = "dry"}));
  assert_ok(umbra_evaluator_create(&evaluator, dry, NULL));
  assert_ok(umbra_bootstrapper_create(&bootstrapper, dry, real.plan, NULL));
  const uint32_t slots = real.report.slots;
  const uint64_t counted = launches_dry(dry, evaluator, bootstrapper, real.report.input_level, slots);
  const uint64_t made = launches_made(&real, slots);
  printf("a refresh of %u slots: %d launches\n", slots, (int)made);
  assert_int_equal(counted, made);
  umbra_bootstrapper_destroy(bootstrapper);
  umbra_evaluator_destroy(evaluator);
  umbra_context_destroy(dry);
  boot_close(&real);
}

static void test_refreshes(void **state) {
  (void)state;
  umbra_bootstrap_options few = {UMBRA_BOOTSTRAP_OPTIONS_INIT};
  few.slots = 16;
  hold_refresh(NULL);
  hold_refresh(&few);
}

/* ---- calibration ---- */

/* A GPU is measured by its own clock. What the emulator's says means nothing, but all of it is asked for. */
static void test_calibration(void **state) {
  (void)state;
  umbra_cost_table table;
  umbra_emu_set_dry(1);
  assert_ok(umbra_cost_measure(&table, umbra_kernels_get("emu"), &(umbra_device_options){.threads = 1}));
  umbra_emu_set_dry(0);
  assert_true(table.start > 0);
  for (int work = 0; work < UMBRA_DRY_WORKS; work++)
    for (int size = 0; size < UMBRA_COST_SIZES; size++) assert_true(table.rate[work][size] > 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_kernels), cmocka_unit_test(test_refreshes),
                                     cmocka_unit_test(test_calibration)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
