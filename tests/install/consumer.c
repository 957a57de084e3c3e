/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <umbra/umbra.h>

int main(void) {
  umbra_params *params = NULL;
  umbra_params_need need;
  umbra_params_need_init(&need);
  need.depth = 2;
  if (umbra_version_number() != UMBRA_VERSION_NUMBER || strcmp(umbra_version(), UMBRA_VERSION_STRING) != 0) return 1;
  if (umbra_params_from_need(&params, &need)) return 1;
  printf("C consumer: umbra %s, %u slots\n", umbra_version(), (unsigned)umbra_params_slots(params));
  umbra_params_destroy(params);
  return 0;
}
