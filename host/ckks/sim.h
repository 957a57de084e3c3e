/* SPDX-License-Identifier: Apache-2.0 */
/* Simulations: how they are opened, and what upper layers do with a key or without; see umbra/simulate.h. */
#ifndef UMBRA_CKKS_SIM_H
#define UMBRA_CKKS_SIM_H

#include <umbra/simulate.h>

#include "keys_internal.h"

/* The kernels of a simulation if that is their literal name, else NULL. */
const umbra_kernels *umbra_sim_kernels(const char *device);

/* UNSUPPORTED unless the context is a simulation. */
umbra_status umbra_check_sim(const umbra_context *context);
static inline int umbra_context_simulates(const umbra_context *context) { return context->stand_ins && !context->dry; }

/* What makes ciphertexts of plaintexts: a public or a secret key, or a simulation, which has none. */
typedef struct umbra_encryptor {
  const umbra_context *context;
  const umbra_public_key *key;
  const umbra_secret_key *secret; /* both NULL: the context is a simulation */
} umbra_encryptor;
static inline umbra_encryptor umbra_encryptor_of(const umbra_public_key *key) {
  return (umbra_encryptor){.context = key->context, .key = key};
}
static inline umbra_encryptor umbra_encryptor_of_secret(const umbra_secret_key *key) {
  return (umbra_encryptor){.context = key->context, .secret = key};
}
umbra_status umbra_encrypt_by(umbra_ciphertext **ciphertext, umbra_encryptor by, const umbra_plaintext *plaintext);

/* The first `count` slots as umbra_decrypt_decode_complex or, key NULL, umbra_sim_decode_complex gives them. */
umbra_status umbra_open_pairs(double *pairs, size_t count, const umbra_ciphertext *ciphertext,
                              const umbra_secret_key *key);

#endif
