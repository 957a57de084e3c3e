/* SPDX-License-Identifier: Apache-2.0 */
/* Files with a JSON object on each line, in which digests and links are told (umbra/trace.h): written, and read as anybody's. */
#ifndef UMBRA_CLI_LINKS_H
#define UMBRA_CLI_LINKS_H

#include <stdio.h>

#include "output.h"

/* The digest of a line, and the link of all lines up to it. */
void cli_link_put(cJSON *line, const uint8_t digest[UMBRA_DIGEST_BYTES], const uint8_t link[UMBRA_DIGEST_BYTES]);

/* False, without an error, if a text (or NULL) is no digest. */
bool cli_digest_parse(uint8_t digest[UMBRA_DIGEST_BYTES], const char *text);

/* Zero-initialise; option and path must stay. */
typedef struct cli_lines {
  FILE *file;
  char *text;
  const char *option, *path;
  uint32_t number; /* of lines read */
  bool failed;
} cli_lines;

/* False, with an error, for all but regular files. */
bool cli_lines_open(cli_lines *lines, const char *option, const char *path);

/* To be deleted. NULL at the end and, with an error, for a line that is no object; then it has failed. */
cJSON *cli_lines_next(cli_lines *lines);

/* False, with an error about the last line; then it has failed. */
__attribute__((format(printf, 2, 3))) bool cli_lines_malformed(cli_lines *lines, const char *format, ...);

/* What it says of failure stays. */
void cli_lines_close(cli_lines *lines);

#endif
