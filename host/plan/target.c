/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>
#include <umbra/target.h>

#include "../base/error.h"

static const char *const names[] = {[UMBRA_TARGET_CPU] = "cpu", [UMBRA_TARGET_GPU] = "gpu"};
enum { TARGETS = sizeof names / sizeof *names };

const char *umbra_target_name(umbra_target target) { return (unsigned)target < TARGETS ? names[target] : NULL; }

umbra_status umbra_target_parse(umbra_target *target, const char *name) {
  if (!target || !name) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_target_parse needs a target and a name");
  for (int i = 0; i < TARGETS; i++) {
    if (strcmp(name, names[i]) != 0) continue;
    *target = (umbra_target)i;
    return UMBRA_OK;
  }
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "\"%s\" is no target: \"cpu\" or \"gpu\"", name);
}
