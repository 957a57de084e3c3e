/* SPDX-License-Identifier: Apache-2.0 */
/* The table behind umbra_params_from_preset. */
#ifndef UMBRA_PARAMS_PRESETS_H
#define UMBRA_PARAMS_PRESETS_H

#include <umbra/params.h>

/* Names, NULL-terminated, and the set of each: n<log2 N>-d<depth>-s<bits of a level>. */
extern const char *const umbra_preset_name[];
extern const umbra_params_literal umbra_preset_literal[];

#endif
