/* SPDX-License-Identifier: Apache-2.0 */
#include "estimate.h"

#include <stdio.h>

#include "machine.h"
#include "speed.h"

/* A quiet machine stays within this factor of what is stated. */
static const double certainty = 1.3;

/* What a training takes beside its kernels, as measured: checkpoints, blocks read anew, memory touched the first time. */
static const double training_share = 1.3;

/* ---- plans ---- */

/* By the keys of a plan: this one or that one. */
static bool measure(cli_speed *speed, const umbra_train_plan *plan, const umbra_inference_plan *network,
                    const cli_engine *engine, cli_report *report) {
  umbra_key_needs *needs = NULL;
  const umbra_params *params = plan ? umbra_train_plan_params(plan) : umbra_inference_plan_params(network);
  const bool measured =
      cli_check(umbra_key_needs_create(&needs, params), NULL) &&
      cli_check(plan ? umbra_train_plan_needs(plan, needs) : umbra_inference_plan_add_needs(network, needs), NULL) &&
      cli_speed_measure(speed, needs, params, engine, report);
  umbra_key_needs_destroy(needs);
  return measured;
}

static double keygen_seconds(const cli_speed *speed, uint64_t key_bytes) {
  return speed->open + speed->of_keys + (speed->make_key + speed->save_key) * (double)key_bytes;
}

static double encrypt_seconds(const cli_speed *speed, uint64_t bytes) {
  return speed->open + speed->of_encryption + speed->encrypt * (double)bytes;
}

bool cli_estimate_training(cli_estimate *e, const umbra_train_plan *plan, uint32_t done, const cli_engine *engine,
                           cli_report *report) {
  cli_speed speed;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_train_options options = {UMBRA_TRAIN_OPTIONS_INIT};
  umbra_train_report costs = {UMBRA_TRAIN_REPORT_INIT};
  if (!cli_check(umbra_train_plan_options(plan, &options), NULL) ||
      !cli_check(umbra_train_plan_report(plan, &costs), NULL) || !measure(&speed, plan, NULL, engine, report) ||
      !cli_check(umbra_train_plan_cost(plan, &cost, UMBRA_TRAIN_WHOLE, cli_machine_of(engine)), "--device"))
    return false;
  const double left = 1 - (double)done / options.iterations, read_bytes = (double)costs.read_bytes * options.iterations;
  *e = (cli_estimate){.what = "train",
                      .known = speed.known,
                      .keys = keygen_seconds(&speed, costs.key_bytes),
                      .data = encrypt_seconds(&speed, costs.data_bytes),
                      .work = speed.open + speed.of_all + speed.load_key * (double)costs.key_bytes +
                              left * (training_share * speed.work * cost.seconds + speed.load * read_bytes)};
  return true;
}

/* What encoding the weights takes by a dry run; 0: they come encrypted. */
static bool count_weights(double *seconds, const umbra_inference_plan *plan, const umbra_inference_report *report) {
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_context *dry = NULL;
  umbra_inference *network = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = umbra_inference_plan_params(plan),
                                   .device = "dry"};
  *seconds = 0;
  if (report->weights == UMBRA_WEIGHTS_ENCRYPTED) return true;
  umbra_status status = umbra_context_create(&dry, &desc);
  if (status == UMBRA_OK) status = umbra_inference_create(&network, dry, plan, NULL);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, &cost);
  *seconds = cost.seconds;
  umbra_inference_destroy(network);
  umbra_context_destroy(dry);
  return cli_check(status, NULL);
}

bool cli_estimate_network(cli_estimate *e, const umbra_inference_plan *plan, cli_report *report) {
  const cli_engine here = {0};
  cli_speed speed;
  double weights;
  umbra_cost cost = {UMBRA_COST_INIT};
  umbra_inference_report facts = {UMBRA_INFERENCE_REPORT_INIT};
  if (!cli_check(umbra_inference_plan_report(plan, &facts), NULL) || !measure(&speed, NULL, plan, &here, report) ||
      !cli_check(umbra_inference_plan_cost(plan, &cost, NULL), NULL) || !count_weights(&weights, plan, &facts))
    return false;
  *e = (cli_estimate){.what = "infer",
                      .known = speed.known,
                      .keys = keygen_seconds(&speed, facts.key_bytes),
                      .data = encrypt_seconds(&speed, facts.batch_bytes),
                      .work = speed.open + speed.load_key * (double)facts.key_bytes +
                              speed.load * (double)facts.batch_bytes + speed.work * (weights + cost.seconds)};
  return true;
}

/* ---- what is said ---- */

void cli_estimate_tell(const cli_estimate *e, cli_report *report, bool json) {
  const struct {
    const char *command;
    double seconds;
  } parts[] = {{"keygen", e->keys}, {"encrypt", e->data}, {e->what, e->work}};
  enum { PARTS = sizeof parts / sizeof *parts };
  char name[CLI_UNITS], least[CLI_UNITS], most[CLI_UNITS], part[CLI_UNITS];
  const double all = e->keys + e->data + e->work;
  if (!e->known) return;
  cJSON *facts = cJSON_AddObjectToObject(report->root, "estimate");
  cJSON_AddNumberToObject(facts, "least_seconds", all / certainty);
  cJSON_AddNumberToObject(facts, "most_seconds", all * certainty);
  if (!json)
    printf("  %-18s %s to %s here", "time", cli_duration_text(least, all / certainty),
           cli_duration_text(most, all * certainty));
  for (int i = 0; i < PARTS; i++) {
    if (!(parts[i].seconds > 0)) continue; /* whose `what` may be NULL */
    snprintf(name, sizeof name, "%s_seconds", parts[i].command);
    cJSON_AddNumberToObject(facts, name, parts[i].seconds);
    if (!json) printf("; about %s for %s", cli_duration_text(part, parts[i].seconds), parts[i].command);
  }
  if (!json) putchar('\n');
  fflush(stdout);
  cli_report_step(report, "estimate", NULL);
}

/* ---- jobs that have begun ---- */

bool cli_estimate_keys(const umbra_key_needs *needs, const umbra_secret_key *secret, const umbra_context *context,
                       cli_report *report, bool json) {
  cli_speed speed;
  if (!cli_speed_of_keys(&speed, needs, secret, context, report)) return false;
  const double left = (speed.make_key + speed.save_key) * (double)umbra_key_needs_bytes(needs);
  cli_estimate_tell(&(cli_estimate){.known = speed.known, .keys = cli_seconds() - report->started + left}, report,
                    json);
  return true;
}

bool cli_estimate_encryption(uint64_t bytes, const umbra_public_key *public, const umbra_secret_key *secret,
                             const umbra_context *context, cli_report *report, bool json) {
  cli_speed speed;
  if (!cli_speed_of_encryption(&speed, public, secret, context, report)) return false;
  const double left = speed.encrypt * (double)bytes;
  cli_estimate_tell(&(cli_estimate){.known = speed.known, .data = cli_seconds() - report->started + left}, report,
                    json);
  return true;
}
