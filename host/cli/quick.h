/* SPDX-License-Identifier: Apache-2.0 */
/*
 * umbra bench --quick: what a machine does for ten operations, measured here and beside machines that are known. Two sets of
 * operations, each with a home of its own: small ones at n14-d7-s40, and those that refresh.
 */
#ifndef UMBRA_CLI_QUICK_H
#define UMBRA_CLI_QUICK_H

#include <umbra/umbra.h>

#include "output.h"

/* What people ask of such an engine: from single steps to whole tasks. */
enum {
  CLI_QUICK_ENCRYPT,
  CLI_QUICK_DECRYPT,
  CLI_QUICK_ADD,
  CLI_QUICK_MULTIPLY,
  CLI_QUICK_ROTATE,
  CLI_QUICK_POLYNOMIAL,
  CLI_QUICK_MATRICES,
  CLI_QUICK_SCORES,
  CLI_QUICK_REFRESH,
  CLI_QUICK_TRAINING,
  CLI_QUICK_COUNT
};

#define CLI_QUICK_SMALL_PRESET "n14-d7-s40"
#define CLI_QUICK_LARGE_PRESET "boot-64k-40"

typedef struct cli_quick_options {
  const char *device, *svg; /* svg: NULL: no drawing */
  uint32_t threads;
  bool light, json; /* light: the small ones alone */
} cli_quick_options;

/* Of one operation; calls 0: not measured. */
typedef struct cli_quick_result {
  double seconds; /* the shortest of the calls: nothing else got in the way */
  size_t calls;
  double error; /* the largest of the result, against the same in the clear */
} cli_quick_result;

/* In the order of the operations; 0: not known. Written by scripts/known_machines from files of bench/results. */
typedef struct cli_known_machine {
  const char *name, *date, *source;
  double seconds[CLI_QUICK_COUNT];
} cli_known_machine;
extern const cli_known_machine cli_known_machines[];
extern const size_t cli_known_machine_count;

typedef struct cli_quick_name {
  const char *name, *what;
} cli_quick_name;
extern const cli_quick_name cli_quick_names[CLI_QUICK_COUNT];

/* ---- what operations are measured with ---- */

typedef struct cli_quick_home {
  umbra_params *params;
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_public_key *public;
  umbra_key_needs *needs; /* to be filled between the two calls below */
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
} cli_quick_home;

bool cli_quick_open(cli_quick_home *home, const char *preset, const cli_quick_options *o);
bool cli_quick_equip(cli_quick_home *home);
void cli_quick_close(cli_quick_home *home);

/* Number i of an endless row of values in [-1, 1], the same everywhere. */
double cli_quick_value(size_t i);

/* One of a set's operations. */
typedef struct cli_quick_operation {
  size_t number;
  umbra_status (*run)(void *set);
  umbra_status (*judge)(void *set, size_t number, double *error); /* the last result, against the same in the clear */
  uint32_t parts;                                                 /* times that a run does it */
} cli_quick_operation;

/* Measures them in turn, as long as no signal comes, and checks what they give. False, with an error. */
bool cli_quick_measure(cli_quick_result *results, const cli_quick_operation *operations, size_t count, void *set,
                       cli_quick_home *home);

/* ---- the two sets, and the whole ---- */

bool cli_quick_small(cli_quick_result *results, const cli_quick_options *o);
bool cli_quick_large(cli_quick_result *results, const cli_quick_options *o, cli_report *report);

/* Bars for every operation here and on known machines, as SVG without scripts. False, with an error. */
bool cli_quick_draw(const cli_quick_result *results, const char *machine, const char *path);

/* Measures, prints and draws. */
bool cli_quick(const cli_quick_options *o);

#endif
