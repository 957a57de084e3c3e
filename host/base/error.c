/* SPDX-License-Identifier: Apache-2.0 */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>

#include "text.h"

static _Thread_local char last_error[512];

/* The last text may be part of the new one; parts may come from files. */
void umbra_set_error(const char *format, ...) {
  char text[sizeof last_error];
  va_list args;
  va_start(args, format);
  vsnprintf(text, sizeof text, format, args);
  va_end(args);
  umbra_text_escape(last_error, sizeof last_error, text);
}

const char *umbra_last_error(void) { return last_error; }

const char *umbra_status_string(umbra_status status) {
  switch (status) {
    case UMBRA_OK: return "ok";
    case UMBRA_ERROR_INVALID_ARGUMENT: return "invalid argument";
    case UMBRA_ERROR_OUT_OF_MEMORY: return "out of memory";
    case UMBRA_ERROR_UNSUPPORTED: return "unsupported";
    case UMBRA_ERROR_MISMATCH: return "objects do not belong together";
    case UMBRA_ERROR_MISSING_KEY: return "missing key";
    case UMBRA_ERROR_NO_LEVEL: return "no level left";
    case UMBRA_ERROR_RANGE: return "value out of range";
    case UMBRA_ERROR_INSECURE: return "insecure parameters";
    case UMBRA_ERROR_IO: return "input or output failed";
    case UMBRA_ERROR_FORMAT: return "malformed data";
    case UMBRA_ERROR_EXISTS: return "file exists";
    case UMBRA_ERROR_PASSPHRASE: return "passphrase missing or wrong";
    case UMBRA_ERROR_DEVICE: return "device failure";
    case UMBRA_ERROR_CANCELLED: return "cancelled";
    case UMBRA_ERROR_INTERNAL: return "internal error";
    case UMBRA_ERROR_BUSY: return "in use";
    case UMBRA_ERROR_EXPIRED: return "key out of use";
    case UMBRA_ERROR_UNTRUSTED: return "not as signed";
  }
  return "unknown status";
}
