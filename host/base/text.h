/* SPDX-License-Identifier: Apache-2.0 */
/* Text that is written into the memory of a caller, who may ask first how much it takes. */
#ifndef UMBRA_BASE_TEXT_H
#define UMBRA_BASE_TEXT_H

#include <stddef.h>
#include <umbra/status.h>

/* It may be cut short; `length` is what it would have had. */
typedef struct umbra_text {
  char *text;
  size_t size, length;
} umbra_text;

__attribute__((format(printf, 2, 3))) void umbra_text_put(umbra_text *out, const char *format, ...);

/*
 * Copies a text for people: control characters as \x1b, and those that turn the direction of writing or end lines as
 * \u202e, so that what a file says cannot act on a terminal. Cut short where it does not fit.
 */
void umbra_text_escape(char *to, size_t size, const char *from);

/*
 * What `write` puts, ended by 0, into text[*size]; *size becomes the bytes it takes. text: NULL: only asks. Errors: RANGE
 * (too little; nothing is written).
 */
typedef void umbra_text_writer(umbra_text *out, const void *source);
umbra_status umbra_text_hand_out(char *text, size_t *size, umbra_text_writer *write, const void *source);

#endif
