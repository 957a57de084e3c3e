/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <sodium.h>
#include <string.h>

#include "../../base/error.h"
#include "../../base/memory.h"

umbra_status umbra_onnx_names_open(umbra_onnx_names *names, size_t most) {
  if (sodium_init() < 0) return umbra_fail(UMBRA_ERROR_INTERNAL, "libsodium cannot be initialised");
  randombytes_buf(names->key, sizeof names->key);
  names->room = 16;
  while (names->room < 2 * most) names->room *= 2;
  return umbra_alloc(&names->slots, names->room, sizeof *names->slots, "the names of a model");
}

void umbra_onnx_names_close(umbra_onnx_names *names) {
  for (size_t i = 0; names->slots && i < names->room; i++) umbra_onnx_clear(&names->slots[i].value);
  umbra_free(names->slots);
  *names = (umbra_onnx_names){0};
}

static size_t hash(const umbra_onnx_names *names, const char *name) {
  size_t h;
  _Static_assert(sizeof h == crypto_shorthash_BYTES && sizeof names->key == crypto_shorthash_KEYBYTES, "sizes");
  crypto_shorthash((uint8_t *)&h, (const uint8_t *)name, strlen(name), names->key);
  return h;
}

/* The slot of a name, or the free one where it would be. */
static umbra_onnx_named *slot_of(const umbra_onnx_names *names, const char *name) {
  size_t i = hash(names, name) & (names->room - 1);
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
