/* SPDX-License-Identifier: Apache-2.0 */
/* The planning of a training: what was asked for, and what has been made so far. */
#ifndef UMBRA_CLI_PLAN_JOB_H
#define UMBRA_CLI_PLAN_JOB_H

#include "baseline.h"
#include "bill.h"

typedef struct plan_options {
  const char *data, *shape, *scale, *held_out, *initial, *scaling, *preset, *params, *schedule, *fit, *target, *machine,
      *class_weights, *out, *hidden, *loss, *optimizer, *activation, *promise, *limits, *noise_by;
  cli_table_options table;
  umbra_scaling_kind scaling_kind;
  double divisor, clip, bound, holdout, threshold;
  double *weights; /* of classes, if class_weights is not NULL; NULL: balanced */
  size_t weighted; /* so many */
  umbra_train_options train;
  umbra_sigmoid_options sigmoid;
  uint64_t batch, shuffle, memory, seed, publish; /* publish 0: weights are the owner's alone */
  double statistical, least_bits;                 /* of that; 0: not said */
  umbra_privacy_options privacy;                  /* if `promise` is not NULL */
  uint32_t folds;
  bool whole_batches, bootstrap_result, count_loss, public_features, calibrate, json, no_search, tried, no_estimate;
  bool coarse, explain_visible;
  bool network; /* is trained, not a logistic model */
  bool momentum_given, norm_given;
  bool rate_given, degree_given, range_given, iterations_given; /* of what is searched, with scale, clip and loss */
  cli_engine engine;
  cli_bill bill;
} plan_options;

/* How records are scaled. */
typedef struct plan_scaling {
  umbra_scaling_kind kind;
  double divisor, clip;
  const double *limits; /* the least and the greatest value of each column; NULL: by the other three */
} plan_scaling;

typedef struct plan_job {
  umbra_params *params;
  umbra_records *raw, *raw_held; /* as they were read; held: NULL if there is no such file */
  plan_scaling scaled_by;
  umbra_scaling *scaling;
  umbra_records *records, *held; /* scaled */
  umbra_table initial, limits;
  double bound;                  /* of weights, whatever records there are; 0: nobody knows one */
  double growth;                 /* of distances by a private plan, in an iteration at most */
  umbra_train_options wanted;    /* of a network, also what follows from the records */
  umbra_sigmoid_options sigmoid; /* of what is wanted */
  umbra_train_search *search;    /* NULL: all settings were given */
  umbra_train_plan *plan;
  cli_twin twin, exact;
  umbra_context *context;
} plan_job;

/* Names of umbra_scaling_kind, NULL at their end. */
extern const char *const cli_scaling_names[];

/* ---- plan_settings.c ---- */

/* The settings that were not given, found by trials with the records; the job has them from then on. report NULL: silently. */
bool cli_plan_settings(plan_job *j, const plan_options *o, const umbra_records *records, cli_report *report);

/* Whether any is to be found; whether the scaling is. */
bool cli_plan_searches(const plan_options *o);
bool cli_plan_searches_scaling(const plan_options *o);

/* ---- plan_layers.c: networks that are trained ---- */

/* What the options of a network mean, and which do not go together. Does not return for wrong usage. */
void cli_layers_check_usage(plan_options *o);

/* Its defaults, where the optimizer and momentum are not given. */
void cli_layers_take_optimizer(plan_options *o);

/* What a network has for the job's records. */
void cli_layers_settle(plan_job *j);

/* What its training in the clear comes to; false if it leaves the plan's ranges. */
bool cli_layers_judge_twin(const plan_job *j, const plan_options *o, cli_report *report);
void cli_layers_print_trace(const plan_job *j);

/* With --holdout, what comes of training without some of the records. */
bool cli_layers_validate(plan_job *j, const plan_options *o, cli_report *report);

/* ---- plan_remedy.c ---- */

/* Ranges are to leave so much room for other records. */
#define CLI_RANGE_MARGIN 1.3

enum { CLI_REMEDY = 256 };

/*
 * The end of a sentence about a network's training that leaves the range of scores or, hidden, that of sums of hidden layers,
 * in the clear, where the largest is this (INFINITY: nobody knows): what would hold.
 */
void cli_plan_remedy(char text[CLI_REMEDY], const plan_job *j, const plan_options *o, bool hidden, double largest);

/* ---- plan_validate.c ---- */

/* The settings, by all records; before that, with --holdout or --folds, what comes of training without some of them. */
bool cli_plan_validate(plan_job *j, const plan_options *o, cli_report *report);

/* ---- plan_twin.c ---- */

/* Scaled copies by what the other records need: those to judge by, too, if there are any. */
bool cli_plan_scale(umbra_scaling **scaling, umbra_records **scaled, umbra_records **judged, const plan_scaling *by,
                    const umbra_records *records, const umbra_records *others);

/* The bound of weights before any training in the clear: as it is given, whatever the records are, or the default. */
double cli_plan_bound(const plan_job *j, const plan_options *o);

/* The largest weight of a trace. */
double cli_twin_largest_weight(const cli_twin *twin);

/* The plan, with the bound that its training in the clear asks for. */
bool cli_plan_by_twin(plan_job *j, const plan_options *o, cli_report *report);
void cli_plan_print_trace(const plan_job *j);

/* A power of two that was found from data; with --coarse the next one whose exponent is a multiple of 4. */
double cli_plan_coarse(const plan_options *o, double found);

/* A plan of what is wanted, with that bound, for so many records. */
bool cli_plan_make(umbra_train_plan **plan, const plan_job *j, size_t rows, double bound);

/* ---- plan_visible.c ---- */

/* With --explain-visible: what of the plan was found from data, and what it tells of them. */
bool cli_plan_explain_visible(const plan_job *j, const plan_options *o, cli_report *report);

/* ---- plan_private.c ---- */

/* What the options of a private plan mean, and which do not go together. Does not return for wrong usage. */
void cli_private_check_usage(plan_options *o);

/* Limits of columns, that everybody knows. */
bool cli_private_load_limits(plan_job *j, const plan_options *o);

/* The range and the bound that no record can leave. */
bool cli_private_settle(plan_job *j, const plan_options *o);

/* The job's scaled records within what the promise asks for. */
bool cli_private_limit_records(plan_job *j, const plan_options *o, cli_report *report);

/* What is promised, the noise that it takes, and what the model is worth with it. */
bool cli_private_report(const plan_job *j, const plan_options *o, cli_report *report);

/* ---- plan_publish.c ---- */

/* What will be left of the weights when they are shown; false, with an error that says what would do, if that is too little. */
bool cli_plan_publish(const plan_job *j, const plan_options *o, cli_report *report);

#endif
