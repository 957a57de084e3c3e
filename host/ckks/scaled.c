/* SPDX-License-Identifier: Apache-2.0 */
#include "scaled.h"

umbra_status umbra_scaled_make(umbra_scaled *made, const umbra_context *context, uint32_t level, umbra_log2 log_scale) {
  umbra_scaled scaled = {.level = level, .log_scale = log_scale};
  umbra_window window = umbra_context_chain(context)->window[level];
  umbra_status status = umbra_poly_create(&scaled.poly, context->ring, 2, window, 0, "a ciphertext inside a circuit");
  if (status == UMBRA_OK) *made = scaled;
  return status;
}

void umbra_scaled_destroy(umbra_scaled *scaled, const umbra_context *context) {
  if (scaled->poly.data) umbra_poly_destroy(&scaled->poly, context->ring);
}

int umbra_level_contains(const umbra_chain *chain, uint32_t level, uint32_t lower) {
  umbra_window outer = chain->window[level], inner = chain->window[lower];
  return outer.first <= inner.first && umbra_window_end(inner) <= umbra_window_end(outer);
}

umbra_view umbra_scaled_view(const umbra_scaled *scaled, const umbra_context *context, uint32_t level) {
  return umbra_poly_subview(&scaled->poly, context->ring, 0, 2, umbra_context_chain(context)->window[level], 0);
}
