/* SPDX-License-Identifier: Apache-2.0 */
#include "variance.h"

#include "../base/random.h"

static double ring_size(const umbra_chain *chain) { return (double)(1u << chain->log_n); }

double umbra_variance_of_rounding_parts(const umbra_chain *chain, uint32_t parts) {
  const double n = ring_size(chain);
  return (parts > 2 ? 2 * n * n / 27 : 0) + (parts > 1 ? n / 18 : 0) + 1.0 / 12;
}

double umbra_variance_of_rounding(const umbra_chain *chain) { return umbra_variance_of_rounding_parts(chain, 2); }

double umbra_variance_of_switch(const umbra_chain *chain, umbra_window window) {
  umbra_digit_range digits = umbra_digits_of(chain, window);
  umbra_log2 log_p = umbra_chain_log_product(chain, umbra_chain_aux(chain), umbra_switch_auxes(chain, window));
  double variance = 0;
  for (uint32_t j = digits.first; j < digits.first + digits.count; j++) {
    umbra_window own = umbra_digit_window(chain, j, window);
    double ratio = umbra_log2_to_double(umbra_chain_log_product(chain, own.first, own.count) - log_p);
    variance += ring_size(chain) * UMBRA_ERROR_VARIANCE * own.count / 12 * ratio * ratio;
  }
  return variance;
}
