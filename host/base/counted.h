/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects with several holders. Each begins with a umbra_counted. Whoever keeps one shares it and releases it later; the
 * last to release it destroys it, whichever thread that is.
 */
#ifndef UMBRA_BASE_COUNTED_H
#define UMBRA_BASE_COUNTED_H

#include <stdatomic.h>

typedef struct umbra_counted {
  atomic_uint holders;
  void (*destroy)(void *object);
} umbra_counted;

/* The first member of a new object, whose maker is the one holder. */
#define UMBRA_COUNTED(destroy) ((umbra_counted){1, (destroy)})

/* The same object, with one holder more. NULL gives NULL. */
void *umbra_share(const void *object);

/* NULL is fine. */
void umbra_release(void *object);

/* Whether anyone but the caller holds it. */
int umbra_is_shared(const void *object);

#endif
