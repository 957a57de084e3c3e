/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The umbra program: parameters, keys, encrypted training, encrypted logistic scores, encrypted networks, and a refresh to
 * look at, from the command line.
 */
#include <stdio.h>
#include <string.h>
#include <umbra/version.h>

#include "claim.h"
#include "commands.h"
#include "help.h"
#include "network.h"
#include "opened.h"
#include "output.h"
#include "progress.h"
#include "secret.h"

/* With those that have a manual page of their own but no name. */
static const cli_command *const commands[] = {
    &cli_params, &cli_plan,         &cli_plan_network, &cli_keygen, &cli_encrypt, &cli_train, &cli_audit,
    &cli_score,  &cli_decrypt,      &cli_evaluate,     &cli_infer,  &cli_inspect, &cli_serve, &cli_retire,
    &cli_sign,   &cli_verify_files, &cli_bootstrap,    &cli_bench,  &cli_devices, &cli_doctor};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const char recipes[] =
    "An owner has a model trained by a server that sees neither records nor weights:\n"
    "  # owner\n"
    "  umbra plan train.csv --scaling scaling.csv --out plan.umbra\n"
    "  mkdir -m 700 secret\n"
    "  umbra keygen --plan plan.umbra --out keys --secret secret/key.umbra\n"
    "  umbra encrypt train.csv --plan plan.umbra --scaling scaling.csv --keys keys --out data\n"
    "  # server: keys/params.umbra, keys/eval.umbra, data\n"
    "  umbra train --keys keys --data data --out run\n"
    "  # owner\n"
    "  umbra decrypt --keys keys --secret secret/key.umbra --weights --in run/model.umbra --out weights.csv\n"
    "  umbra evaluate --weights weights.csv --data held.csv --scaling scaling.csv\n\n"
    "An owner has records scored by a server that sees neither records nor model:\n"
    "  # owner\n"
    "  umbra params --for-logistic 30 --save params.umbra\n"
    "  mkdir -m 700 secret\n"
    "  umbra keygen --params params.umbra --for-logistic 30 --out keys --secret secret/key.umbra\n"
    "  umbra encrypt --keys keys --records records.csv --out records.umbra\n"
    "  umbra encrypt --keys keys --model model.csv --range 12 --out model.umbra\n"
    "  # server\n"
    "  umbra score --keys keys --model model.umbra --records records.umbra --out scores.umbra\n"
    "  # owner\n"
    "  umbra decrypt --keys keys --secret secret/key.umbra --in scores.umbra --out scores.csv\n\n"
    "An owner has a network computed by a server that has its weights, and sees neither records nor answers:\n"
    "  # server\n"
    "  umbra plan model.onnx --samples samples.npy --server server.umbra --client client.umbra\n"
    "  # owner\n"
    "  mkdir -m 700 secret\n"
    "  umbra keygen --plan client.umbra --out keys --secret secret/key.umbra\n"
    "  umbra encrypt x.npy --plan client.umbra --keys keys --out batch.umbra\n"
    "  # server\n"
    "  umbra infer --plan server.umbra --keys keys --in batch.umbra --out answer.umbra\n"
    "  # owner\n"
    "  umbra decrypt --plan client.umbra --secret secret/key.umbra --in answer.umbra --out y.csv\n";

/* Of a page's name, so that a command is found by its own. NULL, without an error, if there is none. */
static const cli_command *find(const char *name) {
  for (int i = 0; i < COMMANDS; i++)
    if (strcmp(name, cli_page_name(commands[i])) == 0) return commands[i];
  return NULL;
}

static int run(const cli_command *command, int argc, char **argv) {
  cli_set_command(command->name);
  bool done = command->run(command, argc, argv);
  if (!done) cli_print_failure();
  cli_claims_release();
  cli_secrets_end();
  cli_interrupts_release();
  if (fflush(stdout) != 0 || ferror(stdout)) done = cli_error("standard output cannot be written");
  return done ? CLI_OK : CLI_FAILURE;
}

static bool is_help(const char *word) {
  return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* The words after "help": --man or --options, if it is not for a terminal, then a command, if it is not for the program. */
static int help(int count, char **words) {
  const bool manual = count && strcmp(words[0], "--man") == 0, options = count && strcmp(words[0], "--options") == 0;
  if (manual || options) {
    cli_help_as(manual ? CLI_HELP_MANUAL : CLI_HELP_OPTIONS);
    count--;
    words++;
  }
  if (count > 1) cli_usage("one command is expected, not %d", count);
  if (!count) {
    cli_help_program(commands, COMMANDS, recipes);
    return CLI_OK;
  }
  const cli_command *command = find(words[0]);
  char ask[] = "--help", *asked[] = {words[0], ask, NULL};
  if (!command) cli_usage("\"%s\" is not a command", words[0]);
  return run(command, 2, asked);
}

/* "--json", also shortened as other options may be. */
static bool wants_json(int argc, char **argv) {
  for (int i = 1; i < argc; i++)
    if (strlen(argv[i]) > 2 && strncmp("--json", argv[i], strlen(argv[i])) == 0) return true;
  return false;
}

int main(int argc, char **argv) {
  cli_opened_wipe_json();
  if (wants_json(argc, argv)) cli_errors_as_json(true);
  if (argc < 2) cli_usage("a command is expected");
  if (is_help(argv[1])) return help(argc - 2, argv + 2);
  if (strcmp(argv[1], "--version") == 0) {
    printf("umbra %s\n", umbra_version());
    return CLI_OK;
  }
  const cli_command *command = find(argv[1]);
  if (!command || command->page) cli_usage("\"%s\" is not a command", argv[1]);
  return run(command, argc - 1, argv + 1);
}
