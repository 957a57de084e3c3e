/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of long calls. */
#ifndef UMBRA_PROGRESS_H
#define UMBRA_PROGRESS_H

#include <umbra/export.h>

UMBRA_BEGIN_DECLS

/*
 * Called now and then, from the calling thread, with the fraction done in [0, 1]. Any result but 0 stops the work, and
 * the call returns UMBRA_ERROR_CANCELLED with its outputs unchanged.
 */
typedef int (*umbra_progress_fn)(void *user, double fraction);

typedef struct umbra_progress {
  umbra_progress_fn report; /* NULL: nobody is interested */
  void *user;
} umbra_progress;

UMBRA_END_DECLS

#endif
