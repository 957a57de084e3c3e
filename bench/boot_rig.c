/* SPDX-License-Identifier: Apache-2.0 */
#include "boot_rig.h"

#include <math.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "../host/base/error.h"
#include "../kernels/kernels.h"

const umbra_bootstrap_options bench_boot_options = {UMBRA_BOOTSTRAP_OPTIONS_INIT};

bench_slot bench_expect_complex(const bench_scheme *s, size_t i, size_t j) {
  return (void)i, (bench_slot){s->x[j], s->y[j]};
}

void bench_boot_close(bench_scheme *s) {
  bench_boot *b = s->boot;
  if (!b) return;
  bench_boot_parts_close(s);
  umbra_ciphertext_destroy(b->low);
  umbra_ciphertext_destroy(b->low_x);
  umbra_ciphertext_destroy(b->low_y);
  umbra_bootstrapper_destroy(b->bootstrapper);
  umbra_evaluator_destroy(b->evaluator);
  umbra_eval_keys_destroy(b->keys);
  umbra_bootstrap_plan_destroy(b->plan);
  free(b);
  s->boot = NULL;
}

/* A ciphertext of re + i im (NULL: of re) at the lowest level that a refresh takes. */
static umbra_status encrypt_low(umbra_ciphertext **low, const bench_scheme *s, const double *re, const double *im) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  double *pairs = malloc(2 * s->slots * sizeof *pairs);
  umbra_plaintext *plain = NULL;
  if (!pairs) return bench_no_memory();
  options.level = s->boot->report.input_level;
  for (size_t j = 0; j < s->slots; j++) {
    pairs[2 * j] = re[j];
    pairs[2 * j + 1] = im ? im[j] : 0;
  }
  umbra_status status = umbra_encode_complex(&plain, s->context, pairs, s->slots, &options);
  if (status == UMBRA_OK) status = umbra_encrypt(low, s->public_key, plain);
  umbra_plaintext_destroy(plain);
  free(pairs);
  return status;
}

static umbra_status make(bench_scheme *s, const umbra_bootstrap_options *options) {
  bench_boot *b = s->boot;
  umbra_key_needs *needs = NULL;
  b->report = (umbra_bootstrap_report){UMBRA_BOOTSTRAP_REPORT_INIT};
  umbra_bootstrap_options chosen = *options;
  if (umbra_kernels_get(s->setting->backend)->record.begin) chosen.target = UMBRA_TARGET_GPU;
  UMBRA_TRY(umbra_bootstrap_plan_create(&b->plan, s->params, &chosen));
  UMBRA_TRY(umbra_bootstrap_plan_report(b->plan, &b->report));
  UMBRA_TRY(umbra_key_needs_create(&needs, s->params));
  umbra_status status = umbra_bootstrap_plan_needs(b->plan, needs);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&b->keys, s->secret, needs, NULL);
  umbra_key_needs_destroy(needs);
  UMBRA_TRY(status);
  UMBRA_TRY(umbra_evaluator_create(&b->evaluator, s->context, b->keys));
  UMBRA_TRY(umbra_bootstrapper_create(&b->bootstrapper, s->context, b->plan, NULL));
  UMBRA_TRY(encrypt_low(&b->low, s, s->x, s->y));
  UMBRA_TRY(encrypt_low(&b->low_x, s, s->x, NULL));
  UMBRA_TRY(encrypt_low(&b->low_y, s, s->y, NULL));
  b->options = options;
  return UMBRA_OK;
}

umbra_status bench_boot_open(bench_scheme *s, const umbra_bootstrap_options *options) {
  if (!s->boot || s->boot->options != options) {
    bench_boot_close(s);
    s->boot = calloc(1, sizeof *s->boot);
    if (!s->boot) return bench_no_memory();
    UMBRA_TRY(make(s, options));
  }
  s->evaluator = s->boot->evaluator;
  return UMBRA_OK;
}

/* ---- counters ---- */

static double bits(double error) { return error > 0 ? -log2(error) : 0; }

/* Errors of both parts of all slots of out[0]. */
static umbra_status count_errors(bench_state *state, const bench_scheme *s, const bench_operation *op) {
  const double parts = 2 * (double)s->slots;
  double *pairs = malloc(2 * s->slots * sizeof *pairs), mean = 0, square = 0, worst = 0;
  if (!pairs) return bench_no_memory();
  const umbra_status status = umbra_decrypt_decode_complex(pairs, s->slots, s->out[0], s->secret);
  for (size_t j = 0; j < 2 * s->slots && status == UMBRA_OK; j++) {
    const bench_slot expected = op->expect(s, 0, j / 2);
    const double error = fabs(pairs[j] - (j % 2 ? expected.im : expected.re));
    mean += error / parts;
    square += error * error / parts;
    worst = fmax(worst, error);
  }
  free(pairs);
  bench_counter(state, "mean_bits", bits(mean));
  bench_counter(state, "rms_bits", bits(sqrt(square)));
  bench_counter(state, "worst_bits", bits(worst));
  return status;
}

static double peak_bytes(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (double)usage.ru_maxrss * 1024;
}

void bench_boot_count(bench_state *state, const bench_scheme *s, const bench_operation *op) {
  if (!s->boot || !s->boot->options) return;
  const umbra_bootstrap_report *report = &s->boot->report;
  bench_counter(state, "log_q", umbra_params_log_q(s->params, report->output_level));
  bench_counter(state, "levels_left", report->output_level);
  bench_counter(state, "keys", (double)report->keys);
  bench_counter(state, "key_bytes", (double)report->key_bytes);
  bench_counter(state, "plain_bytes", (double)report->plain_bytes);
  bench_counter(state, "key_switches", (double)report->key_switches);
  bench_counter(state, "peak_bytes", peak_bytes());
  bench_counter(state, "held_bytes", (double)umbra_context_memory(s->context));
  bench_counter(state, "predicted_rms_bits", bits(report->error));
  bench_counter(state, "predicted_worst_bits", bits(report->worst_error));
  if (s->out[0] && count_errors(state, s, op) != UMBRA_OK) bench_fail(state, umbra_last_error());
}
