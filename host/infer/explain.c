/* SPDX-License-Identifier: Apache-2.0 */
/* Plans in words. */
#include <inttypes.h>
#include <math.h>

#include "../base/error.h"
#include "../base/text.h"
#include "plan.h"

static void put_step(umbra_text *out, const umbra_program *program, size_t i, const umbra_place_choice *at) {
  const umbra_step *step = &program->steps[i];
  umbra_text_put(out, "%5zu  %-9s  %8zu  %5" PRIu32 "  ", i + 1, umbra_step_kind_name(step->kind), step->count,
                 at->level - umbra_step_depth(step));
  if (step->kind == UMBRA_STEP_CHEBYSHEV) umbra_text_put(out, "degree %" PRIu32 " of", step->degree);
  else umbra_text_put(out, "of");
  for (size_t t = 0; t < step->term_count; t++) umbra_text_put(out, " %" PRIu32, step->terms[t].value);
  umbra_text_put(out, "; up to %.4g%s\n", fabs(step->scale), at->refreshed ? "; refreshed" : "");
}

static void put_layers(umbra_text *out, const umbra_inference_plan *plan) {
  const uint32_t top = umbra_params_depth(plan->ways->params);
  umbra_text_put(out, "value  what       elements  level\n%5d  %-9s  %8zu  %5" PRIu32 "\n", 0, "input",
                 plan->frame.count, top);
  for (size_t i = 0; i < plan->program->step_count; i++) put_step(out, plan->program, i, &plan->ways->levels[i]);
}

static void put_way(umbra_text *out, const umbra_way *way) {
  const umbra_inference_report *r = &way->report;
  const uint32_t keyless = umbra_params_depth(way->params) - umbra_params_keyed_level(way->params);
  umbra_text_put(out, "%12.3f  %5zu  %9" PRIu64 "  %9" PRIu64 "  2^%" PRIu32 ", %" PRIu32 " bits", 1e3 * r->seconds,
                 r->keys, r->key_bytes >> 20, r->peak_bytes >> 20, umbra_params_log_n(way->params),
                 umbra_params_scale_bits(way->params));
  if (keyless) umbra_text_put(out, ", %" PRIu32 " keyless", keyless);
  umbra_text_put(out, "; %zu ciphertexts, stride %" PRIu32 " of %" PRIu32 " slots", r->ciphertexts, r->stride,
                 r->slots);
  if (way->image.channels)
    umbra_text_put(out, way->encode == UMBRA_TRANSFORM_AT_USE ? ", images encoded at use" : ", images");
  if (way->ahead) umbra_text_put(out, " but for %" PRIu64 " MiB", way->ahead >> 20);
  if (way->weights == UMBRA_WEIGHTS_ENCRYPTED) umbra_text_put(out, ", encrypted weights");
  if (r->refreshes)
    umbra_text_put(out, ", %" PRIu32 " refreshes, %s first", r->refreshes,
                   way->refresh == UMBRA_BOOTSTRAP_STC_FIRST ? "slots" : "modulus");
  if (!umbra_params_security(way->params)) umbra_text_put(out, "; INSECURE");
  if (r->error > 0) umbra_text_put(out, "; error 2^%.1f", log2(r->error));
  umbra_text_put(out, "\n");
}

static void put_plan(umbra_text *out, const void *source) {
  const umbra_inference_plan *plan = source;
  const umbra_inference_report *r = &plan->ways->report;
  umbra_text_put(out, "%zu records of %zu elements; depth %" PRIu32 "; largest output %.4g, its error %.2g\n",
                 r->records, plan->frame.count, r->depth, r->largest, r->error);
  umbra_text_put(out, "labels of %zu of %zu samples as before, %zu near ties; polynomials move outputs by %.2g\n",
                 r->labels_equal, r->samples, r->near_ties, r->approximation_error);
  if (plan->program) put_layers(out, plan);
  umbra_text_put(out, "milliseconds   keys   keys MiB   peak MiB  ring, scale; layout\n");
  for (size_t i = 0; i < plan->way_count; i++) put_way(out, &plan->ways[i]);
}

umbra_status umbra_inference_plan_explain(const umbra_inference_plan *plan, char *text, size_t *size) {
  if (!plan || !size)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "an explanation needs a plan and the size of its text");
  return umbra_text_hand_out(text, size, put_plan, plan);
}
