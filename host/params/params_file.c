/* SPDX-License-Identifier: Apache-2.0 */
/* Parameter files: the explicit literal, which loading validates as it would the caller's. */
#include <string.h>
#include <umbra/params.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../io/format.h"
#include "params.h"
#include "params_file.h"

typedef struct counts_record {
  uint32_t log_n, scale_bits, terminals, mains, auxes, levels, digits, follows;
} counts_record;

/* What `follows` says: nothing, or a section of one of the two kinds. */
enum { NOTHING, BOOT, KEYLESS };

typedef struct boot_record {
  uint32_t stc_levels, cts_levels, overflow, degree, double_angles, arcsine_degree, ratio_bits, hamming, sparse_primes,
      upper_levels; /* inside a refresh */
} boot_record;

enum { MAX_WORDS = UMBRA_MAX_PRIMES + 2 * UMBRA_MAX_LEVELS + UMBRA_MAX_DIGITS };

/* The words of the chain section lie in the order of the literal's arrays, each as long as the counts say. */
static uint32_t chain_words(const counts_record *c, uint32_t upper_levels) {
  return c->terminals + c->mains + c->auxes + 2 * (c->levels + upper_levels) + c->digits;
}

/* ---- saving ---- */

static void fill_words(uint32_t *word, const umbra_chain *chain) {
  for (uint32_t i = chain->terminals; i-- > 0;) *word++ = chain->prime[i];
  for (uint32_t i = chain->terminals; i < umbra_chain_primes(chain); i++) *word++ = chain->prime[i];
  for (uint32_t l = 0; l < chain->total_levels; l++) *word++ = umbra_window_end(chain->window[l]) - chain->terminals;
  for (uint32_t l = 0; l < chain->total_levels; l++) *word++ = chain->terminals - chain->window[l].first;
  for (uint32_t j = 0; j < chain->digits; j++) *word++ = (uint32_t)(chain->digit_begin[j + 1] - chain->digit_begin[j]);
}

/* What is accepted only with UMBRA_INSECURE_FOR_TESTS says so in the header. */
static uint32_t flags_of(const umbra_params *params) {
  enum { FIRST_SECURE_LOG_N = 12 };
  return params->security && params->chain.log_n >= FIRST_SECURE_LOG_N ? 0 : UMBRA_CONTAINER_INSECURE;
}

static umbra_status write_boot(umbra_writer *writer, const umbra_chain *chain) {
  const umbra_bootstrap_shape *b = &chain->bootstrap;
  const boot_record record = {
      b->stc_levels,     b->cts_levels, b->overflow, b->degree,        b->double_angles,
      b->arcsine_degree, b->ratio_bits, b->hamming,  b->sparse_primes, chain->total_levels - chain->levels};
  return umbra_write_record(writer, UMBRA_SECTION_BOOT, &record, sizeof record);
}

umbra_status umbra_params_write_sections(umbra_writer *writer, const umbra_params *params) {
  const umbra_chain *chain = &params->chain;
  counts_record counts = {chain->log_n, chain->scale_bits, chain->terminals, chain->mains,
                          chain->auxes, chain->levels,     chain->digits,    NOTHING};
  if (chain->bootstrap.stc_levels) counts.follows = BOOT;
  if (chain->keyless) counts.follows = KEYLESS;
  uint32_t words[MAX_WORDS];
  fill_words(words, chain);
  if (chain->keyless) umbra_writer_set_version(writer, UMBRA_CONTAINER_KEYLESS);
  umbra_writer_identify(writer, params->digest, NULL, flags_of(params));
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_COUNTS, &counts, sizeof counts));
  if (counts.follows == BOOT) UMBRA_TRY(write_boot(writer, chain));
  if (counts.follows == KEYLESS)
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_KEYLESS, &chain->keyless, sizeof chain->keyless));
  return umbra_write_record(writer, UMBRA_SECTION_CHAIN, words,
                            chain_words(&counts, chain->total_levels - chain->levels) * sizeof *words);
}

/* ---- loading ---- */

static umbra_status read_counts(umbra_reader *reader, counts_record *c) {
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_COUNTS, c, sizeof *c));
  if (c->terminals > UMBRA_MAX_PRIMES || c->mains > UMBRA_MAX_PRIMES || c->auxes > UMBRA_MAX_PRIMES ||
      c->terminals + c->mains + c->auxes > UMBRA_MAX_PRIMES)
    return umbra_reader_malformed(reader, "%u + %u + %u primes; there may be %d", c->terminals, c->mains, c->auxes,
                                  UMBRA_MAX_PRIMES);
  if (c->levels > UMBRA_MAX_LEVELS || c->digits > UMBRA_MAX_DIGITS || c->follows > KEYLESS)
    return umbra_reader_malformed(reader, "%u levels and %u digits; there may be %d and %d", c->levels, c->digits,
                                  UMBRA_MAX_LEVELS, UMBRA_MAX_DIGITS);
  if ((c->follows == KEYLESS) != (reader->header.version == UMBRA_CONTAINER_KEYLESS))
    return umbra_reader_malformed(reader,
                                  "format version %u: parameters with keyless levels have version %d, and "
                                  "others do not",
                                  reader->header.version, UMBRA_CONTAINER_KEYLESS);
  return UMBRA_OK;
}

static umbra_bootstrap_shape shape_of(const boot_record *b) {
  return (umbra_bootstrap_shape){.struct_size = sizeof(umbra_bootstrap_shape),
                                 .stc_levels = b->stc_levels,
                                 .cts_levels = b->cts_levels,
                                 .overflow = b->overflow,
                                 .degree = b->degree,
                                 .double_angles = b->double_angles,
                                 .arcsine_degree = b->arcsine_degree,
                                 .ratio_bits = b->ratio_bits,
                                 .hamming = b->hamming,
                                 .sparse_primes = b->sparse_primes};
}

/* All zero if the set does not refresh. */
static umbra_status read_boot(umbra_reader *reader, boot_record *boot, const counts_record *c) {
  *boot = (boot_record){0};
  if (c->follows != BOOT) return UMBRA_OK;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_BOOT, boot, sizeof *boot));
  if (!boot->stc_levels)
    return umbra_reader_malformed(reader, "it refreshes, but without levels for slots-to-coefficients");
  if (boot->upper_levels > UMBRA_MAX_LEVELS - c->levels)
    return umbra_reader_malformed(reader, "%u levels inside a refresh above %u ordinary ones; there may be %d in all",
                                  boot->upper_levels, c->levels, UMBRA_MAX_LEVELS);
  const umbra_bootstrap_shape shape = shape_of(boot);
  if (umbra_bootstrap_upper_levels(&shape) == boot->upper_levels) return UMBRA_OK;
  return umbra_reader_malformed(reader, "%u levels inside a refresh; its shape needs %u", boot->upper_levels,
                                umbra_bootstrap_upper_levels(&shape));
}

static umbra_status read_keyless(umbra_reader *reader, uint32_t *keyless, const counts_record *c) {
  *keyless = 0;
  if (c->follows != KEYLESS) return UMBRA_OK;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_KEYLESS, keyless, sizeof *keyless));
  if (*keyless) return UMBRA_OK;
  return umbra_reader_malformed(reader, "parameters with keyless levels that have none");
}

static umbra_status make(umbra_params **params, const umbra_reader *reader, const counts_record *c,
                         const boot_record *boot, uint32_t keyless, const uint32_t *word) {
  umbra_params_literal literal = {UMBRA_PARAMS_LITERAL_INIT, .log_n = c->log_n,   .scale_bits = c->scale_bits,
                                  .terminals = c->terminals, .mains = c->mains,   .auxes = c->auxes,
                                  .levels = c->levels,       .digits = c->digits, .keyless_levels = keyless};
  literal.terminal = word;
  literal.main = literal.terminal + c->terminals;
  literal.aux = literal.main + c->mains;
  literal.main_count = literal.aux + c->auxes;
  literal.terminal_count = literal.main_count + c->levels + boot->upper_levels;
  literal.digit_size = literal.terminal_count + c->levels + boot->upper_levels;
  const umbra_bootstrap_shape shape = shape_of(boot);
  if (shape.stc_levels) literal.bootstrap = &shape;
  literal.flags = reader->header.flags & UMBRA_CONTAINER_INSECURE ? UMBRA_INSECURE_FOR_TESTS : 0;
  umbra_status status = umbra_params_from_literal(params, &literal);
  return status == UMBRA_ERROR_INVALID_ARGUMENT ? umbra_reader_malformed(reader, "%s", umbra_last_error()) : status;
}

umbra_status umbra_params_read_sections(umbra_reader *reader, umbra_params **params) {
  counts_record counts;
  boot_record boot;
  uint32_t words[MAX_WORDS], keyless;
  UMBRA_TRY(read_counts(reader, &counts));
  UMBRA_TRY(read_boot(reader, &boot, &counts));
  UMBRA_TRY(read_keyless(reader, &keyless, &counts));
  UMBRA_TRY(
      umbra_read_record(reader, UMBRA_SECTION_CHAIN, words, chain_words(&counts, boot.upper_levels) * sizeof *words));
  umbra_params *made = NULL;
  UMBRA_TRY(make(&made, reader, &counts, &boot, keyless, words));
  *params = made;
  if (memcmp(made->digest, reader->header.digest, sizeof made->digest) != 0)
    return umbra_reader_malformed(reader, "the digest in the header is not that of the parameters");
  if (flags_of(made) != reader->header.flags)
    return umbra_reader_malformed(reader, "the header says that secure parameters are insecure");
  return UMBRA_OK;
}

/* ---- files of parameters alone ---- */

static umbra_status save(umbra_writer *writer, const void *object) {
  return umbra_params_write_sections(writer, object);
}

static umbra_status load(umbra_reader *reader, const void *argument, void **object) {
  (void)argument;
  umbra_params *made = NULL;
  umbra_status status = umbra_params_read_sections(reader, &made);
  *object = made;
  return status;
}

static void destroy(void *object) { umbra_params_destroy(object); }

static const umbra_format format = {.kind = UMBRA_KIND_PARAMS, .save = save, .load = load, .destroy = destroy};

/* ---- public calls ---- */

umbra_status umbra_params_save(const umbra_params *params, const char *path) {
  return umbra_format_save(&format, params, path, NULL);
}

umbra_status umbra_params_write(const umbra_params *params, void *buffer, size_t *size) {
  return umbra_format_write(&format, params, buffer, size, NULL);
}

umbra_status umbra_params_load(umbra_params **params, const char *path) {
  void *made = NULL;
  UMBRA_TRY(umbra_format_load(&format, params ? &made : NULL, &(umbra_wanted){0}, path, NULL));
  UMBRA_PUT(params, params, made);
  return UMBRA_OK;
}

umbra_status umbra_params_read(umbra_params **params, const void *buffer, size_t size) {
  void *made = NULL;
  UMBRA_TRY(umbra_format_read(&format, params ? &made : NULL, &(umbra_wanted){0}, buffer, size, NULL));
  UMBRA_PUT(params, params, made);
  return UMBRA_OK;
}
