/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>
#include <umbra/umbra.h>

int main(void) {
  if (strcmp(umbra_version(), UMBRA_VERSION_STRING) != 0 || strcmp(umbra_status_string(UMBRA_OK), "ok") != 0) return 1;
  printf("C consumer: umbra %s\n", umbra_version());
  return 0;
}
