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

enum { LOG_N = 11, LIMBS = 3, MOST_DIGITS = 9, POLYS = 400 };

/* A device, dry or emulated. */
typedef struct device {
  const umbra_kernels *kernels;
  umbra_device *device;
  umbra_stream *stream;
  umbra_conversion *conversion; /* of one prime to the other two */
  void *memory;
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

static void elementwise(const device *d) {
  const umbra_view x = polys(d, 0, 2), y = polys(d, 2, 2), none = part(d, 0, 2, 0, 0);
  d->kernels->copy(d->stream, &x, &y);
  d->kernels->zero(d->stream, &x);
  d->kernels->add(d->stream, &x, &x, &y);
  d->kernels->add(d->stream, &none, &none, &none);
  d->kernels->sub(d->stream, &x, &x, &y);
  d->kernels->negate(d->stream, &x, &x);
  d->kernels->mul(d->stream, &x, &x, &y);
  d->kernels->mul_add(d->stream, &x, &x, &y);
  d->kernels->add_multiple(d->stream, &x, &y, constants);
  d->kernels->mul_const(d->stream, &x, &x, constants);
  d->kernels->add_const(d->stream, &x, &x, constants);
  d->kernels->divide_close(d->stream, &x, &x, constants, &y, constants);
  d->kernels->divide_close(d->stream, &x, NULL, NULL, &y, constants);
  d->kernels->automorphism(d->stream, &x, &y, 5);
}

static void tensor(const device *d) {
  const umbra_view x = polys(d, 0, 2), y = polys(d, 2, 2), z = polys(d, 4, 3);
  d->kernels->tensor(d->stream, &z, &x, &y, 0);
  d->kernels->tensor(d->stream, &z, &x, &y, 1);
}

static void transforms(const device *d) {
  const umbra_view x = polys(d, 0, 2), y = polys(d, 2, 2), none = part(d, 0, 1, 0, 0);
  d->kernels->ntt_forward(d->stream, &x);
  d->kernels->ntt_forward(d->stream, &none);
  d->kernels->ntt_inverse(d->stream, &x, &y, constants);
  d->kernels->ntt_close(d->stream, &x, &x, constants, &y, constants);
}

static void conversions(const device *d) {
  const umbra_view one = part(d, 0, 1, 0, 1), two = part(d, 1, 1, 1, 2), all = polys(d, 0, 1), digits = polys(d, 1, 1);
  d->kernels->convert(d->stream, &two, &one, d->conversion, 0);
  d->kernels->extend_digits(d->stream, &digits, &all, &(umbra_digit){0, 1, d->conversion});
}

static void products_of(const device *d, uint32_t digits, uint32_t rotations) {
  umbra_view digit[MOST_DIGITS], key[MOST_ROTATIONS];
  for (uint32_t j = 0; j < digits; j++) digit[j] = polys(d, j, 1);
  for (uint32_t r = 0; r < rotations; r++) key[r] = polys(d, MOST_DIGITS, 2 * digits);
  const umbra_view sums = polys(d, 3 * MOST_DIGITS, 2 * rotations), sum = polys(d, 3 * MOST_DIGITS, 2);
  d->kernels->inner_product(d->stream, &sum, digit, digits, key, NULL, NULL, 5);
  d->kernels->inner_products(d->stream, &sums, digit, digits, key, NULL, NULL, galois, rotations);
}

static void inner_products(const device *d) {
  products_of(d, 3, MOST_ROTATIONS);
  products_of(d, 3, MOST_ROTATIONS - 1);
  products_of(d, MOST_DIGITS - 1, 2);
  products_of(d, MOST_DIGITS, 2);
}

static void plain_products(const device *d) {
  for (uint32_t sums = 7; sums < 18; sums++) {
    const umbra_view dst = polys(d, 0, 2 * sums), plain = polys(d, 40, 2 * sums), a = polys(d, 80, 4);
    d->kernels->plain_products(d->stream, &dst, &plain, &a, 2, 0);
  }
}

/* Few rows and many, of tiles that are full or not; nothing to do without limbs. */
static void matrix_products(const device *d) {
  static const uint32_t rows[] = {1, 8, 9, 16, 17, 40};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    const umbra_view dst = polys(d, 0, 2 * rows[i]), a = polys(d, 80, 6);
    d->kernels->gemm(d->stream, &dst, &a, d->memory, 2);
  }
  const umbra_view none = part(d, 0, 2, 0, 0);
  d->kernels->gemm(d->stream, &none, &none, d->memory, 2);
}

static void sources(const device *d) {
  const uint8_t seed[UMBRA_SEED_BYTES] = {0};
  const umbra_view x = polys(d, 2, 2);
  d->kernels->expand(d->stream, &x, seed, 0);
  d->kernels->from_i64(d->stream, &x, d->memory, 0);
}

static void complex_transforms(const device *d) {
  double *re = d->memory, *im = re + (1 << 16);
  for (uint32_t log_m = 9; log_m <= 12; log_m++) {
    d->kernels->fft(d->stream, re, im, log_m, 2);
    d->kernels->ifft(d->stream, re, im, log_m, 2);
    d->kernels->bulk_fft(d->stream, re, im, log_m, 2);
    d->kernels->bulk_ifft(d->stream, re, im, log_m, 2);
  }
  d->kernels->bulk_fft(d->stream, re, im, 12, (1u << 9) + 1); /* more than one transform takes; nothing is read */
}

static uint64_t launches_of(const device *dry) {
  umbra_dry_accounts accounts;
  uint64_t launches = 0;
  umbra_dry_accounts_read(&accounts, dry->device);
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++) launches += accounts.kernel[i].launches;
  return launches;
}

static void assert_all_kernels_called(const device *dry) {
  umbra_dry_accounts accounts;
  umbra_dry_accounts_read(&accounts, dry->device);
  for (int i = 0; i < UMBRA_DRY_KERNELS; i++)
    if (!accounts.kernel[i].calls) fail_msg("%s was not called", accounts.kernel[i].name);
}

static void test_kernels(void **state) {
  (void)state;
  static void (*const calls[])(const device *) = {elementwise,     tensor,         transforms,
                                                  conversions,     inner_products, plain_products,
                                                  matrix_products, sources,        complex_transforms};
  device dry, emu;
  device_open(&dry, &umbra_kernels_dry);
  device_open(&emu, umbra_kernels_get("emu"));
  umbra_emu_set_dry(1);
  for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
    const uint64_t counted = launches_of(&dry), launched = umbra_emu_counted(UMBRA_EMU_LAUNCHES);
    calls[i](&dry);
    calls[i](&emu);
    assert_int_equal(emu.kernels->stream.wait(emu.stream), UMBRA_OK);
    if (launches_of(&dry) - counted != umbra_emu_counted(UMBRA_EMU_LAUNCHES) - launched)
      fail_msg("calls %zu: %d launches counted, %d made", i, (int)(launches_of(&dry) - counted),
               (int)(umbra_emu_counted(UMBRA_EMU_LAUNCHES) - launched));
  }
  umbra_emu_set_dry(0);
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
