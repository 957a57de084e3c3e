/* SPDX-License-Identifier: Apache-2.0 */
/* What one cell of a text table says: a number, that a value is missing, yes or no, or something else. */
#ifndef UMBRA_IO_CELL_H
#define UMBRA_IO_CELL_H

#include <stddef.h>

/* Part of a text. */
typedef struct umbra_span {
  const char *at;
  size_t length;
} umbra_span;

/* Without blanks, tabs, no-break spaces and byte order marks at its ends. */
umbra_span umbra_span_trimmed(umbra_span span);
/* Copies it, without the zero bytes that would end it elsewhere. */
umbra_span umbra_span_without_zeros(char *to, umbra_span span);
int umbra_span_is(umbra_span span, const char *text);
/* In the order of their bytes, as memcmp says it; what begins another comes before it. */
int umbra_span_compare(umbra_span a, umbra_span b);
/* In ASCII letters of either case. */
int umbra_span_is_word(umbra_span span, const char *word);

/*
 * A decimal number with that mark, '.' or ','; infinite ones count, so that the caller can say what is wrong. In the C
 * locale only. NaN is a missing value, and no number.
 */
int umbra_cell_number(double *value, umbra_span cell, char mark);

/* Whether it has that form, with either mark, but for infinite ones. */
int umbra_cell_looks_numeric(umbra_span cell);

/* Nothing, or a usual spelling for it: NA, N/A, NaN, null, None, ?, . and - among them. */
int umbra_cell_is_missing(umbra_span cell);
/* #DIV/0! and what else spreadsheets write where a formula fails. */
int umbra_cell_is_error_value(umbra_span cell);
/* Of the missing ones those that are texts beside other texts, such as the label's classes + and -. */
int umbra_cell_is_dash(umbra_span cell);

/* Groups of three digits behind 1 to 3, with the same separator between them, and perhaps a fraction. */
int umbra_cell_has_thousands(umbra_span cell);

/* yes and no, true and false, y and n, t and f, in letters of either case: 1 and 0; anything else: -1. */
int umbra_cell_truth(umbra_span cell);
/* Whether both are of one of these pairs. */
int umbra_cell_is_truth_beside(umbra_span cell, umbra_span other);

/*
 * What a cell that is no number of its table was probably meant to be, and what helps; NULL: nothing is known. alone:
 * others of its column are numbers, so that something beside a number is out of place.
 */
const char *umbra_cell_diagnosis(umbra_span cell, int alone);

/* Without zero bytes, cut off after 32 characters: what messages show of a text. Errors and notes escape controls. */
enum { UMBRA_SHOWN_BYTES = 136 };
const char *umbra_span_shown(char text[UMBRA_SHOWN_BYTES], umbra_span span);

#endif
