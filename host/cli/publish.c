/* SPDX-License-Identifier: Apache-2.0 */
#include "publish.h"

void cli_publish_check(cli_publish *publish, bool is_private) {
  const bool given = publish->new_journal || publish->releases != CLI_NOT_GIVEN || publish->statistical > 0 ||
                     publish->least_bits > 0 || publish->error > 0;
  if (given && !publish->wanted && !is_private)
    cli_usage("--releases, --statistical, --least-bits, --error and --new-journal belong to --publish, or --private");
  publish->wanted |= is_private;
  if (publish->wanted && !is_private && publish->releases == CLI_NOT_GIVEN)
    cli_usage("--publish: say how many ciphertexts will be shown under this key in all: --releases N");
}

umbra_disclosure_options cli_disclosure(uint64_t releases, double statistical, double least_bits) {
  umbra_disclosure_options options = {UMBRA_DISCLOSURE_OPTIONS_INIT};
  options.releases = releases;
  if (statistical > 0) options.statistical = statistical;
  if (least_bits > 0) options.least_bits = least_bits;
  return options;
}

umbra_disclosure_options cli_publish_options(const cli_publish *publish) {
  umbra_disclosure_options options = cli_disclosure(publish->releases, publish->statistical, publish->least_bits);
  options.error_bound = publish->error;
  if (publish->promise) options.noise = publish->promise->noise;
  return options;
}

void cli_publish_planned(const umbra_disclosure *told, const umbra_disclosure_options *options, cJSON *root) {
  cJSON *facts = cJSON_AddObjectToObject(root, "publish");
  cJSON_AddNumberToObject(facts, "releases", (double)options->releases);
  cJSON_AddNumberToObject(facts, "statistical", options->statistical);
  cJSON_AddNumberToObject(facts, "ciphertexts", (double)told->ciphertexts);
  cJSON_AddNumberToObject(facts, "bits", told->bits);
  cJSON_AddNumberToObject(facts, "noise", told->noise);
  cJSON_AddNumberToObject(facts, "step", told->step);
  cJSON_AddNumberToObject(facts, "hidden_error", told->error_bound);
  cJSON_AddNumberToObject(facts, "error", told->error_bound / UMBRA_DISCLOSURE_HEURISTIC);
}

bool cli_publish_count(const cli_publish *publish, cli_journal *journal, const umbra_disclosure *made,
                       cli_report *report) {
  const umbra_disclosure_options options = cli_publish_options(publish);
  if (!cli_journal_count(journal, made, &options, publish->promise, report)) return false;
  cli_report_number(report, "released_ciphertexts", (double)made->ciphertexts);
  cli_report_number(report, "bits", made->bits);
  cli_report_number(report, "noise", made->noise);
  cli_report_number(report, "step", made->step);
  cli_report_number(report, "hidden_error", made->error_bound);
  cli_report_text(report, "hidden_error_is", made->heuristic ? "declared, and taken times 8: a heuristic" : "proved");
  return true;
}
