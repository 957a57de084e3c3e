/* SPDX-License-Identifier: Apache-2.0 */
/* What stands beside an accuracy: the larger class, counts, and the best logistic model that there is. */
#ifndef UMBRA_CLI_BASELINE_H
#define UMBRA_CLI_BASELINE_H

#include "training.h"

/* The larger class's share, and how many of each class are on which side. */
void cli_add_counts(cJSON *facts, const umbra_judgement *judgement);

/* A warning if all are on the same side: then the accuracy is that of saying so always. */
void cli_report_one_sided(cli_report *report, const umbra_judgement *judgement);

typedef struct cli_optimum {
  bool known;
  char why[256]; /* if not: there is none */
  umbra_optimum found;
  umbra_judgement judgement;
} cli_optimum;

/*
 * The best model of the records, scaled by their own deviation and not clipped; judged: by these, and those are
 * unscaled, too.
 */
bool cli_optimum_find(cli_optimum *optimum, const umbra_records *train, const umbra_records *judged, double threshold);
void cli_report_optimum(cli_report *report, const cli_optimum *optimum);

#endif
