/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands of a training have in common: its files, records, weights, the plan in words, and the twin. */
#ifndef UMBRA_CLI_TRAINING_H
#define UMBRA_CLI_TRAINING_H

#include <inttypes.h>

#include "engine.h"
#include "table_options.h"

/* The plan and the index in the folder of a data set; what a training writes into its own folder. */
#define CLI_PLAN_FILE "plan.umbra"
#define CLI_DATA_FILE "data.umbra" /* the index of a data set */
#define CLI_CHECKPOINT_FILE "checkpoint.umbra"
#define CLI_MODEL_FILE "model.umbra"
#define CLI_LAYER_FILE "layer-%" PRIu32 ".umbra" /* from 1 */
#define CLI_LOG_FILE "log.jsonl"
#define CLI_LOSS_FILE "loss.umbra"
#define CLI_KEPT_FILE "checkpoint-%06" PRIu32 ".umbra" /* from 1; as the library names them */

/* A plan whose parameters are secure. */
bool cli_plan_load(umbra_train_plan **plan, const char *option, const char *path);

/*
 * As umbra plan --scaling wrote it, with this plan (NULL: any); a warning if it has no schema. path NULL: there is
 * none, and *scaling stays NULL; an error, if the plan was made with one.
 */
bool cli_scaling_load(umbra_scaling **scaling, const char *path, const umbra_train_plan *plan, cli_report *report);
const umbra_schema *cli_schema_of(const umbra_scaling *scaling);

/* False, with an error, if a plan was made with the scaling of other records than these (scaling NULL: with none). */
#define CLI_OTHER_RECORDS_OPTION(target, about)                                                                \
  {                                                                                                            \
    "other-records", NULL, about "records need not be those that the plan was made with", CLI_FLAG, &(target), \
        CLI_OPTIONAL                                                                                           \
  }
bool cli_are_planned(const umbra_records *records, const umbra_scaling *scaling, const char *option);

/* The id of a training, as far as somebody says it: what scalings, models, weights and records are marked by. */
typedef struct cli_training {
  bool known;
  uint8_t id[UMBRA_DIGEST_BYTES];
} cli_training;

/* Of a scaling; NULL: unknown. */
bool cli_training_of(cli_training *training, const umbra_scaling *scaling);

/*
 * False, with an error, if something that `option` named is of another training than the scaling, or is of a training
 * and there is no scaling. What does not say of which it is passes.
 */
bool cli_training_fits(const cli_training *found, const umbra_scaling *scaling, const char *option);

/* Scaled copies of records (scaling NULL: copies); or they take the place of the records. */
bool cli_records_scaled(const umbra_records *records, umbra_records **scaled, const char *option,
                        const umbra_scaling *scaling);
bool cli_records_scale(umbra_records **records, const char *option, const umbra_scaling *scaling);

/* A probability of class 1 from which on a record is taken to be of it; the threshold of scores that belongs to it. */
#define CLI_THRESHOLD_OPTION(target)                                                                            \
  {                                                                                                             \
    "threshold", "P", "records with a probability above P are of class 1 (default 0.5)", CLI_NUMBER, &(target), \
        CLI_WITHIN(1e-9, 1 - 1e-9)                                                                              \
  }
double cli_score_threshold(double probability);

/* weights . x + bias of each record; to be freed. NULL, with an error, if memory is out. */
double *cli_scores(const umbra_records *records, const double *weights);

/* What weights make of records, with that threshold of scores. */
bool cli_judge(umbra_judgement *judgement, const umbra_records *records, const double *weights, double threshold);

/* One row or column of `columns` weights and the bias; training: of which they say that they are. */
bool cli_weights_load(umbra_table *weights, cli_training *training, const char *option, const char *path,
                      size_t columns);

/* Of a schema's class: its name, whatever its length; to be freed. NULL, with an error, if there is none. */
char *cli_class_name(const umbra_schema *schema, size_t class);

/* Whether the plan's model is a network, and not a logistic one. */
bool cli_plan_is_network(const umbra_train_options *planned);

/* Layers of the plan's model: 1 of a logistic one. */
uint32_t cli_plan_layers(const umbra_train_options *planned);

/* Units of one, from 0, and its inputs, in the first layer with the bias. */
size_t cli_plan_units(const umbra_train_options *planned, uint32_t layer);
size_t cli_plan_inputs(const umbra_train_options *planned, uint32_t layer);

/* The file of a layer, from 0, in the folder of a training, and of the checkpoint that stays after so many iterations. */
bool cli_layer_path(char path[CLI_PATH], const char *folder, uint32_t layer);
bool cli_kept_path(char path[CLI_PATH], const char *folder, uint32_t iterations);

/* The facts of a plan, as JSON and for people. */
extern const char *const cli_loss_names[]; /* as umbra_loss numbers them, NULL at their end */
cJSON *cli_plan_facts(const umbra_train_plan *plan);
void cli_plan_print(const umbra_train_plan *plan);

/* Iterations with a refresh before them, among the first `iterations`. */
uint32_t cli_plan_refreshes(const umbra_train_plan *plan, uint32_t iterations);

/* A training in the clear. Zero-initialise. */
typedef struct cli_twin {
  double *weights;            /* as of umbra_train_plan_weights */
  size_t count;               /* of these */
  umbra_train_outcome *trace; /* of each iteration */
  uint32_t iterations;
} cli_twin;
bool cli_twin_run(cli_twin *twin, const umbra_train_plan *plan, const umbra_records *records,
                  const umbra_twin_options *options);
void cli_twin_clear(cli_twin *twin);

/* Its weights are all finite. */
bool cli_twin_is_finite(const cli_twin *twin);

#endif
