/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers as people write them: the one style of all that the program prints. Each function returns its text. */
#ifndef UMBRA_CLI_FORMAT_H
#define UMBRA_CLI_FORMAT_H

enum { CLI_UNITS = 32 };

/* 569, 0.982, 1.2e-7: so many significant digits, and whole numbers in full. */
const char *cli_number_text(char text[CLI_UNITS], double value, int digits);

/* "17 bytes", "1.23 GiB": units are powers of 1024. */
const char *cli_bytes_text(char text[CLI_UNITS], double bytes);

/* "12.3 ms", "35 s", "2.5 h". */
const char *cli_duration_text(char text[CLI_UNITS], double seconds);

/* One of the last two if its name says that it is one: bytes..., ..._bytes, seconds..., ..._seconds; else a number. */
const char *cli_fact_text(char text[CLI_UNITS], const char *name, double value);

/* A limit of a range: 64, 0.001, 2^-40. */
const char *cli_limit_text(char text[CLI_UNITS], double limit);

#endif
