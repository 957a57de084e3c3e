/* SPDX-License-Identifier: Apache-2.0 */
#include "arrays.h"

#include <string.h>

#include "error.h"
#include "memory.h"

umbra_status umbra_make_room(void *array, size_t *room, size_t count, size_t size, const char *what) {
  const size_t wanted = *room ? 2 * *room : 8;
  void *now, *made;
  if (count < *room) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made, wanted, size, what));
  memcpy(&now, array, sizeof now);
  if (count) memcpy(made, now, count * size);
  umbra_wipe_and_free(now, count * size); /* of a table's bytes, say */
  memcpy(array, &made, sizeof made);
  *room = wanted;
  return UMBRA_OK;
}

umbra_status umbra_copy_bytes(void *copy, const void *from, size_t count, size_t size) {
  void *made;
  if (!from) return UMBRA_OK;
  UMBRA_TRY(umbra_alloc(&made, count, size, "a copy"));
  memcpy(made, from, count * size);
  memcpy(copy, &made, sizeof made);
  return UMBRA_OK;
}
