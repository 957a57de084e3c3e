/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/keys.h>

#include <sodium.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "keys_internal.h"
#include "stand_ins.h"
#include "trace.h"

static void destroy(void *object) {
  umbra_secret_key *key = object;
  sodium_free(key->ternary);
  umbra_context_destroy(key->context);
  umbra_free(key);
}

umbra_status umbra_secret_key_make(umbra_secret_key **out, const umbra_context *context) {
  UMBRA_TRY(umbra_check_real(context));
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium could not be initialised");
  umbra_secret_key *made = NULL;
  const umbra_context *home = NULL;
  UMBRA_TRY(umbra_context_home(&home, context));
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a secret key"));
  made->counted = UMBRA_COUNTED(destroy);
  made->context = umbra_context_share(context);
  made->home = home;
  made->ternary = umbra_alloc_must_fail() ? NULL : sodium_malloc(umbra_ring_n(context->ring));
  if (!made->ternary) {
    umbra_secret_key_destroy(made);
    return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate guarded memory for a secret key");
  }
  made->locked = sodium_mlock(made->ternary, umbra_ring_n(context->ring)) == 0; /* of which sodium_malloc is silent */
  *out = made;
  return UMBRA_OK;
}

int umbra_secret_key_is_locked(const umbra_secret_key *key) { return key->locked; }

umbra_secret_key *umbra_secret_key_share(const umbra_secret_key *key) { return umbra_share(key); }
void umbra_secret_key_destroy(umbra_secret_key *key) { umbra_release(key); }

umbra_status umbra_secret_key_generate(umbra_secret_key **out, const umbra_context *context) {
  return umbra_secret_key_generate_for(out, context, NULL);
}

umbra_status umbra_secret_key_generate_for(umbra_secret_key **out, const umbra_context *context,
                                           const umbra_key_life *life) {
  UMBRA_TRACE_IN(context, "secret_key_generate", 0);
  if (!out || !context)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_secret_key_generate needs an output and a context");
  umbra_life own;
  umbra_random random;
  umbra_secret_key *made = NULL;
  UMBRA_TRY(umbra_life_take(&own, life));
  UMBRA_TRY(umbra_random_open(&random));
  umbra_status status = umbra_secret_key_make(&made, context);
  if (status == UMBRA_OK) {
    umbra_random_ternary(&random, made->ternary, umbra_ring_n(context->ring));
    umbra_random_bytes(&random, made->owner, sizeof made->owner);
    made->life = own;
    UMBRA_PUT(secret_key, out, made);
  }
  umbra_random_close(&random);
  return status;
}

void umbra_secret_key_owner(const umbra_secret_key *key, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, key->owner, UMBRA_OWNER_BYTES);
}

umbra_status umbra_secret_key_life(const umbra_secret_key *key, umbra_key_life *life) {
  return umbra_life_give(life, &key->life);
}
