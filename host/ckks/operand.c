/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowering from level l to k: limbs that the last step does not need are forgotten, which is exact; one multiplication
 * by c = round(s_k * prod D / (s_l * prod R)); one division. The scales meet to within 1 / (2c), which counts as noise.
 */
#include "operand.h"

#include "../base/error.h"
#include "../base/integers.h"
#include "../ring/divide.h"
#include "../ring/ops.h"
#include "../ring/residence.h"
#include "noise.h"

/* log2 of the constant c for a division of `part` of a level's window. */
static umbra_log2 log_constant(const umbra_chain *chain, umbra_window part, umbra_place from, umbra_place to) {
  return to.log_scale - from.log_scale + umbra_divide_log_ratio(chain, part, chain->window[to.level]);
}

/*
 * The smallest part of the window that leaves a constant of 25 bits, and of few bits less than the scale, so that
 * its rounding stays below that of the division; all of the window if none does.
 */
static umbra_window part_to_keep(const umbra_chain *chain, umbra_place from, umbra_place to) {
  umbra_window all = chain->window[from.level], target = chain->window[to.level];
  const uint32_t below_scale = 8;
  const uint32_t bits = chain->scale_bits > 25 + below_scale ? chain->scale_bits - below_scale : 25;
  const umbra_log2 least = umbra_log2_of_bits((int32_t)bits);
  uint32_t end = umbra_window_end(all), target_end = umbra_window_end(target);
  for (uint32_t count = 1; count < all.count; count++)
    for (uint32_t first = all.first; first + count <= end; first++) {
      umbra_window part = {(uint16_t)first, (uint16_t)count};
      int covers =
          (first <= target.first || first == all.first) && (first + count >= target_end || first + count == end);
      if (covers && log_constant(chain, part, from, to) >= least) return part;
    }
  return all;
}

/* c as value * 2^shift with at most 62 bits. Beyond 2^60 it is rounded twice: to 64 bits, then to an integer. */
static int64_t round_constant(umbra_log2 log_c, uint32_t *shift) {
  int32_t exponent;
  uint64_t mantissa = umbra_log2_exp(log_c, &exponent); /* 64 bits, exponent >= -63 since c >= 1 */
  const int32_t spare = 2;
  if (exponent > -spare) {
    *shift = (uint32_t)(exponent + spare);
    exponent = -spare;
  } else {
    *shift = 0;
  }
  uint64_t half = 1ull << (-exponent - 1);
  return (int64_t)((mantissa >> -exponent) + ((mantissa & half) != 0));
}

static umbra_estimate lowered_estimate(umbra_estimate estimate, const umbra_chain *chain, umbra_log2 log_c,
                                       umbra_log2 log_scale, uint32_t parts) {
  estimate = umbra_noise_perturb(estimate, 0.5 / umbra_log2_to_double(log_c));
  return umbra_noise_round_parts(estimate, chain, log_scale, parts);
}

umbra_estimate umbra_lower_estimate(umbra_estimate estimate, const umbra_chain *chain, uint32_t from, uint32_t to) {
  const umbra_place a = {from, chain->log_scale[from]}, b = {to, chain->log_scale[to]};
  return lowered_estimate(estimate, chain, log_constant(chain, part_to_keep(chain, a, b), a, b), b.log_scale, 2);
}

umbra_status umbra_lower_between(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_poly *poly,
                                 umbra_place from, umbra_place to, umbra_estimate *estimate) {
  umbra_ring *ring = evaluator->context->ring;
  const umbra_chain *chain = umbra_ring_chain(ring);
  umbra_window part = part_to_keep(chain, from, to);
  umbra_log2 log_c = log_constant(chain, part, from, to);
  uint32_t shift;
  int64_t c = round_constant(log_c, &shift);
  umbra_poly scaled;
  UMBRA_TRY(umbra_poly_create(&scaled, ring, poly->polys, part, 0, "a level change"));
  umbra_status status = umbra_poly_pin(poly, ring, evaluator->stream);
  if (status != UMBRA_OK) {
    umbra_poly_destroy(&scaled, ring);
    return status;
  }
  umbra_view src = umbra_poly_subview(poly, ring, 0, poly->polys, part, 0),
             scaled_view = umbra_poly_view(&scaled, ring);
  umbra_ring_mul_integer(ring, evaluator->stream, &scaled_view, &src, c, shift);
  umbra_dividend dividend = umbra_dividend_of(&scaled_view, part, 0);
  umbra_poly_unpin(poly, ring);
  status = umbra_divide(ring, evaluator->stream, dst, chain->window[to.level], &dividend, NULL);
  umbra_poly_destroy(&scaled, ring);
  if (status == UMBRA_OK) *estimate = lowered_estimate(*estimate, chain, log_c, to.log_scale, poly->polys == 3 ? 3 : 2);
  return status;
}

umbra_status umbra_lower(umbra_evaluator *evaluator, const umbra_view *dst, const umbra_poly *poly, uint32_t from,
                         uint32_t to, umbra_estimate *estimate) {
  const umbra_chain *chain = umbra_context_chain(evaluator->context);
  return umbra_lower_between(evaluator, dst, poly, (umbra_place){from, chain->log_scale[from]},
                             (umbra_place){to, chain->log_scale[to]}, estimate);
}

umbra_status umbra_operand_open(umbra_operand *operand, umbra_evaluator *evaluator, const umbra_poly *poly,
                                umbra_estimate estimate, uint32_t from, uint32_t to) {
  umbra_ring *ring = evaluator->context->ring;
  umbra_operand made = {.estimate = estimate};
  if (from == to) {
    UMBRA_TRY(umbra_poly_pin(poly, ring, evaluator->stream));
    made.pinned = poly;
    made.view = umbra_poly_view(poly, ring);
    *operand = made;
    return UMBRA_OK;
  }
  UMBRA_TRY(
      umbra_poly_create(&made.lowered, ring, poly->polys, umbra_ring_chain(ring)->window[to], 0, "a level change"));
  made.view = umbra_poly_view(&made.lowered, ring);
  umbra_status status = umbra_lower(evaluator, &made.view, poly, from, to, &made.estimate);
  if (status == UMBRA_OK) *operand = made;
  else umbra_poly_destroy(&made.lowered, ring);
  return status;
}

void umbra_operand_close(umbra_operand *operand, umbra_evaluator *evaluator) {
  umbra_ring *ring = evaluator->context->ring;
  if (operand->pinned) umbra_poly_unpin(operand->pinned, ring);
  if (operand->lowered.data) umbra_poly_destroy(&operand->lowered, ring);
}

void umbra_operand_prefetch(const umbra_poly *poly, const umbra_evaluator *evaluator) {
  umbra_poly_prefetch(poly, evaluator->context->ring);
}
