/* SPDX-License-Identifier: Apache-2.0 */
/* What plans promise about records (umbra/privacy.h): what it asks of these, and what it says in reports and files. */
#ifndef UMBRA_CLI_PRIVATE_H
#define UMBRA_CLI_PRIVATE_H

#include <umbra/privacy.h>

#include "training.h"

/* Records as the plan takes them, in the place of themselves; of a plan that promises nothing, or none, as they are. */
bool cli_private_limit(umbra_records **records, const char *option, const umbra_train_plan *plan);

/* Whether a plan promises anything; NULL: it does not. */
bool cli_is_private(const umbra_train_plan *plan);

/* Whether whoever trains adds a share of the noise, too. */
bool cli_has_share(const umbra_train_options *planned);

/* What the neighbours are, and what else the promise rests on, in words. */
const char *cli_private_mode(const umbra_privacy *promise);

/* For reports; and one line for files, which the caller frees. NULL, with an error, if memory is out. */
void cli_private_facts(cJSON *json, const umbra_privacy *promise);
char *cli_private_line(const umbra_privacy *promise);

#endif
