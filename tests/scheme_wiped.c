/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Memory that held secrets is given back as zeros: nothing of a key, an error or a message stays in the block cache. */
#include "scheme.h"

#include "../host/ckks/ciphertext_internal.h"
#include "../host/device/session_internal.h"
#include "../host/ring/ring_internal.h"

static void assert_cache_is_zero(const umbra_context *context, const char *after) {
  const umbra_memory *kept = &context->ring->session->memory;
  for (size_t i = 0; i < kept->blocks; i++) {
    const uint8_t *memory = kept->block[i].memory;
    for (size_t k = 0; k < kept->block[i].bytes; k++)
      if (memory[k]) fail_msg("after %s: byte %zu of a block of %zu is %u", after, k, kept->block[i].bytes, memory[k]);
  }
}

static void nothing_stays(void **state) {
  (void)state;
  umbra_params *params = test_params(11, 40, 3);
  umbra_context *context = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL;
  umbra_plaintext *plaintext = NULL, *opened = NULL;
  umbra_ciphertext *ciphertext = NULL, *symmetric = NULL;
  double values[4] = {0.5, -0.25, 1, 0.125};
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params};
  assert_ok(umbra_context_create(&context, &desc));
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_public_key_generate(&public, secret));
  assert_cache_is_zero(context, "making keys");
  assert_ok(umbra_encode(&plaintext, context, values, 4, NULL));
  assert_cache_is_zero(context, "encoding");
  assert_ok(umbra_encrypt(&ciphertext, public, plaintext));
  assert_cache_is_zero(context, "encrypting");
  assert_ok(umbra_encrypt_symmetric(&symmetric, secret, plaintext));
  assert_cache_is_zero(context, "encrypting with the secret key");
  umbra_plaintext_destroy(plaintext);
  assert_ok(umbra_decrypt_decode(values, 4, ciphertext, secret));
  assert_cache_is_zero(context, "decrypting");
  umbra_disclosure told = {UMBRA_DISCLOSURE_INIT};
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT, .releases = 1};
  options.statistical = 1;
  assert_ok(umbra_decrypt_public(&told, values, 4, ciphertext, secret, &options));
  assert_cache_is_zero(context, "releasing");
  assert_ok(umbra_decrypt(&opened, ciphertext, secret));
  assert_ok(umbra_decode(values, 4, opened));
  umbra_plaintext_destroy(opened);
  assert_cache_is_zero(context, "destroying a decrypted plaintext");
  umbra_ciphertext_destroy(ciphertext);
  umbra_ciphertext_destroy(symmetric);
  umbra_public_key_destroy(public);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_stays)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
