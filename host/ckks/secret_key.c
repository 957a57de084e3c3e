/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/keys.h>

#include <string.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "objects.h"

umbra_status umbra_secret_key_generate(umbra_secret_key **out, const umbra_context *context) {
  if (!out || !context)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_secret_key_generate needs an output and a context");
  umbra_random random;
  umbra_secret_key *made = NULL;
  UMBRA_TRY(umbra_random_open(&random));
  umbra_status status = umbra_secret_key_make(&made, context);
  if (status == UMBRA_OK) {
    umbra_random_ternary(&random, made->ternary, umbra_ring_n(context->ring));
    umbra_random_bytes(&random, made->owner, sizeof made->owner);
    UMBRA_PUT(secret_key, out, made);
  }
  umbra_random_close(&random);
  return status;
}

void umbra_secret_key_owner(const umbra_secret_key *key, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, key->owner, UMBRA_OWNER_BYTES);
}
