/* SPDX-License-Identifier: Apache-2.0 */
/* What umbra/umbra.h says of outputs: a handle is NULL or is replaced, when the call has done all that can fail. */
#ifndef UMBRA_BASE_OUTPUTS_H
#define UMBRA_BASE_OUTPUTS_H

/* *out becomes `made`, a umbra_<type> *, and what it was is destroyed: last, since it may be an input of the call. */
#define UMBRA_PUT(type, out, made)    \
  do {                                \
    umbra_##type *replaced = *(out);  \
    *(out) = (made);                  \
    umbra_##type##_destroy(replaced); \
  } while (0)

#endif
