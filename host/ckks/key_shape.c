/* SPDX-License-Identifier: Apache-2.0 */
#include "key_shape.h"

static uint32_t auxes_of(const umbra_chain *chain, umbra_key_kind kind, uint32_t level) {
  switch (kind) {
    case UMBRA_KEY_TO_SPARSE: return 0;
    case UMBRA_KEY_TO_DENSE: return umbra_whole_auxes(chain, chain->window[0]); /* what it switches is that small */
    case UMBRA_KEY_RELINEARIZE:
    case UMBRA_KEY_ROTATE:
    case UMBRA_KEY_CONJUGATE: break;
  }
  return umbra_key_auxes(chain, level);
}

umbra_key_shape umbra_key_shape_of(const umbra_chain *chain, umbra_key_kind kind, uint32_t level) {
  return umbra_key_shape_with(chain, kind, level, auxes_of(chain, kind, level));
}

umbra_key_shape umbra_key_shape_with(const umbra_chain *chain, umbra_key_kind kind, uint32_t level, uint32_t auxes) {
  const umbra_digit_range one = {0, 1};
  const umbra_window sparse = umbra_chain_sparse_window(chain), all = umbra_chain_union(chain, level);
  const uint32_t aux = umbra_chain_aux(chain);
  switch (kind) {
    case UMBRA_KEY_TO_SPARSE:
      return (umbra_key_shape){sparse, 0, one, umbra_window_end(chain->window[0]), chain->bootstrap.sparse_primes};
    case UMBRA_KEY_TO_DENSE: /* used at its level only */
      return (umbra_key_shape){chain->window[level], auxes, one, aux, auxes};
    case UMBRA_KEY_RELINEARIZE:
    case UMBRA_KEY_ROTATE:
    case UMBRA_KEY_CONJUGATE: break;
  }
  return (umbra_key_shape){all, auxes, umbra_digits_of(chain, all), aux, chain->auxes};
}

uint64_t umbra_key_bytes(const umbra_chain *chain, umbra_key_kind kind, uint32_t level) {
  umbra_key_shape shape = umbra_key_shape_of(chain, kind, level);
  return 2ull * shape.digits.count * (shape.window.count + shape.aux) * sizeof(uint32_t) << chain->log_n;
}

uint32_t umbra_key_top_level(const umbra_chain *chain, umbra_key_kind kind) {
  return kind == UMBRA_KEY_TO_SPARSE ? 0 : umbra_chain_keyed_level(chain);
}
