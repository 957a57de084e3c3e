/* SPDX-License-Identifier: Apache-2.0 */
/* The array files of NumPy (numpy.lib.format), versions 1 to 3, strictly. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "number.h"
#include "storage.h"
#include "table_file.h"

enum { MAX_HEADER = 8192, PREFIX = 8, ALIGNMENT = 64 };

static const char magic[6] = {'\x93', 'N', 'U', 'M', 'P', 'Y'};

typedef struct npy_header {
  umbra_number number;
  int swapped; /* big-endian */
  int fortran; /* column order */
  size_t rank, shape[UMBRA_NDARRAY_RANK];
} npy_header;

static umbra_status take_bytes(void *bytes, const umbra_npy_source *s, size_t count, uint64_t offset) {
  if (!s->memory) return umbra_storage_read_at(s->file, bytes, count, offset, s->path);
  memcpy(bytes, s->memory + offset, count);
  return UMBRA_OK;
}

/* ---- the header: a Python dictionary ---- */

typedef struct cursor {
  const char *at, *end;
} cursor;

static int take(cursor *c, char wanted) {
  while (c->at < c->end && *c->at == ' ') c->at++;
  if (c->at == c->end || *c->at != wanted) return 0;
  c->at++;
  return 1;
}

/* A word, after spaces. */
static int take_word(cursor *c, const char *word) {
  if (!take(c, *word)) return 0;
  size_t rest = strlen(word) - 1;
  if ((size_t)(c->end - c->at) < rest || memcmp(c->at, word + 1, rest) != 0) {
    c->at--;
    return 0;
  }
  c->at += rest;
  return 1;
}

static int take_number(cursor *c, size_t *number) {
  while (c->at < c->end && *c->at == ' ') c->at++;
  const char *first = c->at;
  for (*number = 0; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
    if (__builtin_mul_overflow(*number, 10, number) || __builtin_add_overflow(*number, *c->at - '0', number)) return 0;
  return c->at > first;
}

static const struct {
  char name[3];
  umbra_number number;
} types[] = {
    {"f2", UMBRA_NUMBER_F16}, {"f4", UMBRA_NUMBER_F32}, {"f8", UMBRA_NUMBER_F64}, {"i1", UMBRA_NUMBER_I8},
    {"i2", UMBRA_NUMBER_I16}, {"i4", UMBRA_NUMBER_I32}, {"i8", UMBRA_NUMBER_I64}, {"u1", UMBRA_NUMBER_U8},
    {"u2", UMBRA_NUMBER_U16}, {"u4", UMBRA_NUMBER_U32}, {"u8", UMBRA_NUMBER_U64}, {"b1", UMBRA_NUMBER_BOOL},
};

/* '<f8' and the like; '|' is the byte order of single bytes, '=' that of this machine, which is the little-endian one. */
static int take_type(cursor *c, npy_header *header) {
  if (!take(c, '\'') || c->end - c->at < 4) return 0;
  header->number = UMBRA_NUMBER_NONE;
  for (size_t t = 0; t < sizeof types / sizeof *types; t++)
    if (memcmp(c->at + 1, types[t].name, 2) == 0) header->number = types[t].number;
  if (header->number == UMBRA_NUMBER_NONE || !*c->at || !strchr("<>=|", *c->at)) return 0;
  if (*c->at == '|' && umbra_number_bytes(header->number) != 1) return 0;
  header->swapped = *c->at == '>';
  c->at += 3;
  return take(c, '\'');
}

static int take_order(cursor *c, npy_header *header) {
  header->fortran = take_word(c, "True");
  return header->fortran || take_word(c, "False");
}

/* (a,) or (a, b) and so on */
static int take_shape(cursor *c, npy_header *header) {
  if (!take(c, '(')) return 0;
  for (header->rank = 0; header->rank < UMBRA_NDARRAY_RANK;) {
    if (!take_number(c, &header->shape[header->rank++])) return 0;
    int more = take(c, ',');
    if (take(c, ')')) return more || header->rank > 1;
    if (!more) return 0;
  }
  return 0;
}

static const struct {
  const char *key, *wanted;
  int (*take)(cursor *c, npy_header *header);
} entries[] = {
    {"'descr'",
     "a real number of up to 8 bytes such as '<f8' or '|b1'; "
     "array.astype('f8') makes one of objects, texts and longer numbers",
     take_type},
    {"'fortran_order'", "True or False", take_order},
    {"'shape'", "a tuple of one to eight dimensions", take_shape},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static umbra_status take_entry(cursor *c, npy_header *header, unsigned *seen, const char *path) {
  for (unsigned e = 0; e < ENTRIES; e++) {
    if (!take_word(c, entries[e].key)) continue;
    if (*seen >> e & 1u)
      return umbra_fail(UMBRA_ERROR_FORMAT, "the header names %s twice (in %s)", entries[e].key, path);
    *seen |= 1u << e;
    if (take(c, ':') && entries[e].take(c, header)) return UMBRA_OK;
    return umbra_fail(UMBRA_ERROR_FORMAT, "%s in the header is not %s (in %s)", entries[e].key, entries[e].wanted,
                      path);
  }
  return umbra_fail(UMBRA_ERROR_FORMAT, "the header has an unknown entry (in %s)", path);
}

static umbra_status parse_header(npy_header *header, cursor c, const char *path) {
  unsigned seen = 0;
  int more = take(&c, '{');
  while (more && !take(&c, '}')) {
    UMBRA_TRY(take_entry(&c, header, &seen, path));
    more = take(&c, ',') || (c.at < c.end && *c.at == '}');
  }
  take(&c, '\n');
  if (!more || c.at != c.end || seen != (1u << ENTRIES) - 1)
    return umbra_fail(UMBRA_ERROR_FORMAT,
                      "the header is not a dictionary of 'descr', 'fortran_order' and 'shape' (in %s)", path);
  return UMBRA_OK;
}

/* Up to the first value, at *offset. */
static umbra_status read_header(npy_header *header, uint64_t *offset, const umbra_npy_source *s) {
  uint8_t prefix[PREFIX + 4];
  char text[MAX_HEADER];
  if (s->bytes < sizeof prefix) return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is too short for an npy file", s->path);
  UMBRA_TRY(take_bytes(prefix, s, sizeof prefix, 0));
  if (memcmp(prefix, magic, sizeof magic) != 0)
    return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' does not begin as an npy file", s->path);
  if (prefix[6] < 1 || prefix[6] > 3 || prefix[7] != 0)
    return umbra_fail(UMBRA_ERROR_FORMAT, "npy version %u.%u; versions 1.0 to 3.0 can be read (in %s)", prefix[6],
                      prefix[7], s->path);
  const size_t field = prefix[6] == 1 ? 2 : 4;
  uint32_t length = 0;
  memcpy(&length, prefix + PREFIX, field);
  *offset = PREFIX + field;
  if (length > s->bytes - *offset || length > MAX_HEADER)
    return umbra_fail(UMBRA_ERROR_FORMAT, "the header claims %u bytes (in %s)", length, s->path);
  UMBRA_TRY(take_bytes(text, s, length, *offset));
  *offset += length;
  return parse_header(header, (cursor){text, text + length}, s->path);
}

/* ---- values ---- */

/* How many values there are, which is what the bytes that are left hold. */
static umbra_status count_values(size_t *count, const npy_header *header, uint64_t bytes, const char *path) {
  size_t size;
  int wraps = 0;
  *count = 1;
  for (size_t d = 0; d < header->rank; d++) wraps |= __builtin_mul_overflow(*count, header->shape[d], count);
  if (!wraps && *count && !__builtin_mul_overflow(*count, umbra_number_bytes(header->number), &size) && size == bytes)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT,
                    "the shape of %zu dimensions, %zu the first, does not go with %" PRIu64 " bytes of values (in %s)",
                    header->rank, header->shape[0], bytes, path);
}

/* From values whose first index runs fastest. */
static umbra_status to_row_order(umbra_ndarray *array, size_t count) {
  double *made;
  size_t index[UMBRA_NDARRAY_RANK] = {0};
  UMBRA_TRY(umbra_alloc(&made, count, sizeof *made, "an array"));
  for (size_t i = 0; i < count; i++) {
    size_t to = 0;
    for (size_t d = 0; d < array->rank; d++) to = to * array->shape[d] + index[d];
    made[to] = array->values[i];
    for (size_t d = 0; d < array->rank && ++index[d] == array->shape[d]; d++) index[d] = 0;
  }
  umbra_free(array->values);
  array->values = made;
  return UMBRA_OK;
}

/* The last bytes of the file, behind the header. */
static umbra_status read_array(umbra_ndarray *array, const npy_header *header, uint64_t offset,
                               const umbra_npy_source *s) {
  size_t count;
  UMBRA_TRY(count_values(&count, header, s->bytes - offset, s->path));
  umbra_ndarray made = {.rank = header->rank};
  memcpy(made.shape, header->shape, sizeof made.shape);
  UMBRA_TRY(umbra_alloc(&made.values, count, sizeof *made.values, "an array"));
  const size_t columns = header->rank == 1 ? 1 : count / header->shape[0];
  const umbra_numbers numbers = {.file = s->file,
                                 .path = s->path,
                                 .offset = offset,
                                 .number = header->number,
                                 .count = count,
                                 .columns = columns,
                                 .memory = s->memory,
                                 .any = s->any,
                                 .swapped = header->swapped};
  umbra_status status = umbra_numbers_read(made.values, &numbers);
  if (status == UMBRA_OK && header->fortran) status = to_row_order(&made, count);
  if (status == UMBRA_OK) *array = made;
  else umbra_ndarray_clear(&made);
  return status;
}

umbra_status umbra_npy_read_ndarray(umbra_ndarray *array, size_t most_rank, const umbra_npy_source *source) {
  npy_header header = {0};
  uint64_t offset;
  UMBRA_TRY(read_header(&header, &offset, source));
  if (header.rank > most_rank)
    return umbra_fail(UMBRA_ERROR_FORMAT, "'shape' in the header is not one or two dimensions, but %zu (in %s)",
                      header.rank, source->path);
  return read_array(array, &header, offset, source);
}

/* "(2, 3)" and "(2,)" */
static void print_shape(char *text, size_t size, const umbra_ndarray *array) {
  size_t used = 0;
  for (size_t d = 0; d < array->rank; d++)
    used += (size_t)snprintf(text + used, size - used, "%s%zu", d ? ", " : "(", array->shape[d]);
  snprintf(text + used, size - used, array->rank == 1 ? ",)" : ")");
}

umbra_status umbra_npy_write_ndarray(int file, const umbra_ndarray *array) {
  char shape[UMBRA_NDARRAY_RANK * 24], text[4 * ALIGNMENT];
  print_shape(shape, sizeof shape, array);
  memset(text, ' ', sizeof text);
  memcpy(text, magic, sizeof magic);
  text[6] = 1; /* version 1.0 */
  text[7] = 0;
  size_t used = PREFIX + 2;
  used += (size_t)snprintf(text + used, sizeof text - used, "{'descr': '<f8', 'fortran_order': False, 'shape': %s, }",
                           shape);
  text[used] = ' '; /* where snprintf put its zero */
  size_t whole = (used / ALIGNMENT + 1) * ALIGNMENT;
  const uint16_t length = (uint16_t)(whole - PREFIX - 2);
  memcpy(text + PREFIX, &length, sizeof length);
  text[whole - 1] = '\n';
  UMBRA_TRY(umbra_storage_write(file, text, whole));
  return umbra_storage_write(file, array->values, umbra_ndarray_count(array) * sizeof *array->values);
}

umbra_status umbra_npy_write(int file, const umbra_table *table) {
  return umbra_npy_write_ndarray(file, &(umbra_ndarray){2, {table->rows, table->columns}, table->values});
}
