/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of the size of encrypted values, in reports. */
#ifndef UMBRA_CLI_RANGES_H
#define UMBRA_CLI_RANGES_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <umbra/range.h>

#include "output.h"

/* Bounds, who declared them, and doubts, as facts. */
void cli_range_add(cJSON *facts, const umbra_range *range);

/* Warns of the doubts that they leave; false if there are none. */
bool cli_range_judge(const umbra_range *range, cli_report *report);

#endif
