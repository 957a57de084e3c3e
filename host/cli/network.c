/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool cli_network_plan_load(umbra_inference_plan **plan, const char *option, const char *path) {
  return cli_check(umbra_inference_plan_load(plan, path), option) &&
         cli_params_secure(umbra_inference_plan_params(*plan));
}

/* ---- models ---- */

static bool find_output(size_t *output, const umbra_model *model, const char *wanted) {
  const char *name;
  *output = 0;
  if (!wanted) return true;
  for (; (name = umbra_model_output_name(model, *output)); ++*output)
    if (strcmp(name, wanted) == 0) return true;
  char *end;
  *output = strtoul(wanted, &end, 10);
  if (*wanted >= '0' && *wanted <= '9' && !*end && *output < umbra_model_outputs(model)) return true;
  return cli_error("--output: the model has %zu outputs and none is '%s'", umbra_model_outputs(model), wanted);
}

bool cli_model_import(umbra_model **model, size_t *output, const char *path, const char *wanted, cli_report *report) {
  if (!cli_check(umbra_model_import(model, path), NULL) || !find_output(output, *model, wanted)) return false;
  cli_report_number(report, "nodes", (double)umbra_model_nodes(*model));
  cli_report_text(report, "output", umbra_model_output_name(*model, *output));
  cli_report_step(report, "import model", path);
  return true;
}

/* ---- plans ---- */

static cJSON *facts_of(const umbra_inference_report *r, const umbra_params *params, const char *digest) {
  const struct {
    const char *name;
    double value;
  } numbers[] = {
      {"log_n", umbra_params_log_n(params)},
      {"log_qp", umbra_params_log_qp(params)},
      {"security", umbra_params_security(params)},
      {"scale_bits", umbra_params_scale_bits(params)},
      {"levels", umbra_params_depth(params)},
      {"keyed_level", umbra_params_keyed_level(params)},
      {"records", (double)r->records},
      {"depth", r->depth},
      {"refreshes", (double)r->refreshes},
      {"stride", r->stride},
      {"slots", r->slots},
      {"ciphertexts", (double)r->ciphertexts},
      {"batch_bytes", (double)r->batch_bytes},
      {"keys", (double)r->keys},
      {"key_bytes", (double)r->key_bytes},
      {"weight_bytes", (double)r->weight_bytes},
      {"peak_bytes", (double)r->peak_bytes},
      {"samples", (double)r->samples},
      {"labels_equal", (double)r->labels_equal},
      {"near_ties", (double)r->near_ties},
      {"approximation_error", r->approximation_error},
      {"error", r->error},
      {"largest", r->largest},
  };
  cJSON *facts = cJSON_CreateObject();
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    cJSON_AddNumberToObject(facts, numbers[i].name, numbers[i].value);
  cJSON_AddBoolToObject(facts, "symmetric", r->symmetric);
  cJSON_AddBoolToObject(facts, "encrypted_weights", r->weights == UMBRA_WEIGHTS_ENCRYPTED);
  cJSON_AddStringToObject(facts, "digest", digest);
  return facts;
}

static void print_layout(const umbra_inference_report *r) {
  char batch[CLI_UNITS];
  printf("  %-18s %zu together, in %zu ciphertexts of %s, ", "records", r->records, r->ciphertexts,
         cli_bytes_text(batch, (double)r->batch_bytes));
  if (r->stride == r->slots) puts("one for each element");
  else printf("of up to %" PRIu32 " elements\n", r->slots / r->stride);
}

static void print_facts(const umbra_inference_report *r, const umbra_params *params, const char *digest) {
  char keys[CLI_UNITS], weights[CLI_UNITS], peak[CLI_UNITS], error[CLI_UNITS], largest[CLI_UNITS];
  printf("The plan of an encrypted network\n");
  printf("  %-18s N = 2^%" PRIu32 ", log2(QP) = %.1f, %" PRIu32 "-bit security, scale 2^%" PRIu32 "\n", "parameters",
         umbra_params_log_n(params), umbra_params_log_qp(params), umbra_params_security(params),
         umbra_params_scale_bits(params));
  print_layout(r);
  const uint32_t levels = umbra_params_depth(params);
  if (r->depth > levels)
    printf("  %-18s %" PRIu32 ", with %" PRIu32 " refreshes: the parameters have %" PRIu32 "\n", "levels", r->depth,
           r->refreshes, levels);
  else printf("  %-18s %" PRIu32 " of %" PRIu32 "\n", "levels", r->depth, levels);
  printf("  %-18s %zu for evaluation, %s in memory; %s public key\n", "keys", r->keys,
         cli_bytes_text(keys, (double)r->key_bytes), r->symmetric ? "no" : "a");
  printf("  %-18s %s of %sweights; at most %s in all\n", "memory", cli_bytes_text(weights, (double)r->weight_bytes),
         r->weights == UMBRA_WEIGHTS_ENCRYPTED ? "encrypted " : "", cli_bytes_text(peak, (double)r->peak_bytes));
  printf("  %-18s at most %s from the exact network on %zu samples: %zu labels equal, %zu near ties\n", "polynomials",
         cli_number_text(error, r->approximation_error, 2), r->samples, r->labels_equal, r->near_ties);
  printf("  %-18s at most %s, where the largest output of the samples is %s\n", "encryption",
         cli_number_text(error, r->error, 2), cli_number_text(largest, r->largest, 4));
  printf("  %-18s %s\n", "digest", digest);
}

static umbra_status describe(const void *plan, char *text, size_t *size) {
  return umbra_inference_plan_explain(plan, text, size);
}

static bool explain_plan(const umbra_inference_plan *plan, cJSON *facts) {
  char *text = cli_text(describe, plan);
  if (!text) return false;
  if (facts) cJSON_AddStringToObject(facts, "explanation", text);
  else printf("\n%s", text);
  free(text);
  return true;
}

bool cli_network_describe(const umbra_inference_plan *plan, cJSON *root, bool explain, bool json) {
  umbra_inference_report report;
  const umbra_params *params = umbra_inference_plan_params(plan);
  umbra_inference_report_init(&report);
  if (!cli_check(umbra_inference_plan_report(plan, &report), NULL)) return false;
  uint8_t plan_digest[UMBRA_DIGEST_BYTES];
  char digest[CLI_HEX];
  umbra_inference_plan_digest(plan, plan_digest);
  cli_hex(digest, plan_digest, sizeof plan_digest);
  cJSON *facts = json ? facts_of(&report, params, digest) : NULL;
  if (facts) cJSON_AddItemToObject(root, "plan", facts);
  else print_facts(&report, params, digest);
  return !explain || explain_plan(plan, facts);
}
