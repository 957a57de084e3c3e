/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Public structs across a border where the two sides may know different versions of them (see umbra/umbra.h). Each
 * begins with its struct_size, as the application knows it; `known` is its size here. Inside the library they are whole.
 */
#ifndef UMBRA_BASE_STRUCTS_H
#define UMBRA_BASE_STRUCTS_H

#include <stddef.h>
#include <umbra/status.h>

/* The defaults, as far as the application's struct reaches; zeros beyond what is known here. */
void umbra_init_struct(void *given, size_t size, const void *defaults, size_t known);

/*
 * Element i of an array of given structs, over *own, which holds the defaults for what it lacks. given: may be NULL, and
 * leaves the defaults. Errors: INVALID_ARGUMENT (no such size, another than element 0's; a tail that is not known here
 * and not zero).
 */
umbra_status umbra_take_struct(void *own, size_t known, const void *given, size_t i, const char *name);

/* Writes own into element i, as far as that reaches, but for its struct_size. Errors: as above; nothing is written. */
umbra_status umbra_give_struct(void *given, size_t i, const void *own, size_t known, const char *name);

/* The same for one struct, whose type the compiler checks: own, given are `type *`. */
#define UMBRA_TAKE(type, own, given) UMBRA_TAKE_ELEMENT(type, own, given, 0)
#define UMBRA_GIVE(type, given, own) UMBRA_GIVE_ELEMENT(type, given, 0, own)
#define UMBRA_TAKE_ELEMENT(type, own, given, i) \
  umbra_take_struct((type *){own}, sizeof(type), (const type *){given}, i, #type)
#define UMBRA_GIVE_ELEMENT(type, given, i, own) \
  umbra_give_struct((type *){given}, i, (const type *){own}, sizeof(type), #type)

#endif
