/* SPDX-License-Identifier: Apache-2.0 */
#include "cell.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- spans ---- */

static int begins_with(umbra_span span, const char *text) {
  const size_t length = strlen(text);
  return span.length >= length && memcmp(span.at, text, length) == 0;
}

static int ends_with(umbra_span span, const char *text) {
  const size_t length = strlen(text);
  return span.length >= length && memcmp(span.at + span.length - length, text, length) == 0;
}

static umbra_span without_first(umbra_span span, size_t bytes) {
  return (umbra_span){span.at + bytes, span.length - bytes};
}

static umbra_span without_last(umbra_span span, size_t bytes) { return (umbra_span){span.at, span.length - bytes}; }

/* The last three are spaces that do not break, and one that has no width, as a byte order mark within a text is. */
static const char *const blanks[] = {" ", "\t", "\xc2\xa0", "\xe2\x80\xaf", "\xef\xbb\xbf", NULL};

umbra_span umbra_span_trimmed(umbra_span span) {
  for (int i = 0; blanks[i];) {
    const size_t length = strlen(blanks[i]);
    if (begins_with(span, blanks[i])) span = without_first(span, length);
    else if (ends_with(span, blanks[i])) span = without_last(span, length);
    else {
      i++;
      continue;
    }
    i = 0;
  }
  return span;
}

umbra_span umbra_span_without_zeros(char *to, umbra_span span) {
  umbra_span copy = {to, 0};
  for (size_t i = 0; i < span.length; i++)
    if (span.at[i]) to[copy.length++] = span.at[i];
  return copy;
}

int umbra_span_is(umbra_span span, const char *text) {
  return span.length == strlen(text) && memcmp(span.at, text, span.length) == 0;
}

int umbra_span_compare(umbra_span a, umbra_span b) {
  const int order = memcmp(a.at, b.at, a.length < b.length ? a.length : b.length);
  return order ? order : (a.length > b.length) - (a.length < b.length);
}

int umbra_span_is_word(umbra_span span, const char *word) {
  return span.length == strlen(word) && strncasecmp(span.at, word, span.length) == 0;
}

static int is_in(const char *characters, char c) { return c && strchr(characters, c); }

static int is_one_of(umbra_span span, const char *const *words) {
  for (; *words; words++)
    if (umbra_span_is_word(span, *words)) return 1;
  return 0;
}

/* ---- numbers ---- */

enum { NUMBER_BYTES = 512 };

static int is_digit(char c) { return c >= '0' && c <= '9'; }

static size_t count_digits(umbra_span span) {
  size_t count = 0;
  while (count < span.length && is_digit(span.at[count])) count++;
  return count;
}

/* Bytes of a sign: also of those that typography has for minus, U+2212 and U+2013. */
static size_t sign_length(umbra_span span, int *negative) {
  const int typographic = begins_with(span, "\xe2\x88\x92") || begins_with(span, "\xe2\x80\x93");
  *negative = typographic || begins_with(span, "-");
  return typographic ? 3 : *negative || begins_with(span, "+");
}

/* [digits][mark digits][e[sign]digits], with a digit before the e. */
static int is_unsigned_number(umbra_span rest, char mark) {
  size_t digits = count_digits(rest), more = 0;
  rest = without_first(rest, digits);
  if (rest.length && *rest.at == mark) {
    more = count_digits(without_first(rest, 1));
    rest = without_first(rest, 1 + more);
  }
  if (digits + more == 0) return 0;
  if (!rest.length) return 1;
  if (*rest.at != 'e' && *rest.at != 'E') return 0;
  rest = without_first(rest, 1);
  if (begins_with(rest, "+") || begins_with(rest, "-")) rest = without_first(rest, 1);
  return rest.length && count_digits(rest) == rest.length;
}

int umbra_cell_looks_numeric(umbra_span cell) {
  int negative;
  cell = without_first(cell, sign_length(cell, &negative));
  return is_unsigned_number(cell, '.') || is_unsigned_number(cell, ',');
}

int umbra_cell_number(double *value, umbra_span cell, char mark) {
  static const char *const infinite[] = {"inf", "infinity", NULL};
  char text[NUMBER_BYTES];
  int negative;
  cell = without_first(cell, sign_length(cell, &negative));
  if (is_one_of(cell, infinite)) {
    *value = negative ? -INFINITY : INFINITY;
    return 1;
  }
  if (cell.length >= sizeof text || !is_unsigned_number(cell, mark)) return 0;
  for (size_t i = 0; i < cell.length; i++) text[i] = cell.at[i];
  text[cell.length] = '\0';
  char *comma = mark == '.' ? NULL : strchr(text, mark);
  if (comma) *comma = '.';
  *value = strtod(text, NULL);
  if (negative) *value = -*value;
  return 1;
}

/* ---- words ---- */

int umbra_cell_is_missing(umbra_span cell) {
  static const char *const words[] = {"NA",      "N/A",     "#N/A",    "#N/A N/A", "#NA", "<NA>", "NaN", "-NaN",
                                      "NULL",    "None",    "nil",     "?",        ".",   "-",    "--",  "1.#IND",
                                      "missing", "-1.#IND", "1.#QNAN", "-1.#QNAN", "",    NULL};
  return cell.length == 0 || is_one_of(cell, words);
}

int umbra_cell_is_error_value(umbra_span cell) {
  static const char *const words[] = {"#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#NULL!", NULL};
  return is_one_of(cell, words);
}

int umbra_cell_is_dash(umbra_span cell) { return umbra_span_is(cell, "-") || umbra_span_is(cell, "--"); }

/* Its place among these, or -1. */
static int find_truth(umbra_span cell) {
  static const char *const words[] = {"false", "true", "no", "yes", "n", "y", "f", "t"};
  for (int i = 0; i < (int)(sizeof words / sizeof *words); i++)
    if (umbra_span_is_word(cell, words[i])) return i;
  return -1;
}

int umbra_cell_truth(umbra_span cell) {
  const int found = find_truth(cell);
  return found < 0 ? -1 : found % 2;
}

int umbra_cell_is_truth_beside(umbra_span cell, umbra_span other) {
  const int one = find_truth(cell), two = find_truth(other);
  return one >= 0 && two >= 0 && one / 2 == two / 2;
}

/* ---- what is wrong with a number ---- */

static int is_plain(umbra_span span) {
  double value;
  return umbra_cell_number(&value, umbra_span_trimmed(span), '.') ||
         umbra_cell_number(&value, umbra_span_trimmed(span), ',');
}

int umbra_cell_has_thousands(umbra_span span) {
  static const char *const separators[] = {",", ".", " ", "'", "_", "\xc2\xa0", "\xe2\x80\xaf", "\xe2\x80\x99", NULL};
  int negative;
  span = without_first(span, sign_length(span, &negative));
  const size_t first = count_digits(span);
  if (first < 1 || first > 3) return 0;
  const umbra_span after = without_first(span, first);
  for (int i = 0; separators[i]; i++) {
    umbra_span rest = after;
    size_t groups = 0;
    while (begins_with(rest, separators[i]) && count_digits(without_first(rest, strlen(separators[i]))) == 3) {
      rest = without_first(rest, strlen(separators[i]) + 3);
      groups++;
    }
    if (groups && (!rest.length || begins_with(rest, ".") || begins_with(rest, ","))) return 1;
  }
  return 0;
}

static int has_amount(umbra_span span) {
  span = umbra_span_trimmed(span);
  return is_plain(span) || umbra_cell_has_thousands(span);
}

static int is_currency(umbra_span cell) {
  static const char *const units[] = {"$",   "US$", "\xe2\x82\xac", "\xc2\xa3", "\xc2\xa5",
                                      "USD", "EUR", "GBP",          "CHF",      NULL};
  int negative;
  const umbra_span bare = without_first(cell, sign_length(cell, &negative));
  for (int i = 0; units[i]; i++) {
    const size_t length = strlen(units[i]);
    if (begins_with(bare, units[i]) && has_amount(without_first(bare, length))) return 1;
    if (ends_with(cell, units[i]) && has_amount(without_last(cell, length))) return 1;
  }
  return 0;
}

static int is_percentage(umbra_span cell) { return ends_with(cell, "%") && has_amount(without_last(cell, 1)); }

/* One or two digits, or three letters. */
static size_t month_length(umbra_span span) {
  size_t letters = 0;
  const size_t digits = count_digits(span);
  if (digits) return digits < 3 ? digits : 0;
  while (letters < span.length && (span.at[letters] | 32) >= 'a' && (span.at[letters] | 32) <= 'z') letters++;
  return letters == 3 ? letters : 0;
}

/* 2024-01-05, 5/1/24, 05.01.2024, 5-Jan-2024, with or without a time of day behind. */
static int is_date(umbra_span cell) {
  const size_t first = count_digits(cell);
  if (first < 1 || first > 4 || first == cell.length || !is_in("-/.", cell.at[first])) return 0;
  umbra_span rest = without_first(cell, first + 1);
  const size_t middle = month_length(rest);
  if (!middle || middle == rest.length || rest.at[middle] != cell.at[first]) return 0;
  rest = without_first(rest, middle + 1);
  const size_t last = count_digits(rest);
  return last >= 1 && last <= 4 && (last == rest.length || is_in("T ", rest.at[last]));
}

static int is_too_long(umbra_span cell) { return cell.length >= NUMBER_BYTES && umbra_cell_looks_numeric(cell); }

static int is_hexadecimal(umbra_span cell) { return begins_with(cell, "0x") || begins_with(cell, "0X"); }

/* 1.5D+00 */
static int has_fortran_exponent(umbra_span cell) {
  for (size_t i = 1; i + 1 < cell.length; i++)
    if ((cell.at[i] == 'D' || cell.at[i] == 'd') && is_plain((umbra_span){cell.at, i}) &&
        is_plain(without_first(cell, i + 1)))
      return 1;
  return 0;
}

/* 12 kg, 5+, <3 */
static int is_measure(umbra_span cell) {
  return is_digit(*cell.at) || (is_in("<>~=", *cell.at) && count_digits(umbra_span_trimmed(without_first(cell, 1))));
}

const char *umbra_cell_diagnosis(umbra_span cell, int alone) {
  static const struct {
    int (*fits)(umbra_span cell);
    const char *text;
  } known[] = {
      {is_currency, "it is an amount of money; remove the currency"},
      {is_percentage, "it is a percentage; write 0.12 for 12 %"},
      {is_date, "it is a date; make it a number, such as days since the first"},
      {umbra_cell_has_thousands,
       "it has separators of thousands, or a decimal comma; remove them, or give --decimal ','"},
      {is_too_long, "it has more than 511 characters; round it"},
      {umbra_cell_looks_numeric,
       "its decimal mark is not that of other numbers; write all with one, which --decimal says"},
      {umbra_cell_is_error_value, "a formula of the spreadsheet failed; clear such cells, and --missing fills them"},
      {is_hexadecimal, "it is a hexadecimal number; write decimal ones"},
      {has_fortran_exponent, "it has an exponent of Fortran's; write 'e' for 'D'"},
  };
  for (size_t i = 0; cell.length && i < sizeof known / sizeof *known; i++)
    if (known[i].fits(cell)) return known[i].text;
  if (!alone || !cell.length || !is_measure(cell)) return NULL;
  return "something stands beside the number; remove it";
}

/* ---- showing ---- */

const char *umbra_span_shown(char text[UMBRA_SHOWN_BYTES], umbra_span span) {
  enum { MOST = 32 };
  size_t used = 0, characters = 0, i = 0;
  for (; i < span.length; i++) {
    const unsigned char c = (unsigned char)span.at[i];
    if (c >> 6 != 2 && ++characters > MOST) break;
    if (used >= UMBRA_SHOWN_BYTES - 4) break;
    text[used++] = c ? span.at[i] : '?';
  }
  const char *end = i < span.length ? "..." : "";
  memcpy(text + used, end, strlen(end) + 1);
  return text;
}
