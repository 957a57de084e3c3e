/* SPDX-License-Identifier: Apache-2.0 */
#include "feature_map.h"

#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "../base/outputs.h"
#include "../base/structs.h"
#include "../ckks/dry.h"
#include "../ckks/range.h"
#include "../ckks/trace.h"

/* ---- maps ---- */

umbra_status umbra_feature_map_make(umbra_feature_map **map, const umbra_context *context,
                                    const umbra_feature_layout *layout) {
  umbra_feature_map *made = NULL;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a feature map"));
  *made = (umbra_feature_map){
      .context = umbra_context_share(context), .layout = *layout, .parts = umbra_feature_parts(layout)};
  umbra_status status = umbra_alloc(&made->part, made->parts, sizeof *made->part, "a feature map");
  if (status == UMBRA_OK) *map = made;
  else umbra_feature_map_destroy(made);
  return status;
}

void umbra_feature_map_destroy(umbra_feature_map *map) {
  if (!map) return;
  umbra_parts_destroy(map->part, map->parts);
  umbra_context_destroy(map->context);
  umbra_free(map);
}

umbra_status umbra_feature_map_hand_out(umbra_feature_map **map, umbra_feature_map *made, umbra_status status) {
  if (status == UMBRA_OK) UMBRA_PUT(feature_map, map, made);
  else umbra_feature_map_destroy(made);
  return status;
}

/* ---- values and slots ---- */

/* Calls with each pixel whose position is in the part, and its slot there. */
typedef void pixel_fn(double *slot, double *value);

static void each_pixel(const umbra_feature_layout *l, size_t part, double *slots, double *values, pixel_fn *visit) {
  const uint64_t begin = (uint64_t)part * l->slots;
  uint32_t first, end;
  umbra_feature_channels_within(l, &first, &end, begin, begin + l->slots);
  for (uint32_t c = first; c < end; c++)
    for (uint32_t y = 0; y < l->height; y++)
      for (uint32_t x = 0; x < l->width; x++) {
        const uint64_t slot = umbra_feature_channel(l, c) + umbra_feature_pixel(l, y, x) - begin;
        if (slot < l->slots) visit(&slots[slot], &values[((size_t)c * l->height + y) * l->width + x]);
      }
}

static void put(double *slot, double *value) { *slot = *value; }
static void take(double *slot, double *value) { *value = *slot; }

/* ---- encryption ---- */

static umbra_status encrypt_part(umbra_feature_map *map, size_t part, umbra_encryptor by, const double *values,
                                 double *slots) {
  const umbra_encode_options options = {UMBRA_ENCODE_OPTIONS_INIT, .slots = map->layout.slots};
  umbra_plaintext *plain = NULL;
  memset(slots, 0, map->layout.slots * sizeof *slots);
  each_pixel(&map->layout, part, slots, (double *)values, put);
  UMBRA_TRY(umbra_encode(&plain, map->context, slots, map->layout.slots, &options));
  umbra_status status = umbra_encrypt_by(&map->part[part], by, plain);
  umbra_plaintext_destroy(plain);
  return status;
}

static umbra_status encrypt_parts(umbra_feature_map *map, umbra_encryptor by, const double *values,
                                  umbra_watch *watch) {
  double *slots;
  UMBRA_TRY(umbra_alloc(&slots, map->layout.slots, sizeof *slots, "a feature map"));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0; i < map->parts && status == UMBRA_OK; i++) {
    status = umbra_watch_step(watch, i, map->parts);
    if (status == UMBRA_OK) status = encrypt_part(map, i, by, values, slots);
  }
  umbra_free(slots);
  return status;
}

/* A map of that layout, completed, still without parts. */
static umbra_status lay_out(umbra_feature_map **map, const umbra_context *context, const umbra_feature_layout *layout) {
  umbra_feature_layout wanted = {UMBRA_FEATURE_LAYOUT_INIT};
  UMBRA_TRY(UMBRA_TAKE(umbra_feature_layout, &wanted, layout));
  UMBRA_TRY(umbra_feature_layout_choose(&wanted, umbra_params_slots(umbra_context_params(context))));
  return umbra_feature_map_make(map, context, &wanted);
}

static umbra_status encrypt_map(umbra_feature_map **map, umbra_encryptor by, const double *values,
                                const umbra_feature_layout *layout, umbra_watch *watch) {
  UMBRA_TRACE_IN(by.context, "feature_map_encrypt", 0);
  umbra_feature_map *made = NULL;
  UMBRA_TRY(lay_out(&made, by.context, layout));
  return umbra_feature_map_hand_out(map, made, encrypt_parts(made, by, values, watch));
}

static umbra_status encrypt_checked(umbra_feature_map **map, umbra_encryptor by, const double *values,
                                    const umbra_feature_layout *layout, const umbra_progress *progress) {
  if (!map || !by.context || !values || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a feature map needs an output, a key, values, and a layout");
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, encrypt_map(map, by, values, layout, &watch));
}

umbra_status umbra_feature_map_encrypt(umbra_feature_map **map, const umbra_public_key *key, const double *values,
                                       const umbra_feature_layout *layout, const umbra_progress *progress) {
  return encrypt_checked(map, key ? umbra_encryptor_of(key) : (umbra_encryptor){0}, values, layout, progress);
}

umbra_status umbra_feature_map_encrypt_symmetric(umbra_feature_map **map, const umbra_secret_key *key,
                                                 const double *values, const umbra_feature_layout *layout,
                                                 const umbra_progress *progress) {
  const umbra_encryptor by = key ? umbra_encryptor_of_secret(key) : (umbra_encryptor){0};
  return encrypt_checked(map, by, values, layout, progress);
}

umbra_status umbra_sim_feature_map(umbra_feature_map **map, const umbra_context *context, const double *values,
                                   const umbra_feature_layout *layout) {
  if (!map || !context || !values || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "a simulated feature map needs an output, a context, values, and a layout");
  UMBRA_TRY(umbra_check_sim(context));
  return encrypt_map(map, (umbra_encryptor){.context = context}, values, layout, NULL);
}

umbra_status umbra_dry_feature_map(umbra_feature_map **map, const umbra_context *context, uint32_t level, double bound,
                                   const umbra_feature_layout *layout) {
  if (!map || !context || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a dry feature map needs an output, a context, and a layout");
  umbra_feature_map *made = NULL;
  UMBRA_TRY(lay_out(&made, context, layout));
  const umbra_status status = umbra_dry_ciphertexts(made->part, made->parts, context, level, made->layout.slots, bound);
  return umbra_feature_map_hand_out(map, made, status);
}

/* ---- decryption ---- */

static umbra_status decrypt_parts(double *values, const umbra_feature_map *map, const umbra_secret_key *key,
                                  double *pairs, double *slots, umbra_watch *watch) {
  const uint32_t count = map->layout.slots;
  for (size_t i = 0; i < map->parts; i++) {
    UMBRA_TRY(umbra_watch_step(watch, i, map->parts));
    UMBRA_TRY(umbra_open_pairs(pairs, count, map->part[i], key));
    for (uint32_t j = 0; j < count; j++) slots[j] = pairs[2 * (size_t)j];
    each_pixel(&map->layout, i, slots, values, take);
  }
  return UMBRA_OK;
}

/* All values, or none if that fails. key: NULL: of a simulation. */
static umbra_status decrypt_map(double *values, const umbra_feature_map *map, const umbra_secret_key *key,
                                umbra_watch *watch) {
  const umbra_feature_layout *l = &map->layout;
  const size_t count = (size_t)l->channels * l->height * l->width, slots = l->slots;
  double *pairs, *found;
  UMBRA_TRY(umbra_alloc(&pairs, 3 * slots, sizeof *pairs, "a feature map"));
  umbra_status status = umbra_alloc(&found, count, sizeof *found, "a feature map");
  if (status == UMBRA_OK) {
    status = decrypt_parts(found, map, key, pairs, pairs + 2 * slots, watch);
    if (status == UMBRA_OK) memcpy(values, found, count * sizeof *values);
    umbra_free(found);
  }
  umbra_free(pairs);
  return status;
}

umbra_status umbra_feature_map_decrypt(const umbra_feature_map *map, double *values, const umbra_secret_key *key,
                                       const umbra_progress *progress) {
  UMBRA_TRACE_OF(map, "feature_map_decrypt", 0);
  if (!values || !map || !key)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_map_decrypt needs a map, an output and a secret key");
  umbra_watch watch = umbra_watch_of(progress);
  return umbra_watch_close(&watch, decrypt_map(values, map, key, &watch));
}

umbra_status umbra_sim_feature_map_decode(double *values, const umbra_feature_map *map) {
  if (!values || !map)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_sim_feature_map_decode needs an output and a map");
  return decrypt_map(values, map, NULL, NULL);
}

/* ---- to the evaluator and back ---- */

size_t umbra_feature_map_ciphertexts(const umbra_feature_map *map) { return map->parts; }

const umbra_ciphertext *umbra_feature_map_ciphertext(const umbra_feature_map *map, size_t i) {
  return i < map->parts ? map->part[i] : NULL;
}

static umbra_status copy_parts(umbra_feature_map *map, const umbra_ciphertext *const *given, size_t count) {
  UMBRA_TRY(umbra_parts_check(given, count, map->parts, map->layout.slots, "a feature map"));
  return umbra_parts_copy(map->part, (umbra_ciphertext *const *)given, count);
}

umbra_status umbra_feature_map_from(umbra_feature_map **map, const umbra_ciphertext *const *ciphertexts, size_t count,
                                    const umbra_feature_layout *layout) {
  if (!map || !ciphertexts || !count || !ciphertexts[0] || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_map_from needs an output, ciphertexts, and a layout");
  umbra_feature_map *made = NULL;
  UMBRA_TRY(lay_out(&made, ciphertexts[0]->context, layout));
  return umbra_feature_map_hand_out(map, made, copy_parts(made, ciphertexts, count));
}

/* ---- what it is ---- */

uint32_t umbra_feature_map_level(const umbra_feature_map *map) { return umbra_parts_level(map->part, map->parts); }
uint64_t umbra_feature_map_bytes(const umbra_feature_map *map) { return umbra_parts_bytes(map->part, map->parts); }

void umbra_feature_map_owner(const umbra_feature_map *map, uint8_t owner[UMBRA_OWNER_BYTES]) {
  umbra_ciphertext_owner(map->part[0], owner);
}

umbra_status umbra_feature_map_layout(const umbra_feature_map *map, umbra_feature_layout *layout) {
  if (!map || !layout)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_feature_map_layout needs a map and a layout to fill");
  return UMBRA_GIVE(umbra_feature_layout, layout, &map->layout);
}

umbra_status umbra_feature_map_range(const umbra_feature_map *map, umbra_range *range) {
  if (!map || !range)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_feature_map_range needs a map and a range to fill");
  return umbra_ciphertexts_range((const umbra_ciphertext *const *)map->part, map->parts, range);
}
