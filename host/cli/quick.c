/* SPDX-License-Identifier: Apache-2.0 */
#include "quick.h"

#include <math.h>
#include <stdio.h>

#include "engine.h"
#include "progress.h"
#include "target.h"

const cli_quick_name cli_quick_names[CLI_QUICK_COUNT] = {
    [CLI_QUICK_ENCRYPT] = {"encrypt", "8192 numbers encoded and encrypted"},
    [CLI_QUICK_DECRYPT] = {"decrypt", "8192 numbers decrypted and decoded"},
    [CLI_QUICK_ADD] = {"add", "8192 sums"},
    [CLI_QUICK_MULTIPLY] = {"multiply", "8192 products, relinearised and rescaled"},
    [CLI_QUICK_ROTATE] = {"rotate", "a rotation"},
    [CLI_QUICK_POLYNOMIAL] = {"polynomial", "a polynomial of degree 15, 8192 times"},
    [CLI_QUICK_MATRICES] = {"matrices", "64 x 64 by 64 x 64, both encrypted"},
    [CLI_QUICK_SCORES] = {"scores", "256 records scored by a logistic model"},
    [CLI_QUICK_REFRESH] = {"refresh", "a refresh of 8 numbers"},
    [CLI_QUICK_TRAINING] = {"training", "an iteration over 512 records of 30 features"}};

/* ---- reports ---- */

/* "AMD EPYC, avx512, 2 threads": as costs are told of. */
static bool name_machine(char name[sizeof(((umbra_cost *)0)->machine)], const cli_quick_options *o) {
  umbra_context *dry = NULL;
  umbra_cost cost = {UMBRA_COST_INIT};
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = CLI_QUICK_SMALL_PRESET, .device = "dry",
                                   .threads = o->threads};
  const bool named = cli_check(umbra_context_create(&dry, &desc), NULL) &&
                     cli_check(umbra_context_cost_machine(dry, o->device), "--device") &&
                     cli_check(umbra_context_cost(dry, &cost), NULL);
  snprintf(name, sizeof cost.machine, "%s", cost.machine);
  umbra_context_destroy(dry);
  return named;
}

static void add_operations(cJSON *root, const cli_quick_result *results) {
  cJSON *list = cJSON_AddArrayToObject(root, "operations");
  for (size_t i = 0; i < CLI_QUICK_COUNT; i++) {
    if (!results[i].calls) continue;
    cJSON *facts = cJSON_CreateObject();
    cJSON_AddStringToObject(facts, "name", cli_quick_names[i].name);
    cJSON_AddStringToObject(facts, "what", cli_quick_names[i].what);
    cJSON_AddStringToObject(facts, "params", i < CLI_QUICK_REFRESH ? CLI_QUICK_SMALL_PRESET : CLI_QUICK_LARGE_PRESET);
    cJSON_AddNumberToObject(facts, "seconds", results[i].seconds);
    cJSON_AddNumberToObject(facts, "calls", (double)results[i].calls);
    cJSON_AddNumberToObject(facts, "error", results[i].error);
    cJSON_AddItemToArray(list, facts);
  }
}

static void add_known(cJSON *root) {
  cJSON *list = cJSON_AddArrayToObject(root, "known");
  for (size_t m = 0; m < cli_known_machine_count; m++) {
    const cli_known_machine *known = &cli_known_machines[m];
    cJSON *facts = cJSON_CreateObject();
    cJSON_AddStringToObject(facts, "machine", known->name);
    cJSON_AddStringToObject(facts, "date", known->date);
    cJSON_AddStringToObject(facts, "source", known->source);
    cJSON *seconds = cJSON_AddObjectToObject(facts, "seconds");
    for (size_t i = 0; i < CLI_QUICK_COUNT; i++)
      if (known->seconds[i] > 0) cJSON_AddNumberToObject(seconds, cli_quick_names[i].name, known->seconds[i]);
    cJSON_AddItemToArray(list, facts);
  }
}

static void print_seconds(double seconds) {
  char text[CLI_UNITS];
  printf(" %10s", seconds > 0 ? cli_duration_text(text, seconds) : "-");
}

static void print_table(const cli_quick_result *results, const char *machine) {
  printf("%-46s %10s", "", "here");
  for (size_t m = 0; m < cli_known_machine_count; m++) printf(" %9c)", 'a' + (char)m);
  putchar('\n');
  for (size_t i = 0; i < CLI_QUICK_COUNT; i++) {
    printf("%-46s", cli_quick_names[i].what);
    print_seconds(results[i].seconds);
    for (size_t m = 0; m < cli_known_machine_count; m++) print_seconds(cli_known_machines[m].seconds[i]);
    putchar('\n');
  }
  printf("\nhere  %s\n", machine);
  for (size_t m = 0; m < cli_known_machine_count; m++)
    printf("%c)    %s, %s\n", 'a' + (char)m, cli_known_machines[m].name, cli_known_machines[m].date);
}

/* ---- all of it ---- */

static bool hand_out(const cli_quick_result *results, const cli_quick_options *o, cli_report *report) {
  char machine[sizeof(((umbra_cost *)0)->machine)];
  if (!name_machine(machine, o)) return false;
  cli_report_text(report, "version", umbra_version());
  cli_report_text(report, "machine", machine);
  add_operations(report->root, results);
  add_known(report->root);
  if (!o->json) print_table(results, machine);
  return !o->svg || cli_quick_draw(results, machine, o->svg);
}

bool cli_quick(const cli_quick_options *o) {
  cli_quick_result results[CLI_QUICK_COUNT] = {0};
  cli_report report = {.root = cJSON_CreateObject()};
  cJSON_AddStringToObject(report.root, "command", cli_command_name());
  cli_interrupts_hold();
  const bool done = (!o->svg || cli_may_write("--svg", o->svg, NULL, NULL, 0)) && cli_quick_small(results, o) &&
                    (o->light || cli_quick_large(results, o, &report)) && hand_out(results, o, &report);
  if (done && o->json) return cli_print_json(report.root);
  cJSON_Delete(report.root);
  return done;
}
