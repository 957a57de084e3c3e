/* SPDX-License-Identifier: Apache-2.0 */
/* Values that others may see: options, the journal, and what is said of a release. */
#ifndef UMBRA_CLI_PUBLISH_H
#define UMBRA_CLI_PUBLISH_H

#include "journal.h"
#include "secret.h"

typedef struct cli_publish {
  bool wanted, new_journal;
  uint64_t releases;                     /* CLI_NOT_GIVEN: not said */
  double statistical, least_bits, error; /* 0: not said */
  const umbra_privacy *promise;          /* of the records; NULL: none is made */
} cli_publish;

/* As of umbra_disclosure_options. */
#define CLI_MOST_RELEASES 0x1p40

#define CLI_PUBLISH_INIT \
  { .releases = CLI_NOT_GIVEN }

#define CLI_PUBLISH_OPTIONS(publish)                                                                       \
  {"publish",                                                                                              \
   NULL,                                                                                                   \
   "values that others may see: noise hides the error, which would tell the key",                          \
   CLI_FLAG,                                                                                               \
   &(publish).wanted,                                                                                      \
   CLI_OPTIONAL},                                                                                          \
      {"releases",                                                                                         \
       "N",                                                                                                \
       "with --publish: ciphertexts that will be shown under this key, in all of its life; no default",    \
       CLI_WHOLE,                                                                                          \
       &(publish).releases,                                                                                \
       CLI_WITHIN(1, CLI_MOST_RELEASES)},                                                                  \
      {"statistical",                                                                                      \
       "S",                                                                                                \
       "with --publish: chances of 2^-S to learn from all of them (default 30)",                           \
       CLI_NUMBER,                                                                                         \
       &(publish).statistical,                                                                             \
       CLI_WITHIN(1, 128)},                                                                                \
      {"least-bits",                                                                                       \
       "B",                                                                                                \
       "with --publish: refuse to show values with fewer bits left (default 8)",                           \
       CLI_NUMBER,                                                                                         \
       &(publish).least_bits,                                                                              \
       CLI_WITHIN(1, 1000)},                                                                               \
      {"error",                                                                                            \
       "E",                                                                                                \
       "with --publish: errors are up to E by your own plan (default: the bound in the file)",             \
       CLI_NUMBER,                                                                                         \
       &(publish).error,                                                                                   \
       CLI_WITHIN(1e-300, 1e300)},                                                                         \
  {                                                                                                        \
    "new-journal", NULL, "with --publish: nothing was shown of this key before; begin to count", CLI_FLAG, \
        &(publish).new_journal, CLI_OPTIONAL                                                               \
  }

/* For so many releases; what is 0 is the default. */
umbra_disclosure_options cli_disclosure(uint64_t releases, double statistical, double least_bits);

/* Does not return for wrong usage. is_private: values are shown by a private plan, which says what is not given here. */
void cli_publish_check(cli_publish *publish, bool is_private);

umbra_disclosure_options cli_publish_options(const cli_publish *publish);

/* What a plan says of releases, as "publish". */
void cli_publish_planned(const umbra_disclosure *told, const umbra_disclosure_options *options, cJSON *root);

/*
 * What a release makes of the values, and the journal's say, before anything is written. False, with an error, if it may
 * not be.
 */
bool cli_publish_count(const cli_publish *publish, cli_journal *journal, const umbra_disclosure *made,
                       cli_report *report);

#endif
