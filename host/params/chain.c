/* SPDX-License-Identifier: Apache-2.0 */
#include "chain.h"

#include "../base/integers.h"

umbra_log2 umbra_chain_log_product(const umbra_chain *chain, uint32_t first, uint32_t count) {
  return chain->log_before[first + count] - chain->log_before[first];
}

umbra_log2 umbra_chain_sum_logs(const umbra_chain *chain, uint32_t first, uint32_t count) {
  umbra_log2 sum = 0;
  for (uint32_t i = 0; i < count; i++) sum += umbra_log2_of_u32(chain->prime[first + i]);
  return sum;
}

umbra_window umbra_chain_union(const umbra_chain *chain, uint32_t level) {
  uint32_t first = chain->window[0].first;
  uint32_t end = umbra_window_end(chain->window[0]);
  for (uint32_t l = 1; l <= level; l++) {
    const umbra_window w = chain->window[l];
    if (w.first < first) first = w.first;
    if (umbra_window_end(w) > end) end = umbra_window_end(w);
  }
  return (umbra_window){(uint16_t)first, (uint16_t)(end - first)};
}

/* Of the union of the windows of levels 0..level, and so many auxiliary primes. */
static umbra_log2 log_modulus(const umbra_chain *chain, uint32_t level, uint32_t auxes) {
  const umbra_window all = umbra_chain_union(chain, level);
  return umbra_chain_log_product(chain, all.first, all.count) +
         umbra_chain_log_product(chain, umbra_chain_aux(chain), auxes);
}

umbra_log2 umbra_chain_log_key(const umbra_chain *chain, uint32_t level) {
  return log_modulus(chain, level, umbra_key_auxes(chain, level));
}

umbra_log2 umbra_chain_log_keyless(const umbra_chain *chain) {
  umbra_log2 most = 0;
  for (uint32_t l = umbra_chain_keyed_level(chain) + 1; l < chain->total_levels; l++) {
    const umbra_log2 log_q = umbra_chain_log_product(chain, chain->window[l].first, chain->window[l].count);
    if (log_q > most) most = log_q;
  }
  return most;
}

umbra_log2 umbra_chain_log_qp(const umbra_chain *chain) {
  const umbra_log2 keys = log_modulus(chain, umbra_chain_keyed_level(chain), chain->auxes);
  const umbra_log2 ciphertexts = umbra_chain_log_keyless(chain);
  return keys > ciphertexts ? keys : ciphertexts;
}

umbra_log2 umbra_chain_log_public_key(const umbra_chain *chain) { return log_modulus(chain, chain->levels - 1, 1); }

umbra_window umbra_digit_window(const umbra_chain *chain, uint32_t digit, umbra_window window) {
  uint32_t first = chain->digit_begin[digit], end = chain->digit_begin[digit + 1];
  if (first < window.first) first = window.first;
  if (end > umbra_window_end(window)) end = umbra_window_end(window);
  return (umbra_window){(uint16_t)first, (uint16_t)(end - first)};
}

umbra_digit_range umbra_digits_of(const umbra_chain *chain, umbra_window window) {
  uint32_t first = 0, end = chain->digits;
  while (chain->digit_begin[first + 1] <= window.first) first++;
  while (chain->digit_begin[end - 1] >= umbra_window_end(window)) end--;
  return (umbra_digit_range){first, end - first};
}

uint32_t umbra_whole_auxes(const umbra_chain *chain, umbra_window window) {
  const umbra_log2 size = umbra_chain_log_product(chain, window.first, window.count);
  uint32_t auxes = 1;
  while (auxes < chain->auxes && umbra_chain_log_product(chain, umbra_chain_aux(chain), auxes) <= size) auxes++;
  return auxes;
}

uint32_t umbra_switch_auxes(const umbra_chain *chain, umbra_window window) {
  const umbra_digit_range digits = umbra_digits_of(chain, window);
  uint32_t most = 1;
  for (uint32_t j = 0; j < digits.count; j++) {
    const uint32_t auxes = umbra_whole_auxes(chain, umbra_digit_window(chain, digits.first + j, window));
    if (auxes > most) most = auxes;
  }
  return most;
}

uint32_t umbra_key_auxes(const umbra_chain *chain, uint32_t level) {
  uint32_t most = 1;
  for (uint32_t l = 0; l <= level; l++) {
    const uint32_t auxes = umbra_switch_auxes(chain, chain->window[l]);
    if (auxes > most) most = auxes;
  }
  return most;
}

uint32_t umbra_bootstrap_sine_levels(const umbra_bootstrap_shape *boot) {
  if (!boot->stc_levels) return 0;
  /* An even polynomial is one of half the degree in T_2. */
  const uint32_t arcsine = boot->arcsine_degree > 1 ? umbra_ceil_log2(boot->arcsine_degree + 1) : 0;
  return 1 + umbra_ceil_log2(boot->degree / 2 + 1) + boot->double_angles + arcsine;
}

uint32_t umbra_bootstrap_upper_levels(const umbra_bootstrap_shape *boot) {
  return boot->stc_levels ? umbra_bootstrap_sine_levels(boot) + boot->cts_levels : 0;
}

umbra_window umbra_chain_sparse_window(const umbra_chain *chain) {
  const umbra_window base = chain->window[0];
  return (umbra_window){base.first, (uint16_t)(base.count + chain->bootstrap.sparse_primes)};
}

void umbra_chain_fill_scales(umbra_chain *chain) {
  chain->log_before[0] = 0;
  for (uint32_t i = 0; i < umbra_chain_primes(chain); i++)
    chain->log_before[i + 1] = chain->log_before[i] + umbra_log2_of_u32(chain->prime[i]);

  umbra_log2 log_q[UMBRA_MAX_LEVELS] = {0};
  for (uint32_t l = 0; l < chain->total_levels; l++)
    log_q[l] = umbra_chain_log_product(chain, chain->window[l].first, chain->window[l].count);

  const uint32_t depth = chain->levels - 1, sine = umbra_bootstrap_sine_levels(&chain->bootstrap);
  chain->log_scale[0] =
      depth ? (log_q[depth] - log_q[0]) / (umbra_log2)depth : umbra_log2_of_bits((int32_t)chain->scale_bits);
  for (uint32_t l = 1; l <= depth; l++) chain->log_scale[l] = (chain->log_scale[l - 1] + log_q[l] - log_q[l - 1]) / 2;
  for (uint32_t l = depth + 1; sine && l < chain->total_levels; l++)
    chain->log_scale[l] = (log_q[depth + sine] - log_q[depth]) / (umbra_log2)sine;
}
