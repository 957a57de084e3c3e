/* SPDX-License-Identifier: Apache-2.0 */
#include "checks.h"

#include <string.h>

#include "../base/error.h"
#include "stand_ins.h"

umbra_status umbra_check_params(const umbra_context *a, const umbra_context *b, const char *what) {
  const umbra_params *p = umbra_context_params(a), *q = umbra_context_params(b);
  if (memcmp(p->digest, q->digest, sizeof p->digest) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s belongs to another parameter set", what);
}

umbra_status umbra_check_context(const umbra_context *a, const umbra_context *b, const char *what) {
  if (a == b) return UMBRA_OK;
  UMBRA_TRY(umbra_check_no_mixing(a, b));
  UMBRA_TRY(umbra_check_params(a, b, what));
  if (umbra_ring_kernels(a->ring)->host_memory && umbra_ring_kernels(b->ring)->host_memory) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH,
                    "%s is on another device (%s, not %s): bring it to the context where it is used, a ciphertext by "
                    "umbra_ciphertext_move, anything else by saving and loading it",
                    what, umbra_context_backend(b), umbra_context_backend(a));
}

umbra_status umbra_check_device(const umbra_context *context, int is, const char *devices) {
  if (is) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "only a context on the device %s does that, and this one's is \"%s\"",
                    devices, umbra_context_backend(context));
}

umbra_status umbra_check_owner(const uint8_t *a, const uint8_t *b, const char *what) {
  if (memcmp(a, b, UMBRA_OWNER_BYTES) == 0) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_MISMATCH, "%s belongs to another owner: it was made from a different secret key", what);
}

umbra_status umbra_check_level(uint32_t *level, const umbra_context *context, uint32_t wanted) {
  uint32_t top = umbra_context_chain(context)->levels - 1;
  if (wanted != UMBRA_TOP_LEVEL && wanted > top)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level %u does not exist: the highest of these parameters is %u",
                      wanted, top);
  *level = wanted == UMBRA_TOP_LEVEL ? top : wanted;
  return UMBRA_OK;
}

umbra_status umbra_check_slots(uint32_t *slots, const umbra_context *context, uint32_t wanted) {
  uint32_t most = umbra_params_slots(umbra_context_params(context));
  if (wanted > most || (wanted & (wanted - 1)))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "slots is %u: it must be a power of two up to %u", wanted, most);
  *slots = wanted ? wanted : most;
  return UMBRA_OK;
}
