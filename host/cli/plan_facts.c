/* SPDX-License-Identifier: Apache-2.0 */
/* A training plan in words and as JSON. */
#include <inttypes.h>
#include <stdio.h>

#include "training.h"

static const char *const schedules[] = {"constant", "inverse", "exponential"};
static const char *const fits[] = {"least-squares", "chebyshev"};
static const char *const kinds[] = {[UMBRA_TRAIN_LOGISTIC] = "logistic",
                                    [UMBRA_TRAIN_WEIGHTED] = "logistic", /* as "weighted" says */
                                    [UMBRA_TRAIN_NETWORK] = "network",
                                    [UMBRA_TRAIN_WEIGHTED_NETWORK] = "network"};
static const char *const optimizers[] = {"accelerated", "nesterov", "momentum", "plain"};
const char *const cli_loss_names[] = {"one-vs-rest", "squared", "softmax", NULL};

typedef struct plan_facts {
  const umbra_params *params;
  umbra_train_options options;
  umbra_train_report report;
} plan_facts;

static bool is_weighted(const umbra_train_options *o) {
  return o->kind == UMBRA_TRAIN_WEIGHTED || o->kind == UMBRA_TRAIN_WEIGHTED_NETWORK;
}

static bool facts_of(plan_facts *facts, const umbra_train_plan *plan) {
  facts->params = umbra_train_plan_params(plan);
  umbra_train_options_init(&facts->options);
  umbra_train_report_init(&facts->report);
  return cli_check(umbra_train_plan_options(plan, &facts->options), NULL) &&
         cli_check(umbra_train_plan_report(plan, &facts->report), NULL);
}

/* ---- JSON ---- */

typedef struct number_fact {
  const char *name;
  double value;
} number_fact;

static void add_numbers(cJSON *json, const number_fact *facts, size_t count) {
  for (size_t i = 0; i < count; i++) cJSON_AddNumberToObject(json, facts[i].name, facts[i].value);
}

static void add_network(cJSON *json, const umbra_train_options *o) {
  cJSON *hidden = cJSON_AddArrayToObject(json, "hidden");
  for (int k = 0; k < UMBRA_TRAIN_MAX_HIDDEN && o->hidden[k]; k++)
    cJSON_AddItemToArray(hidden, cJSON_CreateNumber(o->hidden[k]));
  cJSON_AddNumberToObject(json, "outputs", o->outputs ? o->outputs : 1);
  cJSON_AddStringToObject(json, "loss", cli_loss_names[o->loss]);
  cJSON_AddNumberToObject(json, "start", o->start > 0 ? o->start : 1);
  cJSON_AddNumberToObject(json, "hidden_degree", o->hidden_degree ? o->hidden_degree : 2);
  cJSON_AddNumberToObject(json, "hidden_range", o->hidden_range > 0 ? o->hidden_range : 16);
}

static void add_options(cJSON *json, const umbra_train_options *o) {
  const number_fact numbers[] = {
      {"rows", (double)o->rows},
      {"columns", (double)o->columns},
      {"iterations", o->iterations},
      {"batch", (double)o->batch},
      {"rate", o->rate},
      {"decay", o->decay},
      {"momentum", o->momentum},
      {"l2", o->l2},
      {"degree", o->sigmoid->degree},
      {"range", o->sigmoid->range},
      {"bound", o->bound},
      {"record_bound", o->record_bound},
      {"rounds", o->rounds > 1 ? o->rounds : 1},
  };
  char seed[CLI_UNITS];
  add_numbers(json, numbers, sizeof numbers / sizeof *numbers);
  cJSON_AddBoolToObject(json, "weighted", is_weighted(o));
  cJSON_AddStringToObject(json, "schedule", schedules[o->schedule]);
  cJSON_AddStringToObject(json, "fit", fits[o->sigmoid->fit]);
  cJSON_AddBoolToObject(json, "whole_batches", o->whole_batches);
  cJSON_AddBoolToObject(json, "shuffle", o->shuffle);
  cJSON_AddBoolToObject(json, "secret_order", o->shuffle == UMBRA_SHUFFLE_SECRET);
  snprintf(seed, sizeof seed, "%" PRIu64, o->seed); /* a double would not hold it */
  cJSON_AddRawToObject(json, "seed", seed);
  cJSON_AddBoolToObject(json, "bootstrap_result", o->bootstrap_result);
  cJSON_AddBoolToObject(json, "count_loss", o->count_loss);
  cJSON_AddBoolToObject(json, "public_features", o->public_features);
  cJSON_AddStringToObject(json, "target", umbra_target_name(o->target));
  cJSON_AddStringToObject(json, "kind", kinds[o->kind]);
  cJSON_AddStringToObject(json, "optimizer", optimizers[o->optimizer]);
  if (cli_plan_is_network(o)) add_network(json, o);
}

/* From 1 on, as people count them. */
static void add_layers(cJSON *json, uint32_t layers) {
  cJSON *made = cJSON_AddArrayToObject(json, "bootstrapped_layers");
  for (uint32_t k = 0; layers >> k; k++)
    if (layers >> k & 1) cJSON_AddItemToArray(made, cJSON_CreateNumber(k + 1));
}

static void add_report(cJSON *json, const umbra_train_report *r) {
  const number_fact numbers[] = {
      {"depth", r->depth},
      {"levels", r->levels},
      {"bootstraps", r->bootstraps},
      {"layer_bootstraps", (double)r->layer_bootstraps},
      {"batches", (double)r->batches},
      {"blocks", (double)r->blocks},
      {"block_bytes", (double)r->block_bytes},
      {"data_bytes", (double)r->data_bytes},
      {"read_bytes", (double)r->read_bytes},
      {"keys", (double)r->keys},
      {"rotations", (double)r->rotations},
      {"key_bytes", (double)r->key_bytes},
      {"memory_bytes", (double)r->memory_bytes},
      {"checkpoint_bytes", (double)r->checkpoint_bytes},
      {"loss_bytes", (double)r->loss_bytes},
      {"key_switches", (double)r->key_switches},
      {"bootstrap_switches", (double)r->bootstrap_switches},
      {"fit_error", r->fit_error},
      {"bootstrap_error", r->bootstrap_error},
      {"weight_error", r->weight_error},
      {"log2_failure", r->log2_failure},
  };
  add_numbers(json, numbers, sizeof numbers / sizeof *numbers);
  add_layers(json, r->bootstrapped_layers);
}

static void add_privacy(cJSON *json, const umbra_privacy_options *p) {
  cJSON *made = cJSON_AddObjectToObject(json, "private");
  const number_fact numbers[] = {
      {"epsilon", p->epsilon}, {"delta", p->delta}, {"norm", p->norm}, {"label_limit", p->label_limit}};
  add_numbers(made, numbers, sizeof numbers / sizeof *numbers);
  cJSON_AddStringToObject(made, "noise_by", p->noise_by == UMBRA_NOISE_BY_BOTH ? "both" : "owner");
}

cJSON *cli_plan_facts(const umbra_train_plan *plan) {
  plan_facts facts;
  if (!facts_of(&facts, plan)) return NULL;
  cJSON *json = cJSON_CreateObject();
  const number_fact numbers[] = {{"log_n", umbra_params_log_n(facts.params)},
                                 {"log_qp", umbra_params_log_qp(facts.params)},
                                 {"security", umbra_params_security(facts.params)}};
  add_numbers(json, numbers, sizeof numbers / sizeof *numbers);
  add_options(json, &facts.options);
  if (facts.options.privacy) add_privacy(json, facts.options.privacy);
  add_report(json, &facts.report);
  uint8_t training[UMBRA_DIGEST_BYTES];
  if (umbra_train_plan_training(plan, training)) cli_hex_add(json, "training", training, sizeof training);
  cJSON_AddItemToObject(
      json, "coefficients",
      cJSON_CreateDoubleArray(umbra_train_plan_coefficients(plan), (int)facts.options.sigmoid->degree + 1));
  return json;
}

/* ---- for people ---- */

static void print_batches(const umbra_train_options *o, const umbra_train_report *r) {
  printf("  %-18s %" PRIu32 ", each over ", "iterations", o->iterations);
  if (r->batches == 1) printf("all records");
  else printf("one of %zu batches of %s%zu records", r->batches, o->whole_batches ? "" : "up to ", o->batch);
  printf("%s\n", o->shuffle == UMBRA_SHUFFLE_SECRET ? ", shuffled"
                 : o->shuffle                       ? ", shuffled as the plan's seed tells everybody"
                                                    : "");
}

static void print_network(const umbra_train_options *o) {
  printf("  %-18s %zu", "network", o->columns);
  for (int k = 0; k < UMBRA_TRAIN_MAX_HIDDEN && o->hidden[k]; k++) printf("-%" PRIu32, o->hidden[k]);
  printf("-%" PRIu32, o->outputs ? o->outputs : 1);
  if (o->hidden_degree) printf(" with activations of degree %" PRIu32, o->hidden_degree);
  else if (o->hidden[0]) printf(" with squares");
  printf(", %s; scores within [%g, %g]\n", cli_loss_names[o->loss], -o->sigmoid->range, o->sigmoid->range);
}

static void print_options(const umbra_train_options *o, const umbra_train_report *r) {
  char error[CLI_UNITS];
  const umbra_sigmoid_options *s = o->sigmoid;
  printf("  %-18s %zu of %zu features%s\n", "records", o->rows, o->columns,
         is_weighted(o) ? ", weighted by their classes" : "");
  print_batches(o, r);
  printf("  %-18s %g, %s", "rate", o->rate, schedules[o->schedule]);
  if (o->schedule != UMBRA_RATE_CONSTANT) printf(" decay %g", o->decay);
  printf("; %s", optimizers[o->optimizer]);
  if (o->optimizer != UMBRA_OPTIMIZER_PLAIN) printf(", momentum %g", o->momentum);
  printf("; l2 %g\n", o->l2);
  if (cli_plan_is_network(o)) print_network(o);
  if (o->loss != UMBRA_LOSS_SQUARED)
    printf("  %-18s degree %" PRIu32 " on [%g, %g], %s, within %s of the %s there\n", "polynomial", s->degree,
           -s->range, s->range, fits[s->fit], cli_number_text(error, r->fit_error, 2),
           o->loss == UMBRA_LOSS_SOFTMAX ? "softmax" : "sigmoid");
  printf("  %-18s within [%g, %g], with an error of about %s at the end%s\n", "weights", -o->bound, o->bound,
         cli_number_text(error, r->weight_error, 1), o->bootstrap_result ? "; refreshed, too" : "");
}

static void print_data(const umbra_train_options *o, const umbra_train_report *r) {
  char all[CLI_UNITS], block[CLI_UNITS], read[CLI_UNITS];
  printf("  %-18s %zu file%s of up to %s and an index, %s in all; %s with encrypt --secret\n", "data set", r->blocks,
         r->blocks == 1 ? "" : "s", cli_bytes_text(block, (double)r->block_bytes),
         cli_bytes_text(all, (double)r->data_bytes), o->public_features ? "less" : "half as long");
  if (o->public_features)
    printf("  %-18s in the clear in the data set, for whoever has it; labels and weights are encrypted\n", "features");
  printf("  %-18s %s\n", "target", umbra_target_name(o->target));
  printf("  %-18s at most %s per iteration\n", "read", cli_bytes_text(read, (double)r->read_bytes));
}

static void print_refreshes(const umbra_train_options *o, const umbra_train_report *r) {
  printf("  %-18s %" PRIu32 "%s", "refreshes", r->bootstraps, o->rounds > 1 ? ", in two rounds" : "");
  if (r->layer_bootstraps) printf(", and %" PRIu64 " within iterations, of sums of layer", r->layer_bootstraps);
  for (uint32_t k = 0, left = r->bootstrapped_layers; left; left &= ~(UINT32_C(1) << k++))
    if (left >> k & 1) printf(" %" PRIu32 "%s", k + 1, left >> k > 1 ? "," : "");
  printf("; one of them fails with probability 2^%.0f\n", r->log2_failure);
}

static void print_costs(const umbra_train_options *o, const umbra_train_report *r) {
  char keys[CLI_UNITS], file[CLI_UNITS], memory[CLI_UNITS], checkpoint[CLI_UNITS], loss[CLI_UNITS];
  printf("  %-18s %" PRIu32 " per iteration, and refreshed weights have %" PRIu32 "\n", "levels", r->depth, r->levels);
  print_refreshes(o, r);
  printf("  %-18s %zu, %zu of them for rotations; %s in memory, %s on disk\n", "switching keys", r->keys, r->rotations,
         cli_bytes_text(keys, (double)r->key_bytes), cli_bytes_text(file, (double)r->key_bytes / 2));
  printf("  %-18s at most %s\n", "memory", cli_bytes_text(memory, (double)r->memory_bytes));
  printf("  %-18s at most %s; one, and with train --keep M every Mth of %" PRIu32 " for audits\n", "checkpoint",
         cli_bytes_text(checkpoint, (double)r->checkpoint_bytes), o->iterations);
  if (o->count_loss)
    printf("  %-18s of each iteration, encrypted, in a file of %s, and in every checkpoint\n", "loss",
           cli_bytes_text(loss, (double)r->loss_bytes));
  printf("  %-18s at most %zu per iteration, and %zu per refresh\n", "key switches", r->key_switches,
         r->bootstrap_switches);
}

static void print_privacy(const umbra_privacy_options *p) {
  printf("  %-18s epsilon %g, delta %g, for records of norms up to %g", "private", p->epsilon, p->delta, p->norm);
  if (p->label_limit > 0) printf(" and labels within [%g, %g]", -p->label_limit, p->label_limit);
  printf("\n");
}

void cli_plan_print(const umbra_train_plan *plan) {
  plan_facts facts;
  if (!facts_of(&facts, plan)) return;
  printf("The plan of a training\n");
  printf("  %-18s N = 2^%" PRIu32 ", log2(QP) = %.1f, %" PRIu32 "-bit security\n", "parameters",
         umbra_params_log_n(facts.params), umbra_params_log_qp(facts.params), umbra_params_security(facts.params));
  print_options(&facts.options, &facts.report);
  print_data(&facts.options, &facts.report);
  if (facts.options.privacy) print_privacy(facts.options.privacy);
  print_costs(&facts.options, &facts.report);
}
