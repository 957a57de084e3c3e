/* SPDX-License-Identifier: Apache-2.0 */
/* Progress of long calls, as their work tells it. */
#ifndef UMBRA_BASE_PROGRESS_H
#define UMBRA_BASE_PROGRESS_H

#include <stddef.h>
#include <umbra/progress.h>
#include <umbra/status.h>

/* So many of that many parts are done. CANCELLED if whoever watches wants no more of them. progress: may be NULL. */
umbra_status umbra_progress_parts(const umbra_progress *progress, size_t done, size_t parts);

#endif
