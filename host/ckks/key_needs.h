/* SPDX-License-Identifier: Apache-2.0 */
/* What a umbra_key_needs holds, for those who make keys of it. */
#ifndef UMBRA_CKKS_KEY_NEEDS_H
#define UMBRA_CKKS_KEY_NEEDS_H

#include <umbra/key_needs.h>

#include "../params/params.h"

/* What a key is for; rotation: in [1, n/2), 0 for other kinds. */
typedef struct umbra_key_purpose {
  umbra_key_kind kind;
  uint32_t rotation, level;
} umbra_key_purpose;

/* Whether a key of that kind and rotation does for `wanted`, a rotation of vectors of `slots` values. */
static inline int umbra_key_purpose_fits(umbra_key_kind kind, uint32_t rotation, const umbra_key_purpose *wanted,
                                         uint32_t slots) {
  return kind == wanted->kind && rotation % slots == wanted->rotation % slots;
}

struct umbra_key_needs {
  umbra_params *params; /* a share */
  size_t count, room;
  umbra_key_purpose *need; /* each once, in the order in which keys are made: rotations last, by steps */
};

/* MISMATCH unless the needs are those of computations with such parameters. */
umbra_status umbra_key_needs_check(const umbra_key_needs *needs, const umbra_params *params, const char *whose);

/* One more need, whose level exists, as it is. */
umbra_status umbra_key_needs_insert(umbra_key_needs *needs, const umbra_key_purpose *need);

/* Whether there is a need for a key of that kind and rotation, at any level. */
int umbra_key_needs_name(const umbra_key_needs *needs, const umbra_key_purpose *key);

/* For texts: "relinearisation", ...; a rotation's number comes behind. */
const char *umbra_key_name(umbra_key_kind kind);

#endif
