/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of a training have in common: its files, records, weights, the plan in words, and the twin. */
#ifndef UMBRA_CLI_TRAINING_H
#define UMBRA_CLI_TRAINING_H

#include "engine.h"

/* The plan in the folder of a data set; what a training writes into its own folder. */
#define CLI_PLAN_FILE "plan.umbra"
#define CLI_CHECKPOINT_FILE "checkpoint.umbra"
#define CLI_MODEL_FILE "model.umbra"
#define CLI_LOG_FILE "log.jsonl"

#define CLI_LABEL_OPTION(target) \
  { "label", "COLUMN", "of the label, by name or number (default: the last one)", CLI_TEXT, &(target), CLI_OPTIONAL }

/* A plan whose parameters are secure. */
bool cli_plan_load(umbra_train_plan **plan, const char *option, const char *path);

/* Labelled records; label NULL: the last column. */
bool cli_records_load(umbra_records **records, const char *option, const char *path, const char *label);

/* Replaces records by scaled ones, as a file says (NULL: they stay as they are); or scales copies of them. */
bool cli_records_scale(umbra_records **records, const char *option, const char *scaling);
bool cli_records_scaled(const umbra_records *records, umbra_records **scaled, const char *option, const char *scaling);

/* A probability of class 1 from which on a record is taken to be of it; the threshold of scores that belongs to it. */
#define CLI_THRESHOLD_OPTION(target)                                                                            \
  {                                                                                                             \
    "threshold", "P", "records with a probability above P are of class 1 (default 0.5)", CLI_NUMBER, &(target), \
        CLI_WITHIN(1e-9, 1 - 1e-9)                                                                              \
  }
double cli_score_threshold(double probability);

/* What weights make of records, with that threshold of scores. */
bool cli_judge(umbra_judgement *judgement, const umbra_records *records, const double *weights, double threshold);

/* One row or column of `columns` weights and the bias. */
bool cli_weights_load(umbra_table *weights, const char *option, const char *path, size_t columns);

/* The facts of a plan, as JSON and for people. */
cJSON *cli_plan_facts(const umbra_train_plan *plan);
void cli_plan_print(const umbra_train_plan *plan);

/* Iterations with a refresh before them, among the first `iterations`. */
uint32_t cli_plan_refreshes(const umbra_train_plan *plan, uint32_t iterations);

/* A training in the clear. Zero-initialise. */
typedef struct cli_twin {
  double *weights;            /* the bias last */
  umbra_train_outcome *trace; /* of each iteration */
  uint32_t iterations;
} cli_twin;
bool cli_twin_run(cli_twin *twin, const umbra_train_plan *plan, const umbra_records *records,
                  const umbra_twin_options *options);
void cli_twin_clear(cli_twin *twin);

#endif
