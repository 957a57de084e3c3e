/* SPDX-License-Identifier: Apache-2.0 */
#include "presets.h"

#include <stdio.h>
#include <string.h>

#include "../base/error.h"

const char *const *umbra_params_presets(void) { return umbra_preset_name; }

static umbra_status fail_unknown(const char *name) {
  char names[400] = "";
  size_t length = 0;
  for (size_t i = 0; umbra_preset_name[i] && length < sizeof names; i++)
    length += (size_t)snprintf(names + length, sizeof names - length, " %s", umbra_preset_name[i]);
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "no preset is called %.40s; there are%s", name, names);
}

umbra_status umbra_params_from_preset(umbra_params **params, const char *name) {
  if (!name) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "the name of the preset is NULL");
  for (size_t i = 0; umbra_preset_name[i]; i++)
    if (strcmp(umbra_preset_name[i], name) == 0) return umbra_params_from_literal(params, &umbra_preset_literal[i]);
  return fail_unknown(name);
}
