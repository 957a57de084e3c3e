/* SPDX-License-Identifier: Apache-2.0 */
/* Text that is written into the memory of a caller, who may ask first how much it takes. */
#ifndef UMBRA_BASE_TEXT_H
#define UMBRA_BASE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

/* It may be cut short; `length` is what it would have had. */
typedef struct umbra_text {
  char *text;
  size_t size, length;
} umbra_text;

__attribute__((format(printf, 2, 3))) void umbra_text_put(umbra_text *out, const char *format, ...);

/* Bytes of the character of UTF-8 at `at`, of which `left` are there; 0: it is none. */
size_t umbra_utf8_length(const uint8_t *at, size_t left);

/*
 * What `write` puts, ended by 0, into text[*size]; *size becomes the bytes it takes. text: NULL: only asks. Errors: RANGE
 * (too little; nothing is written).
 */
typedef void umbra_text_writer(umbra_text *out, const void *source);
umbra_status umbra_text_hand_out(char *text, size_t *size, umbra_text_writer *write, const void *source);

#endif
