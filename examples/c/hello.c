/* SPDX-License-Identifier: Apache-2.0 */
/* Encrypts, adds, multiplies, rotates, decrypts. */
#include <stdio.h>
#include <umbra/umbra.h>

/* The server: evaluation keys and ciphertexts, nothing secret. y: x^2 + x, one slot to the left. */
static umbra_status compute(umbra_ciphertext **y, const umbra_context *context, const umbra_eval_keys *keys,
                            const umbra_ciphertext *x) {
  umbra_evaluator *evaluator = NULL;
  umbra_status status = umbra_evaluator_create(&evaluator, context, keys);
  if (status == UMBRA_OK) status = umbra_mul(evaluator, y, x, x);
  if (status == UMBRA_OK) status = umbra_add(evaluator, y, *y, x);
  if (status == UMBRA_OK) status = umbra_rotate(evaluator, y, *y, 1);
  umbra_evaluator_destroy(evaluator);
  return status;
}

int main(void) {
  double values[3] = {0.5, -0.5, 2.0};
  umbra_params_need need;
  umbra_context_desc desc;
  umbra_params *params = NULL;
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public_key = NULL;
  umbra_key_needs *needs = NULL;
  umbra_eval_keys *keys = NULL;
  umbra_ciphertext *x = NULL, *y = NULL;
  umbra_params_need_init(&need);
  umbra_context_desc_init(&desc);
  need.depth = 1; /* one product after another */

  /* The owner: keys, and what is encrypted. */
  umbra_status status = umbra_params_from_need(&params, &need);
  desc.params = params;
  if (status == UMBRA_OK) status = umbra_context_create(&context, &desc);
  if (status == UMBRA_OK) status = umbra_secret_key_generate(&secret, context);
  if (status == UMBRA_OK) status = umbra_public_key_generate(&public_key, secret);
  if (status == UMBRA_OK) status = umbra_key_needs_create(&needs, params);
  if (status == UMBRA_OK) status = umbra_key_needs_relinearization(needs, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_key_needs_rotation(needs, 1, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&keys, secret, needs, NULL);
  if (status == UMBRA_OK) status = umbra_encode_encrypt(&x, public_key, values, 3);

  if (status == UMBRA_OK) status = compute(&y, context, keys, x);

  /* The owner again. */
  if (status == UMBRA_OK) status = umbra_decrypt_decode(values, 2, y, secret);
  if (status == UMBRA_OK) printf("%.3f\n%.3f\n", values[0], values[1]);
  else fprintf(stderr, "%s: %s\n", umbra_status_string(status), umbra_last_error());

  umbra_ciphertext_destroy(y); /* in any order */
  umbra_ciphertext_destroy(x);
  umbra_eval_keys_destroy(keys);
  umbra_key_needs_destroy(needs);
  umbra_public_key_destroy(public_key);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
  return status != UMBRA_OK;
}
