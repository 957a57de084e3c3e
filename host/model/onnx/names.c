/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"

umbra_status umbra_onnx_names_open(umbra_onnx_names *names, size_t most) {
  names->room = 16;
  while (names->room < 2 * most) names->room *= 2;
  return umbra_alloc(&names->slots, names->room, sizeof *names->slots, "the names of a model");
}

void umbra_onnx_names_close(umbra_onnx_names *names) {
  for (size_t i = 0; names->slots && i < names->room; i++) umbra_onnx_clear(&names->slots[i].value);
  umbra_free(names->slots);
  *names = (umbra_onnx_names){0};
}

/* FNV-1a. */
static size_t hash(const char *name) {
  uint64_t h = 0xcbf29ce484222325u;
  for (; *name; name++) h = (h ^ (uint8_t)*name) * 0x100000001b3u;
  return (size_t)(h ^ h >> 32);
}

/* The slot of a name, or the free one where it would be. */
static umbra_onnx_named *slot_of(const umbra_onnx_names *names, const char *name) {
  size_t i = hash(name) & (names->room - 1);
  while (names->slots[i].name && strcmp(names->slots[i].name, name) != 0) i = (i + 1) & (names->room - 1);
  return &names->slots[i];
}

umbra_onnx_value *umbra_onnx_names_find(const umbra_onnx_names *names, const char *name) {
  umbra_onnx_named *slot = slot_of(names, name);
  return slot->name ? &slot->value : NULL;
}

umbra_status umbra_onnx_names_add(umbra_onnx_names *names, const char *name, umbra_onnx_value *value) {
  umbra_onnx_named *slot = slot_of(names, name);
  if (slot->name || !*name) {
    umbra_onnx_clear(value);
    return umbra_fail(UMBRA_ERROR_FORMAT, *name ? "'%s' is made twice" : "a value has no name%s", name);
  }
  *slot = (umbra_onnx_named){name, *value};
  *value = (umbra_onnx_value){0};
  return UMBRA_OK;
}
