/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include "error.h"

umbra_status umbra_progress_parts(const umbra_progress *progress, size_t done, size_t parts) {
  if (!progress || !progress->report || !progress->report(progress->user, (double)done / (double)parts))
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_CANCELLED, "cancelled after %zu of %zu parts", done, parts);
}
