/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptions of a parameter set, as text and as JSON. Numbers are printed from integers: no locale changes them. */
#include <inttypes.h>
#include <stdio.h>

#include "../base/error.h"
#include "../base/text.h"
#include "params.h"
#include "security.h"

/* A logarithm with three decimals. */
typedef struct decimal {
  char text[24];
} decimal;

static decimal decimal_of(umbra_log2 log) {
  const umbra_log2 half = umbra_log2_of_bits(1) / 2;
  const int64_t thousandths = (int64_t)((log * 1000 + half) >> UMBRA_LOG2_FRACTION);
  decimal d;
  snprintf(d.text, sizeof d.text, "%" PRId64 ".%03d", thousandths / 1000, (int)(thousandths % 1000));
  return d;
}

static const char *class_name(const umbra_chain *chain, uint32_t position) {
  return position < chain->terminals ? "terminal" : position < umbra_chain_aux(chain) ? "main" : "auxiliary";
}

/* One row of the table of levels. */
typedef struct level_row {
  uint32_t mains, terminals, digits;
  decimal log_q, log_scale, log_key;
  uint64_t ciphertext_bytes, key_bytes;
} level_row;

static level_row row_of(const umbra_params *params, uint32_t level) {
  const umbra_chain *chain = &params->chain;
  const umbra_window window = chain->window[level];
  const int keyed = level <= umbra_chain_keyed_level(chain);
  return (level_row){.mains = umbra_window_end(window) - chain->terminals,
                     .terminals = chain->terminals - window.first,
                     .digits = keyed ? umbra_digits_of(chain, window).count : 0,
                     .log_q = decimal_of(umbra_chain_log_product(chain, window.first, window.count)),
                     .log_scale = decimal_of(chain->log_scale[level]),
                     .log_key = decimal_of(keyed ? umbra_chain_log_key(chain, level) : 0),
                     .ciphertext_bytes = umbra_params_ciphertext_bytes(params, level),
                     .key_bytes = umbra_params_key_bytes(params, level)};
}

static void put_security(umbra_text *out, const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  const decimal log_qp = decimal_of(umbra_chain_log_qp(chain));
  const char *largest = chain->keyless ? "the largest modulus" : "the largest key";
  if (params->security)
    umbra_text_put(out, "security    %" PRIu32 " bits: %s has log2(QP) = %s, at most %" PRIu32 " (eprint 2024/463)\n",
                   params->security, largest, log_qp.text, umbra_security_bound(chain->log_n, params->security));
  else
    umbra_text_put(out, "security    INSECURE: %s has log2(QP) = %s, at most %" PRIu32 " bits would be secure\n",
                   largest, log_qp.text, umbra_security_bound(chain->log_n, 128));
}

static void put_keyless(umbra_text *out, const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  if (!chain->keyless) return;
  umbra_text_put(out, "keyless     the highest %" PRIu32 " levels: keys serve levels 0 to %" PRIu32 "\n",
                 chain->keyless, umbra_chain_keyed_level(chain));
  umbra_text_put(out, "public key  %s: its modulus would have %s bits\n",
                 umbra_params_has_public_key(params) ? "possible" : "none, the secret key encrypts",
                 decimal_of(umbra_chain_log_public_key(chain)).text);
}

/* What a level is for. */
static const char *use_of(const umbra_chain *chain, uint32_t level) {
  const uint32_t sine = umbra_bootstrap_sine_levels(&chain->bootstrap);
  if (level > umbra_chain_keyed_level(chain)) return "keyless";
  return level < chain->levels ? "ordinary" : level < chain->levels + sine ? "sine" : "coefficients-to-slots";
}

static void put_boot(umbra_text *out, const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  const umbra_bootstrap_shape *boot = &chain->bootstrap;
  if (!boot->stc_levels) return;
  const umbra_window sparse = umbra_chain_sparse_window(chain);
  umbra_text_put(out,
                 "refresh     to level %" PRIu32 "; %" PRIu32 " levels for slots-to-coefficients, %" PRIu32
                 " for the sine, %" PRIu32 " for coefficients-to-slots\n",
                 umbra_params_bootstrapped_level(params), boot->stc_levels, umbra_bootstrap_sine_levels(boot),
                 boot->cts_levels);
  umbra_text_put(out,
                 "sine        K = %" PRIu32 ", degree %" PRIu32 ", %" PRIu32
                 " double angles, arcsine of degree %" PRIu32 ", message ratio 2^%" PRIu32 "\n",
                 boot->overflow, boot->degree, boot->double_angles, boot->arcsine_degree, boot->ratio_bits);
  umbra_text_put(out, "ephemeral   secret of weight %" PRIu32 ", at log2(q_0 p) = %s\n", boot->hamming,
                 decimal_of(umbra_chain_log_product(chain, sparse.first, sparse.count)).text);
}

static void put_levels(umbra_text *out, const umbra_params *params) {
  umbra_text_put(
      out, "\nlevel  main  terminal  limbs    log2 Q  log2 scale  digits  log2 QP of keys  ciphertext bytes   key "
           "bytes  use\n");
  for (uint32_t l = 0; l < params->chain.total_levels; l++) {
    const level_row row = row_of(params, l);
    umbra_text_put(out,
                   "%5" PRIu32 "  %4" PRIu32 "  %8" PRIu32 "  %5" PRIu32 "  %8s  %10s  %6" PRIu32 "  %15s  %16" PRIu64
                   "  %10" PRIu64 "  %s\n",
                   l, row.mains, row.terminals, row.mains + row.terminals, row.log_q.text, row.log_scale.text,
                   row.digits, row.log_key.text, row.ciphertext_bytes, row.key_bytes, use_of(&params->chain, l));
  }
}

static void put_primes(umbra_text *out, const umbra_chain *chain) {
  umbra_text_put(out, "\nprimes, by position\n");
  for (uint32_t i = 0; i < umbra_chain_primes(chain); i++)
    umbra_text_put(out, "%5" PRIu32 "  %-9s  %10" PRIu32 "  2^%s\n", i, class_name(chain, i), chain->prime[i],
                   decimal_of(umbra_log2_of_u32(chain->prime[i])).text);
}

static void put_digits(umbra_text *out, const umbra_chain *chain) {
  umbra_text_put(out, "\ndigits of the key-switching gadget\n");
  for (uint32_t j = 0; j < chain->digits; j++) {
    const uint32_t begin = chain->digit_begin[j], end = chain->digit_begin[j + 1];
    umbra_text_put(out, "%5" PRIu32 "  positions %" PRIu32 " to %" PRIu32 ", 2^%s\n", j, begin, end - 1,
                   decimal_of(umbra_chain_log_product(chain, begin, end - begin)).text);
  }
}

static void put_digest(umbra_text *out, const umbra_params *params) {
  for (int i = 0; i < UMBRA_DIGEST_BYTES; i++) umbra_text_put(out, "%02x", params->digest[i]);
}

static void put_text(umbra_text *out, const void *source) {
  const umbra_params *params = source;
  const umbra_chain *chain = &params->chain;
  if (!params->security) umbra_text_put(out, "*** INSECURE: FOR TESTS ONLY ***\n");
  umbra_text_put(out, "ring        2^%" PRIu32 " coefficients, %" PRIu32 " complex slots\n", chain->log_n,
                 umbra_params_slots(params));
  put_security(out, params);
  umbra_text_put(out, "depth       %" PRIu32 " levels of %" PRIu32 " bits\n", chain->levels - 1, chain->scale_bits);
  put_keyless(out, params);
  put_boot(out, params);
  umbra_text_put(out, "primes      %" PRIu32 " terminal, %" PRIu32 " main, %" PRIu32 " auxiliary\n", chain->terminals,
                 chain->mains, chain->auxes);
  umbra_text_put(out, "digest      ");
  put_digest(out, params);
  umbra_text_put(out, "\n");
  put_levels(out, params);
  put_digits(out, chain);
  put_primes(out, chain);
}

static void put_json_levels(umbra_text *out, const umbra_params *params) {
  for (uint32_t l = 0; l < params->chain.total_levels; l++) {
    const level_row row = row_of(params, l);
    umbra_text_put(out,
                   "%s{\"level\":%" PRIu32 ",\"main\":%" PRIu32 ",\"terminal\":%" PRIu32 ",\"limbs\":%" PRIu32
                   ",\"log_q\":%s,\"log_scale\":%s,\"digits\":%" PRIu32
                   ",\"key_log_qp\":%s,\"ciphertext_bytes\":%" PRIu64 ",\"key_bytes\":%" PRIu64 ",\"use\":\"%s\"}",
                   l ? "," : "", l, row.mains, row.terminals, row.mains + row.terminals, row.log_q.text,
                   row.log_scale.text, row.digits, row.log_key.text, row.ciphertext_bytes, row.key_bytes,
                   use_of(&params->chain, l));
  }
}

static void put_json_primes(umbra_text *out, const umbra_chain *chain) {
  for (uint32_t i = 0; i < umbra_chain_primes(chain); i++)
    umbra_text_put(out, "%s{\"position\":%" PRIu32 ",\"class\":\"%s\",\"prime\":%" PRIu32 ",\"log2\":%s}", i ? "," : "",
                   i, class_name(chain, i), chain->prime[i], decimal_of(umbra_log2_of_u32(chain->prime[i])).text);
}

static void put_json_digits(umbra_text *out, const umbra_chain *chain) {
  for (uint32_t j = 0; j < chain->digits; j++) {
    const uint32_t begin = chain->digit_begin[j], count = chain->digit_begin[j + 1] - begin;
    umbra_text_put(out, "%s{\"first\":%" PRIu32 ",\"count\":%" PRIu32 ",\"log2\":%s}", j ? "," : "", begin, count,
                   decimal_of(umbra_chain_log_product(chain, begin, count)).text);
  }
}

static void put_json_boot(umbra_text *out, const umbra_chain *chain) {
  const umbra_bootstrap_shape *boot = &chain->bootstrap;
  if (!boot->stc_levels) return;
  umbra_text_put(out,
                 ",\"bootstrap\":{\"stc_levels\":%" PRIu32 ",\"cts_levels\":%" PRIu32 ",\"overflow\":%" PRIu32
                 ",\"degree\":%" PRIu32 ",\"double_angles\":%" PRIu32 ",\"arcsine_degree\":%" PRIu32
                 ",\"ratio_bits\":%" PRIu32 ",\"hamming\":%" PRIu32 ",\"sparse_primes\":%" PRIu32 "}",
                 boot->stc_levels, boot->cts_levels, boot->overflow, boot->degree, boot->double_angles,
                 boot->arcsine_degree, boot->ratio_bits, boot->hamming, boot->sparse_primes);
}

static void put_json(umbra_text *out, const void *source) {
  const umbra_params *params = source;
  const umbra_chain *chain = &params->chain;
  umbra_text_put(out,
                 "{\"log_n\":%" PRIu32 ",\"slots\":%" PRIu32 ",\"security\":%" PRIu32
                 ",\"status\":\"%s\",\"scale_bits\":%" PRIu32 ",\"depth\":%" PRIu32 ",\"keyless_levels\":%" PRIu32
                 ",\"public_key\":%s,\"log_qp\":%s,\"log_qp_bound\":%" PRIu32 ",\"dnum\":%" PRIu32 ",\"digest\":\"",
                 chain->log_n, umbra_params_slots(params), params->security, params->security ? "secure" : "INSECURE",
                 chain->scale_bits, chain->levels - 1, chain->keyless,
                 umbra_params_has_public_key(params) ? "true" : "false", decimal_of(umbra_chain_log_qp(chain)).text,
                 umbra_security_bound(chain->log_n, params->security ? params->security : 128),
                 umbra_params_dnum(params));
  put_digest(out, params);
  umbra_text_put(out, "\"");
  put_json_boot(out, chain);
  umbra_text_put(out, ",\"levels\":[");
  put_json_levels(out, params);
  umbra_text_put(out, "],\"digits\":[");
  put_json_digits(out, chain);
  umbra_text_put(out, "],\"primes\":[");
  put_json_primes(out, chain);
  umbra_text_put(out, "]}");
}

static umbra_status describe(const umbra_params *params, char *text, size_t *size, umbra_text_writer *write) {
  if (!params || !size)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a description needs parameters and the size of its text");
  return umbra_text_hand_out(text, size, write, params);
}

umbra_status umbra_params_describe(const umbra_params *params, char *text, size_t *size) {
  return describe(params, text, size, put_text);
}

umbra_status umbra_params_describe_json(const umbra_params *params, char *text, size_t *size) {
  return describe(params, text, size, put_json);
}
