/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/keys.h>

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../params/security.h"
#include "key_maker.h"
#include "stand_ins.h"
#include "trace.h"
#include "uniform.h"

static void destroy(void *object) {
  umbra_public_key *key = object;
  umbra_poly_destroy(&key->poly, key->context->ring);
  umbra_context_destroy(key->context);
  umbra_free(key);
}

/* INSECURE if its modulus is more than the ring carries. */
static umbra_status check_modulus(const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  if (umbra_params_has_public_key(params)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INSECURE,
                    "a public key would have log2(Qp) = %.2f, and at most %u bits are secure in a ring of 2^%u: these "
                    "parameters have none, and the owner encrypts with umbra_encrypt_symmetric",
                    umbra_log2_bits(umbra_chain_log_public_key(chain)),
                    umbra_security_bound(chain->log_n, params->security), chain->log_n);
}

umbra_status umbra_public_key_make(umbra_public_key **out, const umbra_context *context) {
  UMBRA_TRY(umbra_check_real(context));
  UMBRA_TRY(check_modulus(umbra_context_params(context)));
  const umbra_chain *chain = umbra_context_chain(context);
  umbra_public_key *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a public key"));
  made->counted = UMBRA_COUNTED(destroy);
  made->context = umbra_context_share(context);
  umbra_status status =
      umbra_poly_create(&made->poly, context->ring, 2, umbra_chain_union(chain, chain->levels - 1), 1, "a public key");
  if (status == UMBRA_OK) *out = made;
  else umbra_public_key_destroy(made);
  return status;
}

umbra_public_key *umbra_public_key_share(const umbra_public_key *key) { return umbra_share(key); }
void umbra_public_key_destroy(umbra_public_key *key) { umbra_release(key); }

void umbra_public_key_expand(const umbra_public_key *key, umbra_stream *stream) {
  umbra_uniform_expand(&key->poly, key->context, stream, 1, key->seed, 0);
}

static umbra_status fill(umbra_public_key *key, umbra_key_maker *maker) {
  umbra_random_bytes(&maker->random, key->seed, sizeof key->seed);
  umbra_public_key_expand(key, maker->stream);
  umbra_gadget gadget = umbra_key_maker_gadget(maker, &maker->other, &maker->secret);
  umbra_view both = umbra_poly_view(&key->poly, maker->context->ring);
  umbra_view b = umbra_view_poly(&both, 0), a = umbra_view_poly(&both, 1);
  return umbra_gadget_mask(&gadget, &b, &a, key->poly.window, key->poly.aux);
}

umbra_status umbra_public_key_generate(umbra_public_key **out, const umbra_secret_key *secret) {
  UMBRA_TRACE_OF(secret, "public_key_generate", 0);
  if (!out || !secret)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_public_key_generate needs an output and a secret key");
  umbra_public_key *made = NULL;
  umbra_key_maker maker;
  UMBRA_TRY(umbra_public_key_make(&made, secret->home));
  memcpy(made->owner, secret->owner, sizeof made->owner);
  made->life = secret->life;
  umbra_status status = umbra_key_maker_open(&maker, secret);
  if (status == UMBRA_OK) status = umbra_key_maker_close(&maker, fill(made, &maker));
  if (status == UMBRA_OK) status = umbra_move_to_context(&made->poly, &made->context, secret->context);
  if (status == UMBRA_OK) UMBRA_PUT(public_key, out, made);
  else umbra_public_key_destroy(made);
  return status;
}

void umbra_public_key_owner(const umbra_public_key *key, uint8_t owner[UMBRA_OWNER_BYTES]) {
  memcpy(owner, key->owner, UMBRA_OWNER_BYTES);
}

umbra_status umbra_public_key_life(const umbra_public_key *key, umbra_key_life *life) {
  return umbra_life_give(life, &key->life);
}

uint64_t umbra_public_key_bytes(const umbra_public_key *key) {
  return umbra_poly_bytes(&key->poly, key->context->ring);
}
