/* SPDX-License-Identifier: Apache-2.0 */
#include "format.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { DIGITS = 3, FACT_DIGITS = 5 };

/* 1.2e-07 becomes 1.2e-7. */
static void shorten_exponent(char *text) {
  char *exponent = strchr(text, 'e');
  if (!exponent) return;
  char *digits = exponent + 2; /* behind the sign */
  const size_t zeros = strspn(digits, "0");
  memmove(digits, digits + zeros, strlen(digits + zeros) + 1);
}

const char *cli_number_text(char text[CLI_UNITS], double value, int digits) {
  const double most = 1e15; /* beyond which digits say nothing */
  if (fabs(value) >= pow(10, digits) - 0.5 && fabs(value) < most) {
    snprintf(text, CLI_UNITS, "%.0f", value);
    return text;
  }
  snprintf(text, CLI_UNITS, "%.*g", digits, value);
  shorten_exponent(text);
  return text;
}

/* "1.23 GiB" of 1.23. */
static const char *with_unit(char text[CLI_UNITS], double value, const char *unit) {
  char number[CLI_UNITS];
  snprintf(text, CLI_UNITS, "%.20s %.10s", cli_number_text(number, value, DIGITS), unit);
  return text;
}

const char *cli_bytes_text(char text[CLI_UNITS], double bytes) {
  static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  int unit = 0;
  for (; bytes >= 1023.5 && unit < 4; unit++) bytes /= 1024;
  return with_unit(text, bytes, units[unit]);
}

const char *cli_duration_text(char text[CLI_UNITS], double seconds) {
  if (seconds < 0.9995) return with_unit(text, 1e3 * seconds, "ms");
  if (seconds < 120) return with_unit(text, seconds, "s");
  if (seconds < 7200) return with_unit(text, seconds / 60, "min");
  return with_unit(text, seconds / 3600, "h");
}

static bool ends_with(const char *name, const char *ending) {
  const size_t length = strlen(name), last = strlen(ending);
  return length >= last && strcmp(name + length - last, ending) == 0;
}

const char *cli_fact_text(char text[CLI_UNITS], const char *name, double value) {
  if (strncmp(name, "bytes", strlen("bytes")) == 0 || ends_with(name, "_bytes")) return cli_bytes_text(text, value);
  if (strncmp(name, "seconds", strlen("seconds")) == 0 || ends_with(name, "_seconds"))
    return cli_duration_text(text, value);
  return cli_number_text(text, value, FACT_DIGITS);
}

const char *cli_limit_text(char text[CLI_UNITS], double limit) {
  int exponent;
  const bool is_power = frexp(limit, &exponent) == 0.5, is_short = limit >= 1e-3 && limit < 1e9;
  if (is_power && !is_short) snprintf(text, CLI_UNITS, "2^%d", exponent - 1);
  else cli_number_text(text, limit, 10);
  return text;
}
