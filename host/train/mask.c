/* SPDX-License-Identifier: Apache-2.0 */
#include "mask.h"

#include "../base/error.h"
#include "../base/memory.h"
#include "../ckks/verbs.h"

umbra_status umbra_train_mask(umbra_plaintext **mask, const umbra_evaluator *evaluator, uint32_t level, size_t slots,
                              size_t first, size_t end, double value) {
  umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT};
  double *slot;
  options.level = level;
  options.slots = (uint32_t)slots;
  UMBRA_TRY(umbra_alloc(&slot, slots, sizeof *slot, "a mask"));
  for (size_t i = first; i < end; i++) slot[i] = value;
  const umbra_status status = umbra_encode(mask, evaluator->context, slot, slots, &options);
  umbra_free(slot);
  return status;
}
