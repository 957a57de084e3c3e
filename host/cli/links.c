/* SPDX-License-Identifier: Apache-2.0 */
#include "links.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "target.h"

/* ---- digests ---- */

void cli_link_put(cJSON *line, const uint8_t digest[UMBRA_DIGEST_BYTES], const uint8_t link[UMBRA_DIGEST_BYTES]) {
  cli_hex_add(line, "digest", digest, UMBRA_DIGEST_BYTES);
  cli_hex_add(line, "link", link, UMBRA_DIGEST_BYTES);
}

bool cli_digest_parse(uint8_t digest[UMBRA_DIGEST_BYTES], const char *text) {
  if (!text || strlen(text) != CLI_HEX - 1 || strspn(text, "0123456789abcdef") != CLI_HEX - 1) return false;
  for (size_t i = 0; i < UMBRA_DIGEST_BYTES; i++) {
    const char byte[] = {text[2 * i], text[2 * i + 1], '\0'};
    digest[i] = (uint8_t)strtoul(byte, NULL, 16);
  }
  return true;
}

/* ---- lines ---- */

enum { LONGEST_LINE = 1 << 16 };

bool cli_lines_open(cli_lines *lines, const char *option, const char *path) {
  const int file = cli_open_input(option, path);
  *lines = (cli_lines){.option = option, .path = path, .failed = true};
  if (file < 0) return false;
  lines->file = fdopen(file, "r");
  if (!lines->file) close(file);
  lines->text = malloc(LONGEST_LINE);
  lines->failed = !lines->file || !lines->text;
  return !lines->failed || cli_error("out of memory");
}

bool cli_lines_malformed(cli_lines *lines, const char *format, ...) {
  char text[256];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  lines->failed = true;
  return cli_error("%s: line %" PRIu32 ": %s (in %s)", lines->option, lines->number, text, lines->path);
}

/* False at the end, and if it cannot be read. */
static bool read_line(cli_lines *lines) {
  lines->number++;
  if (fgets(lines->text, LONGEST_LINE, lines->file)) return true;
  if (ferror(lines->file)) lines->failed = !cli_error("%s: %s: %s", lines->option, lines->path, strerror(errno));
  return false;
}

cJSON *cli_lines_next(cli_lines *lines) {
  if (lines->failed || !read_line(lines)) return NULL;
  const size_t length = strlen(lines->text);
  if (!length || lines->text[length - 1] != '\n') {
    cli_lines_malformed(lines, length == LONGEST_LINE - 1 ? "it is too long" : "it breaks off");
    return NULL;
  }
  cJSON *line = cJSON_Parse(lines->text);
  if (cJSON_IsObject(line)) return line;
  cJSON_Delete(line);
  cli_lines_malformed(lines, "it is no JSON object");
  return NULL;
}

void cli_lines_close(cli_lines *lines) {
  if (lines->file) fclose(lines->file);
  free(lines->text);
  lines->file = NULL;
  lines->text = NULL;
}
