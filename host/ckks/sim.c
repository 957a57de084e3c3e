/* SPDX-License-Identifier: Apache-2.0 */
#include "sim.h"

#include <string.h>

#include "../../kernels/sim/sim.h"
#include "../base/error.h"
#include "../base/outputs.h"
#include "../ring/ops.h"
#include "../ring/whole.h"
#include "checks.h"
#include "encoder.h"
#include "noise.h"
#include "trace.h"

const umbra_kernels *umbra_sim_kernels(const char *device) {
  return device && strcmp(device, umbra_kernels_sim.name) == 0 ? &umbra_kernels_sim : NULL;
}

umbra_status umbra_check_sim(const umbra_context *context) {
  return umbra_check_device(context, umbra_ring_whole(context->ring) != NULL, "\"sim\"");
}

/* ---- in ---- */

/* Of the coefficients of an encryption's error. */
static double variance_of_encryption(const umbra_params *params, uint32_t level) {
  const umbra_chain *chain = &params->chain;
  const umbra_estimate nothing = {0};
  const double error = umbra_noise_fresh(nothing, params, level).bound.error; /* deviation of a slot */
  const double coefficients = error * umbra_log2_to_double(chain->log_scale[level]);
  return coefficients * coefficients / (double)(1u << chain->log_n);
}

static umbra_status encrypt_into(const umbra_ciphertext *made, const umbra_plaintext *plaintext) {
  umbra_ring *ring = made->context->ring;
  umbra_stream *stream;
  UMBRA_TRY(umbra_ring_stream_open(&stream, ring));
  const umbra_view dst = umbra_poly_view(&made->poly, ring), src = umbra_poly_view(&plaintext->poly, ring);
  umbra_whole_add_error(ring, stream, &dst, &src, variance_of_encryption(umbra_ring_params(ring), made->level));
  return umbra_stream_close(stream, made->context, UMBRA_OK);
}

umbra_status umbra_sim_ciphertext(umbra_ciphertext **ciphertext, const umbra_plaintext *plaintext) {
  UMBRA_TRACE_OF(plaintext, "sim_ciphertext", plaintext->level);
  if (!ciphertext || !plaintext)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sim_ciphertext needs an output and a plaintext");
  umbra_ciphertext *made = NULL;
  UMBRA_TRY(umbra_check_sim(plaintext->context));
  UMBRA_TRY(umbra_ciphertext_make(&made, plaintext->context, plaintext->level));
  made->slots = plaintext->slots;
  made->estimate = umbra_noise_fresh(plaintext->estimate, umbra_context_params(made->context), made->level);
  made->declared = umbra_declared_by_owner();
  umbra_status status = encrypt_into(made, plaintext);
  if (status == UMBRA_OK) UMBRA_PUT(ciphertext, ciphertext, made);
  else umbra_ciphertext_destroy(made);
  return status;
}

/* ---- out ---- */

static umbra_status first_polynomial(const umbra_view *dst, umbra_window window, umbra_stream *stream,
                                     const void *source) {
  const umbra_ciphertext *ciphertext = source;
  const umbra_ring *ring = ciphertext->context->ring;
  const umbra_view view = umbra_poly_subview(&ciphertext->poly, ring, 0, 1, window, 0);
  umbra_ring_copy(ring, stream, dst, &view);
  return UMBRA_OK;
}

static umbra_status decode(double *values, size_t count, int stride, const umbra_ciphertext *ciphertext) {
  UMBRA_TRACE_OF(ciphertext, "sim_decode", ciphertext->level);
  if (!ciphertext) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "ciphertext is NULL");
  UMBRA_TRY(umbra_check_sim(ciphertext->context));
  const umbra_message message = {ciphertext->context, ciphertext->level, ciphertext->slots,
                                 first_polynomial,    ciphertext,        0};
  return umbra_decode_message(values, count, stride, &message, NULL);
}

umbra_status umbra_sim_decode(double *values, size_t count, const umbra_ciphertext *ciphertext) {
  return decode(values, count, 1, ciphertext);
}

umbra_status umbra_sim_decode_complex(double *pairs, size_t count, const umbra_ciphertext *ciphertext) {
  return decode(pairs, count, 2, ciphertext);
}

/* ---- with a key or without ---- */

umbra_status umbra_encrypt_by(umbra_ciphertext **ciphertext, umbra_encryptor by, const umbra_plaintext *plaintext) {
  if (by.secret) return umbra_encrypt_symmetric(ciphertext, by.secret, plaintext);
  return by.key ? umbra_encrypt(ciphertext, by.key, plaintext) : umbra_sim_ciphertext(ciphertext, plaintext);
}

umbra_status umbra_open_pairs(double *pairs, size_t count, const umbra_ciphertext *ciphertext,
                              const umbra_secret_key *key) {
  return key ? umbra_decrypt_decode_complex(pairs, count, ciphertext, key)
             : umbra_sim_decode_complex(pairs, count, ciphertext);
}
