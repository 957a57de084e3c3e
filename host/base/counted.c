/* SPDX-License-Identifier: Apache-2.0 */
#include "counted.h"

#include <stddef.h>

void *umbra_share(const void *object) {
  umbra_counted *counted = (umbra_counted *)object; /* only the count changes */
  if (counted) atomic_fetch_add(&counted->holders, 1);
  return counted;
}

void umbra_release(void *object) {
  umbra_counted *counted = object;
  if (counted && atomic_fetch_sub(&counted->holders, 1) == 1) counted->destroy(object);
}

int umbra_is_shared(const void *object) {
  umbra_counted *counted = (umbra_counted *)object;
  return atomic_load(&counted->holders) > 1;
}
