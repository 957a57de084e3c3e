/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of numbers that arrays in files have, little-endian unless said, and the doubles that they become. */
#ifndef UMBRA_IO_NUMBER_H
#define UMBRA_IO_NUMBER_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

typedef enum umbra_number {
  UMBRA_NUMBER_NONE,
  UMBRA_NUMBER_F64,
  UMBRA_NUMBER_F32,
  UMBRA_NUMBER_F16,
  UMBRA_NUMBER_BF16,
  UMBRA_NUMBER_I8,
  UMBRA_NUMBER_I16,
  UMBRA_NUMBER_I32,
  UMBRA_NUMBER_I64,
  UMBRA_NUMBER_U8,
  UMBRA_NUMBER_U16,
  UMBRA_NUMBER_U32,
  UMBRA_NUMBER_U64,
  UMBRA_NUMBER_BOOL,
  UMBRA_NUMBERS
} umbra_number;

size_t umbra_number_bytes(umbra_number number);
int umbra_number_is_integer(umbra_number number);

/* Integers from 2^53 on may be rounded. */
double umbra_number_value(umbra_number number, const uint8_t *bytes);

/* Where values lie in a file or in memory, and how long a row of them is, for texts. */
typedef struct umbra_numbers {
  int file;
  const char *path;
  uint64_t offset;
  umbra_number number;
  size_t count, columns;
  const uint8_t *memory; /* of the whole file; NULL: it is read */
  int swapped;           /* big-endian */
  int any;               /* those that are not finite, too */
} umbra_numbers;

/* Errors: IO; FORMAT if the file ends before them; RANGE if one is not finite, or an integer of 2^53 or more. */
umbra_status umbra_numbers_read(double *values, const umbra_numbers *numbers);

#endif
