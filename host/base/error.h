/* SPDX-License-Identifier: Apache-2.0 */
/* The text behind umbra_last_error(), and the idioms that use it. */
#ifndef UMBRA_BASE_ERROR_H
#define UMBRA_BASE_ERROR_H

#include <umbra/status.h>

/* Records the text of a failure in this thread. */
void umbra_set_error(const char *format, ...) __attribute__((format(printf, 1, 2), cold));

/* Records a text and is the status: `return umbra_fail(status, "...")`. A macro, so that compilers see the value. */
#define umbra_fail(status, ...) (umbra_set_error(__VA_ARGS__), (status))

/* Returns from the calling function with the status of a failing call. */
#define UMBRA_TRY(call)                            \
  do {                                             \
    umbra_status umbra_try_ = (call);              \
    if (umbra_try_ != UMBRA_OK) return umbra_try_; \
  } while (0)

#endif
