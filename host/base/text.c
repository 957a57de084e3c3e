/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <stdarg.h>
#include <stdio.h>

#include "error.h"

void umbra_text_put(umbra_text *out, const char *format, ...) {
  const size_t room = out->length < out->size ? out->size - out->length : 0;
  va_list args;
  va_start(args, format);
  out->length += (size_t)vsnprintf(room ? out->text + out->length : NULL, room, format, args);
  va_end(args);
}

umbra_status umbra_text_hand_out(char *text, size_t *size, umbra_text_writer *write, const void *source) {
  umbra_text out = {NULL, 0, 0};
  write(&out, source);
  const size_t given = *size;
  *size = out.length + 1;
  if (!text) return UMBRA_OK;
  if (given < *size)
    return umbra_fail(UMBRA_ERROR_RANGE, "the text has %zu bytes, and the description takes %zu", given, *size);
  out = (umbra_text){text, given, 0};
  write(&out, source);
  return UMBRA_OK;
}
