/* SPDX-License-Identifier: Apache-2.0 */
/* Until when keys serve: what umbra keygen --expires says, and what commands ask before they use a key. */
#ifndef UMBRA_CLI_KEY_LIFE_H
#define UMBRA_CLI_KEY_LIFE_H

#include <umbra/key_life.h>

#include "output.h"

/* The system's clock: seconds since 1970. */
uint64_t cli_now(void);

/* "2027-01-31 12:00:00 UTC". */
const char *cli_time_text(char text[CLI_UNITS], uint64_t seconds);

/* created and expires of a key made now; text: a date or a number of days, or NULL. Wrong usage if it is none, or is past. */
umbra_key_life cli_life_of(const char *text);

/* False, with an error, if keys that are there do not expire as `text` asks; counted from when they were made. */
bool cli_life_agrees(const char *option, const char *path, const char *text);

/* False, with an error, if the key in a file is out of use, or is none. In a folder: of that name. */
bool cli_key_serves(const char *option, const char *path);
bool cli_key_serves_in(const char *option, const char *folder, const char *name);

/* Of a key that only decrypts: a note if it is out of use. False, with an error, if that cannot be told. */
bool cli_key_opens(const char *option, const char *path, cli_report *report);

/* Adds created, expires and retired, as far as they are known. False, with an error, if that cannot be told. */
bool cli_life_add(cJSON *facts, const char *path);

#endif
