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
#include "output.h"
#include "progress.h"
#include "secret.h"

static const cli_command *const commands[] = {&cli_params,    &cli_plan,    &cli_keygen,   &cli_encrypt, &cli_train,
                                              &cli_score,     &cli_decrypt, &cli_evaluate, &cli_infer,   &cli_inspect,
                                              &cli_bootstrap, &cli_bench,   &cli_devices};
enum { COMMANDS = sizeof commands / sizeof commands[0] };

static int print_help(void) {
  puts("Usage: umbra COMMAND [options]\n\nComputes on encrypted numbers.\n\nCommands:");
  for (int i = 0; i < COMMANDS; i++) printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
  puts("\numbra help COMMAND explains a command; umbra --version prints the version.\n\n"
       "An owner has a model trained by a server that sees neither records nor weights:\n"
       "  # owner\n"
       "  umbra plan train.csv --scale deviation --clip 4 --degree 7 --scaling scaling.csv --out plan.umbra\n"
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
       "  umbra decrypt --plan client.umbra --secret secret/key.umbra --in answer.umbra --out y.csv\n");
  puts(CLI_EXIT_CODES);
  return CLI_OK;
}

static bool is_help(const char *word) {
  return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv) {
  if (argc < 2) cli_usage("a command is expected");
  if (is_help(argv[1]) && argc == 2) return print_help();
  char *help[] = {argv[0], argv[argc - 1], "--help", NULL};
  if (is_help(argv[1]) && argc == 3) {
    argc = 3;
    argv = help;
  }
  if (strcmp(argv[1], "--version") == 0) {
    printf("umbra %s\n", umbra_version());
    return CLI_OK;
  }
  for (int i = 0; i < COMMANDS; i++) {
    if (strcmp(argv[1], commands[i]->name) != 0) continue;
    cli_set_command(commands[i]->name);
    bool done = commands[i]->run(commands[i], argc - 1, argv + 1);
    cli_claims_release();
    cli_secrets_end();
    cli_interrupts_release();
    if (fflush(stdout) != 0 || ferror(stdout)) done = cli_error("standard output cannot be written");
    return done ? CLI_OK : CLI_FAILURE;
  }
  cli_usage("\"%s\" is not a command", argv[1]);
}
