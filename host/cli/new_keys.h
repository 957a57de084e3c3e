/* SPDX-License-Identifier: Apache-2.0 */
/* What all new keys have in common: where they go, what seals the secret one, and that nothing is left of half of them. */
#ifndef UMBRA_CLI_NEW_KEYS_H
#define UMBRA_CLI_NEW_KEYS_H

#include "key_store.h"
#include "passphrase.h"
#include "secret.h"

/* ---- places ---- */

/* False, with an error, if there is something: keys that somebody has encrypted under must not vanish. */
bool cli_place_free(const char *option, const char *path);

/* Claims the folder of public things, and the file of the secret key, which lies elsewhere and beside no public ones. */
bool cli_places_claim(const char *folder, const char *secret);

/* ---- what seals the secret one ---- */

typedef struct cli_sealing {
  char word[CLI_PASSPHRASE];
  cli_key_store store;
  const char *passphrase;              /* both NULL: nothing does */
  const umbra_key_store *to_the_store; /* one of the two */
} cli_sealing;

/* Asks for a passphrase unless there is a file with one, a store, or none is wanted. Close it in any case. */
bool cli_sealing_open(cli_sealing *sealing, const cli_secret *secret, bool unsealed);
void cli_sealing_close(cli_sealing *sealing);

/* ---- files ---- */

enum { CLI_MOST_MADE = 4 };
typedef struct cli_made {
  char path[CLI_MOST_MADE][CLI_PATH]; /* in this order */
  int count;
} cli_made;

void cli_made_note(cli_made *made, const char *path);

/* After a failure nothing is left that would be in the way of the next run. */
void cli_made_remove(cli_made *made);

/* One of the public things: never over a file that is there; a step of the report. */
typedef umbra_status (*cli_save)(const void *object, const char *path, const umbra_progress *progress);
bool cli_give_away(cli_made *made, const char *folder, const char *name, cli_report *report, cli_save save,
                   const void *object);

/* ---- keys that sign ---- */

typedef struct cli_keygen_place {
  const char *out, *expires;
  cli_secret secret;
  bool unsealed;
} cli_keygen_place;

/* umbra keygen --signing. */
bool cli_signing_keygen(const cli_keygen_place *where, cli_report *report);

#endif
