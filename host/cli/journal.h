/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The journal of what was shown of a key's values: a file beside the secret key, KEY.releases. A line for each release says
 * which one it was, and what it was planned for; a release that is made again is the same line. It is locked from its
 * opening to its closing, lines are on the disk before values are given out, and the first one names the key.
 */
#ifndef UMBRA_CLI_JOURNAL_H
#define UMBRA_CLI_JOURNAL_H

#include <umbra/privacy.h>

#include "engine.h"
#include "output.h"

typedef struct cli_journal {
  int file;
  bool is_open;
  char path[CLI_PATH];
  char *text; /* of its lines, after the first */
  size_t size;
} cli_journal;

/* False, with an error, if there is none and none is to be made, if it is another key's or not whole, or is in use. */
bool cli_journal_open(cli_journal *journal, const char *key_file, const umbra_secret_key *key, bool is_new);
void cli_journal_close(cli_journal *journal);

/*
 * Counts a release, once. False, with an error, if that would be more than all of them were planned for: each takes its
 * share 2^-s / N, and all together at most 2^-s of the one that asks. promise: what it says of the records of a training;
 * NULL: nothing. Promises are added up and told.
 */
bool cli_journal_count(cli_journal *journal, const umbra_disclosure *made, const umbra_disclosure_options *options,
                       const umbra_privacy *promise, cli_report *report);

#endif
