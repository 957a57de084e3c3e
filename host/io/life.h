/* SPDX-License-Identifier: Apache-2.0 */
/* When a key was made and when it expires, as keys hold it and as their containers say it: the section LIFE, first of all. */
#ifndef UMBRA_IO_LIFE_H
#define UMBRA_IO_LIFE_H

#include <umbra/key_life.h>

#include "reader.h"
#include "writer.h"

/* Both in seconds since 1970, or 0: the record itself. There is no section if nothing is known. */
typedef struct umbra_life {
  uint64_t created, expires;
} umbra_life;
_Static_assert(sizeof(umbra_life) == 16, "no padding");

/* From what a caller gives for a new key, and to a caller. given: NULL, where nothing is known. Errors: INVALID_ARGUMENT. */
umbra_status umbra_life_take(umbra_life *life, const umbra_key_life *given);
umbra_status umbra_life_give(umbra_key_life *given, const umbra_life *life);

/* The section, if there is to be one. */
umbra_status umbra_life_write(umbra_writer *writer, const umbra_life *life);

/* Of a key's container, before all its other sections. Errors: FORMAT. */
umbra_status umbra_life_read(umbra_reader *reader, umbra_life *life);

#endif
