/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status codes and error texts.
 *
 * Every call that can fail returns an umbra_status. On failure the outputs are unchanged and umbra_last_error()
 * says, in this thread, what was wrong with which argument and what would be right.
 */
#ifndef UMBRA_STATUS_H
#define UMBRA_STATUS_H

#include <stddef.h>
#include <umbra/export.h>

UMBRA_BEGIN_DECLS

/* Values are part of the ABI and never change. */
typedef enum umbra_status {
  UMBRA_OK = 0,
  UMBRA_ERROR_INVALID_ARGUMENT = 1, /* an argument is out of its documented range */
  UMBRA_ERROR_OUT_OF_MEMORY = 2,    /* the host, the device or the budget of the context is exhausted */
  UMBRA_ERROR_UNSUPPORTED = 3,      /* not available in this build, on this device or for this ring */
  UMBRA_ERROR_MISMATCH = 4,         /* objects of different parameters or of different owners */
  UMBRA_ERROR_MISSING_KEY = 5,      /* the evaluation keys lack the key that the operation needs */
  UMBRA_ERROR_NO_LEVEL = 6,         /* no level left for the operation */
  UMBRA_ERROR_RANGE = 7,            /* values that are not finite, too many, or too large for the modulus */
  UMBRA_ERROR_INSECURE = 8,         /* parameters under the security bound without the flag that allows them */
  UMBRA_ERROR_IO = 9,               /* the operating system refused a file operation */
  UMBRA_ERROR_FORMAT = 10,          /* a file or buffer is malformed */
  UMBRA_ERROR_EXISTS = 11,          /* a file that must not be replaced exists already */
  UMBRA_ERROR_PASSPHRASE = 12,      /* a passphrase is needed, or it is wrong */
  UMBRA_ERROR_DEVICE = 13,          /* the device failed; objects in flight are invalid */
  UMBRA_ERROR_CANCELLED = 14,       /* a progress callback asked to stop */
  UMBRA_ERROR_INTERNAL = 15,        /* a bug in the library: please report it */
  UMBRA_ERROR_BUSY = 16             /* something else works on a file or folder: another process, or this one */
} umbra_status;

/* Short constant name of a status, "unknown status" for other values. Never NULL. */
UMBRA_API const char *umbra_status_string(umbra_status status);

/* Text of the last failure in this thread; "" if there was none. Valid until the thread's next failing call. */
UMBRA_API const char *umbra_last_error(void);

/*
 * A text for people: copies `from` into to[size], with control characters as \x1b, those that turn the direction of
 * writing or end lines as \u202e, and bytes that are no UTF-8 as \xff, so that what a file or its name says cannot act on
 * a terminal. Cut short, after a whole character, where it does not fit. What umbra_last_error gives is such a text.
 */
UMBRA_API void umbra_text_escape(char *to, size_t size, const char *from);

UMBRA_END_DECLS

#endif
