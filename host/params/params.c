/* SPDX-License-Identifier: Apache-2.0 */
#include "params.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/modarith.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "chain_search.h"
#include "security.h"

enum {
  FIRST_LOG_N = 11, /* only for tests */
  FIRST_SECURE_LOG_N = 12,
  BASE_MARGIN = 2 /* bits of the lowest level above its scale: less holds no value of modulus 1 */
};

/* The limits of a class of primes. */
typedef struct prime_class {
  const char *name;
  uint32_t low, high; /* low < prime < high */
} prime_class;

static const prime_class terminal_class = {"terminal", UMBRA_TERMINAL_LOW, UMBRA_TERMINAL_HIGH};
static const prime_class main_class = {"main", UMBRA_MAIN_LOW, UMBRA_MAIN_HIGH};
static const prime_class aux_class = {"auxiliary", UMBRA_TERMINAL_LOW, UMBRA_AUX_HIGH};

/* Small ones bit by bit: a small ring has few to spend. */
static int is_scale(uint32_t bits) { return bits >= 20 && bits <= 60 && (bits <= 30 || bits % 5 == 0); }

static umbra_status check_flags(uint32_t flags) {
  if (flags & ~(uint32_t)UMBRA_INSECURE_FOR_TESTS)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "flags are %#x: only UMBRA_INSECURE_FOR_TESTS exists", flags);
  return UMBRA_OK;
}

static umbra_status check_ring(uint32_t log_n, uint32_t scale_bits, uint32_t flags) {
  if (log_n < FIRST_LOG_N || log_n > UMBRA_MAX_LOG_N)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "log_n is %u: it must be 12 to 17 (11 in tests)", log_n);
  if (log_n < FIRST_SECURE_LOG_N && !(flags & UMBRA_INSECURE_FOR_TESTS))
    return umbra_fail(UMBRA_ERROR_INSECURE, "log_n is %u: rings under 2^12 need UMBRA_INSECURE_FOR_TESTS", log_n);
  if (!is_scale(scale_bits))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "scale_bits is %u: it must be 20 to 30, or 35, 40, ..., 60",
                      scale_bits);
  return UMBRA_OK;
}

static umbra_status check_count(const char *what, uint32_t count, uint32_t low, uint32_t high) {
  if (count < low || count > high)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%u %s: there must be %u to %u", count, what, low, high);
  return UMBRA_OK;
}

static umbra_status check_counts(const umbra_chain *chain) {
  UMBRA_TRY(check_count("levels", chain->levels, 1, UMBRA_MAX_LEVELS));
  UMBRA_TRY(check_count("levels with those inside a refresh", chain->total_levels, 1, UMBRA_MAX_LEVELS));
  UMBRA_TRY(check_count("digits", chain->digits, 1, UMBRA_MAX_DIGITS));
  UMBRA_TRY(check_count("auxiliary primes", chain->auxes, 1, UMBRA_MAX_AUX));
  UMBRA_TRY(check_count("terminal primes", chain->terminals, 0, UMBRA_MAX_PRIMES));
  UMBRA_TRY(check_count("main primes", chain->mains, 0, UMBRA_MAX_PRIMES));
  return check_count("primes", umbra_chain_primes(chain), 2, UMBRA_MAX_PRIMES);
}

static umbra_status check_keyless(uint32_t keyless, uint32_t depth, int refreshes) {
  if (keyless && refreshes)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "keyless_levels is %u: sets that refresh have keys at all levels",
                      keyless);
  if (keyless <= depth) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "keyless_levels is %u, and depth %u: level 0 has keys", keyless,
                    depth);
}

static umbra_status check_prime(const umbra_chain *chain, uint32_t position, const prime_class *class) {
  const uint32_t prime = chain->prime[position];
  if (prime <= class->low || prime >= class->high)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s prime %u lies outside (%u, %u)", class->name, prime, class->low,
                      class->high);
  if ((prime - 1) % (2u << chain->log_n) != 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s prime %u is not 1 modulo %u", class->name, prime,
                      2u << chain->log_n);
  if (!umbra_is_prime(prime))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%s prime %u is not prime", class->name, prime);
  for (uint32_t i = 0; i < position; i++)
    if (chain->prime[i] == prime) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "prime %u is there twice", prime);
  return UMBRA_OK;
}

static umbra_status check_primes(const umbra_chain *chain) {
  for (uint32_t i = 0; i < umbra_chain_primes(chain); i++) {
    const prime_class *class = i < chain->terminals         ? &terminal_class
                               : i < umbra_chain_aux(chain) ? &main_class
                                                            : &aux_class;
    UMBRA_TRY(check_prime(chain, i, class));
  }
  return UMBRA_OK;
}

static umbra_status check_windows(const umbra_chain *chain) {
  for (uint32_t l = 0; l < chain->total_levels; l++) {
    const umbra_window w = chain->window[l];
    if (w.count == 0 || w.first > chain->terminals || umbra_window_end(w) < chain->terminals ||
        umbra_window_end(w) > umbra_chain_aux(chain))
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level %u has no primes, or more than there are", l);
  }
  if (umbra_chain_union(chain, chain->total_levels - 1).count != umbra_chain_aux(chain))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "some terminal or main primes belong to no level");
  return UMBRA_OK;
}

static umbra_status check_scale(const umbra_chain *chain, uint32_t level) {
  const umbra_log2 low = umbra_log2_of_bits((int32_t)chain->scale_bits - 3);
  const umbra_log2 high = umbra_log2_of_bits((int32_t)chain->scale_bits + 1);
  if (chain->log_scale[level] < low || chain->log_scale[level] > high)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the scale of level %u has %.2f bits: nominal are %u", level,
                      umbra_log2_bits(chain->log_scale[level]), chain->scale_bits);
  return UMBRA_OK;
}

static umbra_status check_scales(const umbra_chain *chain) {
  const umbra_window base = chain->window[0];
  const umbra_log2 room = umbra_chain_log_product(chain, base.first, base.count) - chain->log_scale[0];
  for (uint32_t l = 0; l < chain->levels; l++) UMBRA_TRY(check_scale(chain, l));
  if (room < umbra_log2_of_bits(BASE_MARGIN))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "level 0 has %.2f bits more than its scale: %d are the least",
                      umbra_log2_bits(room), BASE_MARGIN);
  return UMBRA_OK;
}

static umbra_status check_digits(const umbra_chain *chain) {
  const umbra_log2 log_aux = umbra_chain_log_product(chain, umbra_chain_aux(chain), chain->auxes);
  if (chain->digit_begin[0] != 0 || chain->digit_begin[chain->digits] != umbra_chain_aux(chain))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the digits do not cover the terminal and main primes");
  for (uint32_t j = 0; j < chain->digits; j++)
    if (chain->digit_begin[j] >= chain->digit_begin[j + 1])
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "digit %u of the gadget is empty", j);
  for (uint32_t j = 0; j < chain->digits; j++) {
    const uint32_t begin = chain->digit_begin[j], end = chain->digit_begin[j + 1];
    const umbra_log2 log_digit = umbra_chain_log_product(chain, begin, end - begin);
    if (log_digit > log_aux)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "digit %u has %.2f bits, more than all auxiliary primes: %.2f", j,
                        umbra_log2_bits(log_digit), umbra_log2_bits(log_aux));
  }
  return UMBRA_OK;
}

/* ---- refreshing ---- */

/* What a shape may be by itself; before levels are counted by it. */
static umbra_status check_boot_shape(const umbra_bootstrap_shape *boot) {
  UMBRA_TRY(check_count("levels for slots-to-coefficients (stc_levels)", boot->stc_levels, 1, 4));
  UMBRA_TRY(check_count("levels for coefficients-to-slots (cts_levels)", boot->cts_levels, 1, 4));
  UMBRA_TRY(check_count("multiples of q_0 for the sine (overflow)", boot->overflow, 4, UMBRA_MAX_OVERFLOW));
  UMBRA_TRY(check_count("degrees of the cosine (degree)", boot->degree, 4, UMBRA_MAX_COSINE_DEGREE));
  UMBRA_TRY(check_count("double angles (double_angles)", boot->double_angles, 1, UMBRA_MAX_DOUBLE_ANGLES));
  UMBRA_TRY(check_count("bits of message ratio (ratio_bits)", boot->ratio_bits, UMBRA_MIN_RATIO_BITS, 20));
  UMBRA_TRY(check_count("coefficients of the ephemeral secret (hamming)", boot->hamming, 16, UMBRA_MAX_HAMMING));
  if (boot->degree % 2 || boot->degree > 4 * boot->overflow)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "the degree of the cosine is %u: it must be even, and at most 4 times the %u multiples of q_0",
                      boot->degree, boot->overflow);
  if (boot->arcsine_degree % 2 == 0 || boot->arcsine_degree > 7)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the degree of the arcsine is %u: it must be 1, 3, 5 or 7",
                      boot->arcsine_degree);
  return UMBRA_OK;
}

/* Each level inside a refresh contains the one below, down to the highest ordinary one: going down is forgetting. */
static umbra_status check_boot_windows(const umbra_chain *chain) {
  for (uint32_t l = chain->levels; l < chain->total_levels; l++) {
    const umbra_window high = chain->window[l], low = chain->window[l - 1];
    if (high.first != low.first || high.count <= low.count)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                        "level %u, inside a refresh, does not add main primes to level %u", l, l - 1);
  }
  return UMBRA_OK;
}

/* What the steps of the sine may differ by: they are squared into one another. */
static umbra_status check_boot_steps(const umbra_chain *chain) {
  const umbra_log2 most = umbra_log2_of_bits(1) / 50;
  const uint32_t sine = umbra_bootstrap_sine_levels(&chain->bootstrap);
  for (uint32_t l = chain->levels; l < chain->levels + sine; l++) {
    const uint32_t below = umbra_window_end(chain->window[l - 1]), end = umbra_window_end(chain->window[l]);
    const umbra_log2 apart = umbra_chain_log_product(chain, below, end - below) - chain->log_scale[l];
    if (apart > most || apart < -most)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the step to level %u, of the sine, is %.3f bits from their mean",
                        l, umbra_log2_bits(apart));
  }
  return UMBRA_OK;
}

/* A factor of s stages has 2^(s+1) matrices' diagonals: more stages would take more memory than anything else. */
static umbra_status check_boot_stages(const umbra_chain *chain) {
  const uint32_t most = 8, stages = chain->log_n - 1, least = (stages + most - 1) / most;
  if (chain->bootstrap.stc_levels >= least && chain->bootstrap.cts_levels >= least) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "a ring of 2^%u needs %u levels for each linear map of a refresh: stc_levels is %u and cts_levels %u",
      chain->log_n, least, chain->bootstrap.stc_levels, chain->bootstrap.cts_levels);
}

static umbra_status check_boot_levels(const umbra_chain *chain) {
  const umbra_bootstrap_shape *boot = &chain->bootstrap;
  const umbra_window base = chain->window[0];
  const umbra_log2 log_ratio = umbra_chain_log_product(chain, base.first, base.count) - chain->log_scale[0];
  if (boot->stc_levels + 2 > chain->levels)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "depth %u: slots-to-coefficients takes %u of it, and 1 must be left", chain->levels - 1,
                      boot->stc_levels);
  UMBRA_TRY(check_boot_windows(chain));
  if (log_ratio < umbra_log2_of_bits((int32_t)boot->ratio_bits))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "level 0 has %.2f bits more than its scale: the message ratio has %u", umbra_log2_bits(log_ratio),
                      boot->ratio_bits);
  UMBRA_TRY(check_boot_steps(chain));
  UMBRA_TRY(check_boot_stages(chain));
  const uint32_t end = umbra_window_end(base), mains = umbra_chain_aux(chain) - end;
  UMBRA_TRY(check_count("primes beside level 0 for the ephemeral key", boot->sparse_primes, 1, mains));
  const umbra_log2 log_base = umbra_chain_log_product(chain, base.first, base.count);
  if (umbra_chain_log_product(chain, end, boot->sparse_primes) >= log_base - umbra_log2_of_bits(UMBRA_SPARSE_SLACK))
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "the %u primes of the ephemeral key beside level 0 have more than %d bits less than its own",
                    boot->sparse_primes, UMBRA_SPARSE_SLACK);
}

static umbra_status check_security(const umbra_params *params, uint32_t flags) {
  const umbra_chain *chain = &params->chain;
  if (params->security || flags & UMBRA_INSECURE_FOR_TESTS) return UMBRA_OK;
  const umbra_log2 log_qp = umbra_chain_log_qp(chain);
  const int keyless = chain->keyless && log_qp == umbra_chain_log_keyless(chain);
  return umbra_fail(UMBRA_ERROR_INSECURE, "log2(%s) is %.2f: at most %u bits are secure in a ring of 2^%u",
                    keyless ? "Q" : "QP", umbra_log2_bits(log_qp), umbra_security_bound(chain->log_n, 128),
                    chain->log_n);
}

static void hash_u32(crypto_generichash_state *state, uint32_t word) {
  const uint8_t bytes[4] = {(uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16), (uint8_t)(word >> 24)};
  crypto_generichash_update(state, bytes, sizeof bytes);
}

static void hash_boot(crypto_generichash_state *state, const umbra_bootstrap_shape *boot) {
  const uint32_t words[] = {boot->stc_levels, boot->cts_levels,    boot->overflow,
                            boot->degree,     boot->double_angles, boot->arcsine_degree,
                            boot->ratio_bits, boot->hamming,       boot->sparse_primes};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++) hash_u32(state, words[i]);
}

/* Everything that defines the set, as little-endian 32-bit words; every list is preceded by its length. */
static void fill_digest(umbra_params *params) {
  const umbra_chain *c = &params->chain;
  crypto_generichash_state state;
  crypto_generichash_init(&state, NULL, 0, UMBRA_DIGEST_BYTES);
  hash_u32(&state, c->log_n);
  hash_u32(&state, c->scale_bits);
  hash_u32(&state, c->terminals);
  hash_u32(&state, c->mains);
  hash_u32(&state, c->auxes);
  for (uint32_t i = 0; i < umbra_chain_primes(c); i++) hash_u32(&state, c->prime[i]);
  hash_u32(&state, c->levels);
  for (uint32_t l = 0; l < c->total_levels; l++) {
    hash_u32(&state, c->window[l].first);
    hash_u32(&state, c->window[l].count);
  }
  hash_u32(&state, c->digits);
  for (uint32_t j = 0; j <= c->digits; j++) hash_u32(&state, c->digit_begin[j]);
  if (c->bootstrap.stc_levels) hash_boot(&state, &c->bootstrap);
  if (c->keyless) hash_u32(&state, c->keyless);
  crypto_generichash_final(&state, params->digest, UMBRA_DIGEST_BYTES);
}

/* The order matters: each check relies on the ones before. */
static umbra_status complete(umbra_params *params, uint32_t flags) {
  umbra_chain *chain = &params->chain;
  UMBRA_TRY(check_flags(flags));
  UMBRA_TRY(check_ring(chain->log_n, chain->scale_bits, flags));
  if (chain->bootstrap.stc_levels) UMBRA_TRY(check_boot_shape(&chain->bootstrap));
  UMBRA_TRY(check_counts(chain));
  UMBRA_TRY(check_keyless(chain->keyless, chain->levels - 1, chain->bootstrap.stc_levels > 0));
  UMBRA_TRY(check_primes(chain));
  UMBRA_TRY(check_windows(chain));
  umbra_chain_fill_scales(chain);
  UMBRA_TRY(check_digits(chain));
  UMBRA_TRY(check_scales(chain));
  if (chain->bootstrap.stc_levels) UMBRA_TRY(check_boot_levels(chain));
  params->security = umbra_security_of(chain->log_n, umbra_chain_log_qp(chain));
  if (chain->bootstrap.stc_levels && params->security) /* the ephemeral key's points are good for 128 bits */
    params->security = umbra_sparse_key_is_secure(chain) ? 128 : 0;
  UMBRA_TRY(check_security(params, flags));
  fill_digest(params);
  return UMBRA_OK;
}

/* stc_levels is 0 without a shape. */
static umbra_status take_boot_shape(umbra_bootstrap_shape *boot, const umbra_bootstrap_shape *given) {
  *boot = (umbra_bootstrap_shape){0};
  if (!given) return UMBRA_OK;
  *boot = (umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_bootstrap_shape, boot, given));
  return check_boot_shape(boot);
}

umbra_status umbra_params_from_chain(umbra_params **params, const umbra_chain *chain, uint32_t flags) {
  umbra_params *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "parameters"));
  made->counted = UMBRA_COUNTED(umbra_free);
  made->chain = *chain;
  const umbra_status status = complete(made, flags);
  if (status == UMBRA_OK) UMBRA_PUT(params, params, made);
  else umbra_params_destroy(made);
  return status;
}

/* Room and pointers, before anything is copied. */
static umbra_status check_literal(const umbra_params_literal *literal) {
  const int has_primes =
      (literal->terminal || !literal->terminals) && (literal->main || !literal->mains) && literal->aux;
  if (!has_primes || !literal->main_count || !literal->terminal_count || !literal->digit_size)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "an array of the literal is NULL");
  return UMBRA_OK;
}

static umbra_status copy_levels(umbra_chain *chain, const umbra_params_literal *literal) {
  for (uint32_t l = 0; l < chain->total_levels; l++) {
    const uint32_t m = literal->main_count[l], t = literal->terminal_count[l];
    if (m > chain->mains || t > chain->terminals)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                        "level %u has %u main and %u terminal primes: there are %u and %u", l, m, t, chain->mains,
                        chain->terminals);
    chain->window[l] = (umbra_window){(uint16_t)(chain->terminals - t), (uint16_t)(m + t)};
  }
  return UMBRA_OK;
}

static umbra_status copy_digits(umbra_chain *chain, const umbra_params_literal *literal) {
  const uint32_t primes = umbra_chain_aux(chain);
  for (uint32_t j = 0; j < chain->digits; j++) {
    const uint32_t begin = chain->digit_begin[j];
    if (literal->digit_size[j] > primes - begin)
      return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the digits have more primes than the %u there are", primes);
    chain->digit_begin[j + 1] = (uint16_t)(begin + literal->digit_size[j]);
  }
  return UMBRA_OK;
}

static umbra_status from_literal(umbra_params **params, const umbra_params_literal *literal) {
  umbra_bootstrap_shape boot;
  UMBRA_TRY(check_literal(literal));
  UMBRA_TRY(take_boot_shape(&boot, literal->bootstrap));
  umbra_chain chain = {.log_n = literal->log_n,
                       .scale_bits = literal->scale_bits,
                       .terminals = literal->terminals,
                       .mains = literal->mains,
                       .auxes = literal->auxes,
                       .levels = literal->levels,
                       .total_levels = literal->levels + umbra_bootstrap_upper_levels(&boot),
                       .keyless = literal->keyless_levels,
                       .bootstrap = boot,
                       .digits = literal->digits};
  UMBRA_TRY(check_counts(&chain));
  for (uint32_t i = 0; i < chain.terminals; i++) chain.prime[chain.terminals - 1 - i] = literal->terminal[i];
  for (uint32_t i = 0; i < chain.mains; i++) chain.prime[chain.terminals + i] = literal->main[i];
  for (uint32_t i = 0; i < chain.auxes; i++) chain.prime[umbra_chain_aux(&chain) + i] = literal->aux[i];
  UMBRA_TRY(copy_levels(&chain, literal));
  UMBRA_TRY(copy_digits(&chain, literal));
  return umbra_params_from_chain(params, &chain, literal->flags);
}

umbra_status umbra_params_from_literal(umbra_params **params, const umbra_params_literal *literal) {
  if (!params || !literal) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "parameters need an output and a literal");
  umbra_params_literal own = {UMBRA_PARAMS_LITERAL_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_params_literal, &own, literal));
  return from_literal(params, &own);
}

static umbra_status check_need(const umbra_params_need *need) {
  UMBRA_TRY(check_flags(need->flags));
  UMBRA_TRY(check_ring(need->log_n ? need->log_n : UMBRA_MAX_LOG_N, need->scale_bits, need->flags));
  UMBRA_TRY(check_keyless(need->keyless_levels, need->depth, need->bootstrap->stc_levels > 0));
  if (need->bootstrap->stc_levels && need->depth == 0)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "depth is 0: of a set that refreshes it is what a refresh leaves, "
                                                    "which is 1 at least");
  if (need->bootstrap->stc_levels && need->security > 128)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "security is %u: sets that refresh have 128 bits", need->security);
  if (need->security != 128 && need->security != 192 && need->security != 256)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "security is %u: it must be 128, 192 or 256", need->security);
  return UMBRA_OK;
}

/* The smallest allowed ring with enough slots; above the largest ring if there is none. */
static uint32_t ring_for_slots(const umbra_params_need *need) {
  uint32_t log_n = need->flags & UMBRA_INSECURE_FOR_TESTS ? FIRST_LOG_N : FIRST_SECURE_LOG_N;
  while (log_n <= UMBRA_MAX_LOG_N && (1u << (log_n - 1)) < need->min_slots) log_n++;
  return log_n;
}

static umbra_chain_request request_of(const umbra_params_need *need, uint32_t log_n) {
  const int insecure = (need->flags & UMBRA_INSECURE_FOR_TESTS) != 0;
  return (umbra_chain_request){.log_n = log_n,
                               .scale_bits = need->scale_bits,
                               .depth = need->depth,
                               .bootstrap = *need->bootstrap,
                               .keyless = need->keyless_levels,
                               .bound_bits = insecure ? 0 : umbra_security_bound(log_n, need->security)};
}

/* Whether it is to refresh securely: by an ephemeral secret, which not every ring has. */
static int is_ephemeral(const umbra_params_need *need) {
  return need->bootstrap->stc_levels && !(need->flags & UMBRA_INSECURE_FOR_TESTS);
}

static uint32_t last_ring(const umbra_params_need *need) {
  return is_ephemeral(need) ? UMBRA_SPARSE_LAST_LOG_N : UMBRA_MAX_LOG_N;
}

static umbra_status check_ephemeral(const umbra_params_need *need) {
  const uint32_t first = UMBRA_SPARSE_FIRST_LOG_N, last = UMBRA_SPARSE_LAST_LOG_N, log_n = need->log_n;
  if (!is_ephemeral(need)) return UMBRA_OK;
  if (need->bootstrap->hamming != UMBRA_SPARSE_HAMMING)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                      "hamming is %u: of ephemeral secrets those of weight %d are known to be "
                      "secure",
                      need->bootstrap->hamming, UMBRA_SPARSE_HAMMING);
  if (!log_n || (log_n >= first && log_n <= last)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED,
                    "a ring of 2^%u cannot refresh securely: ephemeral secrets are known to be secure in rings of 2^%u "
                    "and 2^%u only",
                    log_n, first, last);
}

/* Finds the smallest ring from `first` to `last` that carries the need; returns 0 if none does. */
static uint32_t smallest_ring(umbra_chain *chain, umbra_chain_workshop *shop, const umbra_params_need *need,
                              uint32_t first, uint32_t last) {
  for (uint32_t log_n = first; log_n <= last; log_n++) {
    const umbra_chain_request request = request_of(need, log_n);
    if (!umbra_chain_search(chain, shop, &request)) continue;
    if (!is_ephemeral(need) || umbra_sparse_key_is_secure(chain)) return log_n;
  }
  return 0;
}

/* The ephemeral secret of a need that refreshes. */
static umbra_status refuse_ephemeral(const umbra_chain *chain) {
  const umbra_window window = umbra_chain_sparse_window(chain);
  return umbra_fail(
      UMBRA_ERROR_UNSUPPORTED,
      "the key to the ephemeral secret would have a modulus of %.1f bits, and up to %d are known to be secure: "
      "it is level 0, of scale_bits and ratio_bits, and about as much again%s",
      umbra_log2_bits(umbra_chain_log_product(chain, window.first, window.count)), UMBRA_SPARSE_BITS,
      chain->bootstrap.sparse_primes > 2 ? "; sparse_primes may be fewer" : "");
}

/* Explains what a ring carries, and which one would carry the need. */
static umbra_status refuse(umbra_chain_workshop *shop, const umbra_params_need *need, uint32_t log_n) {
  umbra_chain chain;
  char carries[32] = "not even depth 0", other[32] = "no ring does", security[32] = "", keyless[32] = "";
  const umbra_chain_request request = request_of(need, log_n);
  if (is_ephemeral(need) && umbra_chain_search(&chain, shop, &request)) return refuse_ephemeral(&chain);
  const int depth = umbra_chain_search_depth(shop, &request);
  const uint32_t larger = smallest_ring(&chain, shop, need, log_n + 1, last_ring(need));
  if (depth < 0 && need->bootstrap->stc_levels)
    return umbra_fail(
        UMBRA_ERROR_UNSUPPORTED,
        "level 0 would have %u bits or more, of scale_bits and ratio_bits, and of sets that refresh it has up "
        "to %d, so that the key to the ephemeral secret stays small enough",
        need->scale_bits + need->bootstrap->ratio_bits, UMBRA_SPARSE_BASE);
  if (depth >= 0) snprintf(carries, sizeof carries, "depth %d at most", depth);
  if (larger) snprintf(other, sizeof other, "a ring of 2^%u does", larger);
  if (request.bound_bits) snprintf(security, sizeof security, " at %u-bit security", need->security);
  if (need->keyless_levels) snprintf(keyless, sizeof keyless, ", %u keyless levels", need->keyless_levels);
  return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "depth %u with scales of %u bits%s%s: a ring of 2^%u carries %s, %s",
                    need->depth, need->scale_bits, keyless, security, log_n, carries, other);
}

static umbra_status search(umbra_params **params, umbra_chain_workshop *shop, const umbra_params_need *need,
                           uint32_t first, uint32_t last) {
  umbra_chain chain;
  if (!smallest_ring(&chain, shop, need, first, last)) return refuse(shop, need, last);
  return umbra_params_from_chain(params, &chain, need->flags);
}

/* Its bootstrap is a whole shape, whether it refreshes or not. */
static umbra_status from_need(umbra_params **params, const umbra_params_need *need) {
  UMBRA_TRY(check_need(need));
  UMBRA_TRY(check_ephemeral(need));
  const uint32_t smallest = ring_for_slots(need);
  const uint32_t last = need->log_n ? need->log_n : last_ring(need);
  if (smallest > last)
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "min_slots is %u: a ring of 2^%u has %u%s", need->min_slots, last,
                      1u << (last - 1),
                      need->log_n || !is_ephemeral(need) ? "" : ", and larger ones do not refresh securely");
  umbra_chain_workshop *shop;
  UMBRA_TRY(umbra_alloc(&shop, 1, sizeof *shop, "the search for parameters"));
  umbra_status status = search(params, shop, need, need->log_n ? need->log_n : smallest, last);
  umbra_free(shop);
  return status;
}

umbra_status umbra_params_from_need(umbra_params **params, const umbra_params_need *need) {
  if (!params || !need) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "parameters need an output and a need");
  umbra_params_need own = {UMBRA_PARAMS_NEED_INIT};
  umbra_bootstrap_shape boot;
  UMBRA_TRY(UMBRA_TAKE(umbra_params_need, &own, need));
  UMBRA_TRY(take_boot_shape(&boot, own.bootstrap));
  own.bootstrap = &boot;
  return from_need(params, &own);
}

umbra_params *umbra_params_share(const umbra_params *params) { return umbra_share(params); }
void umbra_params_destroy(umbra_params *params) { umbra_release(params); }

uint32_t umbra_params_log_n(const umbra_params *params) { return params->chain.log_n; }

uint32_t umbra_params_bootstrapped_level(const umbra_params *params) {
  return params->chain.bootstrap.stc_levels ? params->chain.levels - 1 - params->chain.bootstrap.stc_levels : 0;
}

uint32_t umbra_params_slots(const umbra_params *params) { return 1u << (params->chain.log_n - 1); }

uint32_t umbra_params_depth(const umbra_params *params) { return params->chain.levels - 1; }

uint32_t umbra_params_keyed_level(const umbra_params *params) {
  return params->chain.levels - 1 - params->chain.keyless;
}

int umbra_params_has_public_key(const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  return umbra_security_of(chain->log_n, umbra_chain_log_public_key(chain)) >= params->security;
}

uint32_t umbra_params_scale_bits(const umbra_params *params) { return params->chain.scale_bits; }

double umbra_params_scale(const umbra_params *params, uint32_t level) {
  return level < params->chain.levels ? umbra_log2_to_double(params->chain.log_scale[level]) : 0;
}

uint32_t umbra_params_limbs(const umbra_params *params, uint32_t level) {
  return level < params->chain.levels ? params->chain.window[level].count : 0;
}

double umbra_params_log_q(const umbra_params *params, uint32_t level) {
  const umbra_chain *chain = &params->chain;
  if (level >= chain->levels) return 0;
  return umbra_log2_bits(umbra_chain_log_product(chain, chain->window[level].first, chain->window[level].count));
}

double umbra_params_log_qp(const umbra_params *params) { return umbra_log2_bits(umbra_chain_log_qp(&params->chain)); }

uint32_t umbra_params_dnum(const umbra_params *params) {
  return umbra_digits_of(&params->chain, params->chain.window[umbra_chain_keyed_level(&params->chain)]).count;
}

uint32_t umbra_params_security(const umbra_params *params) { return params->security; }

static uint64_t limb_bytes(const umbra_params *params) { return sizeof(uint32_t) << params->chain.log_n; }

uint64_t umbra_params_ciphertext_bytes(const umbra_params *params, uint32_t level) {
  return 2 * umbra_params_limbs(params, level) * limb_bytes(params);
}

uint64_t umbra_params_key_bytes(const umbra_params *params, uint32_t level) {
  const umbra_chain *chain = &params->chain;
  if (level > umbra_chain_keyed_level(chain)) return 0;
  const umbra_window all = umbra_chain_union(chain, level);
  return 2 * umbra_digits_of(chain, all).count * (all.count + umbra_key_auxes(chain, level)) * limb_bytes(params);
}

void umbra_params_digest(const umbra_params *params, uint8_t digest[UMBRA_DIGEST_BYTES]) {
  memcpy(digest, params->digest, UMBRA_DIGEST_BYTES);
}
