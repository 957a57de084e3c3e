/* SPDX-License-Identifier: Apache-2.0 */
#include <umbra/feature_ops.h>

#include "../base/bounds.h"
#include "../base/error.h"
#include "../circuits/bootstrap/bootstrap_plan.h"
#include "../ckks/trace.h"
#include "feature_map.h"

/* ---- pixel by pixel ---- */

static umbra_status check_alike(const umbra_feature_map *a, const umbra_feature_map *b) {
  UMBRA_TRY(umbra_parts_check_alike(a->part, b->part, "a feature map"));
  if (umbra_feature_layout_same(&a->layout, &b->layout)) return UMBRA_OK;
  return umbra_fail(
      UMBRA_ERROR_INVALID_ARGUMENT,
      "feature maps of %u channels of %u x %u in planes of %u slots, and of %u of %u x %u in planes of %u: shape and "
      "layout must be the same",
      a->layout.channels, a->layout.height, a->layout.width, a->layout.plane, b->layout.channels, b->layout.height,
      b->layout.width, b->layout.plane);
}

umbra_status umbra_feature_map_add(umbra_evaluator *evaluator, umbra_feature_map **out, const umbra_feature_map *a,
                                   const umbra_feature_map *b) {
  UMBRA_TRACE(evaluator, "feature_map_add", a ? a->part[0] : NULL);
  umbra_feature_map *made = NULL;
  if (!evaluator || !out || !a || !b)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_map_add needs an evaluator, an output and two feature maps");
  UMBRA_TRY(check_alike(a, b));
  UMBRA_TRY(umbra_feature_map_make(&made, evaluator->context, &a->layout));
  return umbra_feature_map_hand_out(
      out, made, umbra_parts_combine(evaluator, made->part, a->part, b->part, made->parts, umbra_add));
}

umbra_status umbra_feature_map_function(umbra_evaluator *evaluator, umbra_feature_map **out,
                                        const umbra_feature_map *map, umbra_slot_function *function, const void *user,
                                        double magnitude) {
  umbra_feature_map *made = NULL;
  if (!umbra_is_bound(magnitude))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "a declared magnitude of %g: it must be finite and not negative",
                      magnitude);
  UMBRA_TRY(umbra_feature_map_make(&made, evaluator->context, &map->layout));
  umbra_status status = umbra_parts_map(evaluator, made->part, map->part, map->parts, function, user);
  if (status == UMBRA_OK) umbra_parts_declare_within(made->part, made->parts, magnitude);
  return umbra_feature_map_hand_out(out, made, status);
}

umbra_status umbra_feature_map_chebyshev(umbra_evaluator *evaluator, umbra_feature_map **out,
                                         const umbra_feature_map *map, const double *coefficients, uint32_t degree,
                                         double magnitude) {
  UMBRA_TRACE(evaluator, "feature_map_chebyshev", map ? map->part[0] : NULL);
  if (!evaluator || !out || !map || !coefficients)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_map_chebyshev needs an evaluator, an output, a feature map and coefficients");
  const umbra_slot_polynomial polynomial = {coefficients, degree};
  return umbra_feature_map_function(evaluator, out, map, umbra_slot_chebyshev, &polynomial, magnitude);
}

static umbra_status eval_relu(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *x,
                              const void *user) {
  return umbra_relu(evaluator, out, x, user);
}

umbra_status umbra_feature_map_relu(umbra_evaluator *evaluator, umbra_feature_map **out, const umbra_feature_map *map,
                                    const umbra_sign_plan *plan, double magnitude) {
  UMBRA_TRACE(evaluator, "feature_map_relu", map ? map->part[0] : NULL);
  if (!evaluator || !out || !map || !plan)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_map_relu needs an evaluator, an output, a feature map and a plan");
  return umbra_feature_map_function(evaluator, out, map, eval_relu, plan, magnitude);
}

/* ---- refreshes ---- */

/* Parts i and, if there is one and they can be a pair, i + 1. Returns the number of those. */
static size_t refreshed_at_once(const umbra_feature_map *map, size_t i, const umbra_bootstrapper *bootstrapper) {
  return i + 1 < map->parts && umbra_bootstrapper_takes_pairs(bootstrapper) ? 2 : 1;
}

static umbra_status refresh_parts(umbra_evaluator *evaluator, umbra_feature_map *made, const umbra_feature_map *map,
                                  const umbra_bootstrapper *bootstrapper) {
  umbra_status status = UMBRA_OK;
  for (size_t i = 0, next; i < map->parts && status == UMBRA_OK; i = next) {
    const umbra_watch_part part = umbra_watch_enter(&evaluator->watch, i, map->parts);
    umbra_ciphertext **to = &made->part[i], *const *from = &map->part[i];
    next = i + refreshed_at_once(map, i, bootstrapper);
    status = next == i + 2 ? umbra_bootstrap_pair(evaluator, &to[0], &to[1], from[0], from[1], bootstrapper)
                           : umbra_bootstrap(evaluator, &to[0], from[0], bootstrapper);
    umbra_watch_leave(&evaluator->watch, part);
  }
  return status;
}

umbra_status umbra_feature_map_bootstrap(umbra_evaluator *evaluator, umbra_feature_map **out,
                                         const umbra_feature_map *map, const umbra_bootstrapper *bootstrapper) {
  UMBRA_TRACE(evaluator, "feature_map_bootstrap", map ? map->part[0] : NULL);
  umbra_feature_map *made = NULL;
  if (!evaluator || !out || !map || !bootstrapper)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                      "umbra_feature_map_bootstrap needs an evaluator, an output, a feature map and a bootstrapper");
  UMBRA_TRY(umbra_feature_map_make(&made, evaluator->context, &map->layout));
  return umbra_feature_map_hand_out(out, made, refresh_parts(evaluator, made, map, bootstrapper));
}

/* ---- channels ---- */

/* Whether a channel of that number begins a ciphertext; and which one. */
static int begins_part(const umbra_feature_layout *l, uint32_t channel, size_t *part) {
  const uint64_t position = umbra_feature_channel(l, channel);
  *part = position / l->slots;
  return position % l->slots == 0;
}

static umbra_status check_joined(const umbra_feature_map *const *maps, size_t count, size_t i) {
  size_t part;
  if (!maps[i]) return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "feature map %zu is NULL", i);
  umbra_feature_layout layout = maps[i]->layout;
  layout.channels = maps[0]->layout.channels;
  UMBRA_TRY(umbra_parts_check_alike(maps[0]->part, maps[i]->part, "a feature map"));
  if (!umbra_feature_layout_same(&maps[0]->layout, &layout))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "feature map %zu has another layout than the first", i);
  if (i + 1 == count || begins_part(&maps[i]->layout, maps[i]->layout.channels, &part)) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT,
                    "feature map %zu has %u channels, which do not fill ciphertexts: the next one cannot join it", i,
                    maps[i]->layout.channels);
}

/* The layout of all channels. */
static umbra_status join_layouts(umbra_feature_layout *joined, const umbra_feature_map *const *maps, size_t count) {
  uint64_t channels = 0;
  for (size_t i = 0; i < count; i++) {
    UMBRA_TRY(check_joined(maps, count, i));
    channels += maps[i]->layout.channels;
  }
  if (channels > UMBRA_MOST_POSITIONS)
    return umbra_fail(UMBRA_ERROR_RANGE, "%llu channels of a feature map: there are at most 2^31",
                      (unsigned long long)channels);
  *joined = maps[0]->layout;
  joined->channels = (uint32_t)channels;
  return umbra_feature_layout_choose(joined, umbra_params_slots(umbra_context_params(maps[0]->context)));
}

umbra_status umbra_feature_map_join(umbra_feature_map **out, const umbra_feature_map *const *maps, size_t count) {
  umbra_feature_layout layout;
  umbra_feature_map *made = NULL;
  if (!out || !maps || !count)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_feature_map_join needs an output and at least one map");
  UMBRA_TRY(join_layouts(&layout, maps, count));
  UMBRA_TRY(umbra_feature_map_make(&made, maps[0]->context, &layout));
  umbra_status status = UMBRA_OK;
  for (size_t i = 0, next = 0; i < count && status == UMBRA_OK; next += maps[i++]->parts)
    status = umbra_parts_copy(made->part + next, maps[i]->part, maps[i]->parts);
  return umbra_feature_map_hand_out(out, made, status);
}

umbra_status umbra_feature_map_slice(umbra_feature_map **out, const umbra_feature_map *map, uint32_t first,
                                     uint32_t channels) {
  umbra_feature_map *made = NULL;
  size_t part;
  if (!out || !map)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "umbra_feature_map_slice needs an output and a feature map");
  umbra_feature_layout layout = map->layout;
  if (!channels || first >= layout.channels || channels > layout.channels - first)
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "%u channels from number %u on: the feature map has %u", channels,
                      first, layout.channels);
  if (!begins_part(&layout, first, &part))
    return umbra_fail(UMBRA_ERROR_INVALID_ARGUMENT, "channel %u of a feature map does not begin a ciphertext", first);
  layout.channels = channels;
  UMBRA_TRY(umbra_feature_map_make(&made, map->context, &layout));
  return umbra_feature_map_hand_out(out, made, umbra_parts_copy(made->part, map->part + part, made->parts));
}
