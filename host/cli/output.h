/* SPDX-License-Identifier: Apache-2.0 */
/* What the program says on stdout: a report of the steps, as a table or as one JSON object. */
#ifndef UMBRA_CLI_OUTPUT_H
#define UMBRA_CLI_OUTPUT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <umbra/params.h>

#include "errors.h"
#include "format.h"

/* Bytes, at most UMBRA_DIGEST_BYTES, as digits. */
enum { CLI_HEX = 2 * UMBRA_DIGEST_BYTES + 1 };
void cli_hex(char text[CLI_HEX], const uint8_t *bytes, size_t count);
void cli_hex_add(cJSON *object, const char *name, const uint8_t *bytes, size_t count);

/* The larger of two numbers that were computed; what is no number counts as infinite. */
double cli_larger(double a, double b);

/* Seconds of a clock that only goes forward; and those that the processor's cores have worked for this program. */
double cli_seconds(void);
double cli_processor_seconds(void);

/*
 * Steps with their time and the size of the file or folder that each reads or writes, facts about the job, and at the
 * end the seconds and the most memory that it took.
 */
typedef struct cli_report {
  cJSON *root, *steps;
  double started, step_started;
} cli_report;

/* False, with an error, if memory is out. */
bool cli_report_open(cli_report *report);
void cli_report_text(cli_report *report, const char *name, const char *text);
void cli_report_number(cli_report *report, const char *name, double value);

/* A fact that is a list of objects or texts, to be filled: a table has a line for each. */
cJSON *cli_report_list(cli_report *report, const char *name);

/* A fact and a warning on stderr; the fact is all warnings, one after the other. */
void cli_report_warning(cli_report *report, const char *text);

/* One more of the facts "notes", and a warning on stderr. */
void cli_report_note(cli_report *report, const char *text);

/* Ends the step that began at the end of the one before. path: a file or folder with what it read or wrote, or NULL. */
void cli_report_step(cli_report *report, const char *name, const char *path);

/* Prints the report if the job succeeded, and frees it. Returns false if it failed. */
bool cli_report_close(cli_report *report, bool succeeded, bool as_json);

/* What describes an object as text in a buffer of *size bytes, or only says how many that takes. */
typedef umbra_status (*cli_describe)(const void *object, char *text, size_t *size);

/* Its text; to be freed. NULL, with an error, if there is none. */
char *cli_text(cli_describe describe, const void *object);

/* Its texts as umbra_text_escape makes them: names of files and columns cannot act on a terminal, and are UTF-8. */
void cli_make_shown(cJSON *json);

/* Prints one JSON object on one line and frees it. False, with an error, if memory is out. */
bool cli_print_json(cJSON *json);

#endif
