/* SPDX-License-Identifier: Apache-2.0 */
#include "tensors_header.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "../base/error.h"
#include "../base/memory.h"

/* The header, a tensor, a list. */
enum { MOST_NESTING = 3, MOST_ITEMS = 1 << 18 };

static const umbra_tensor_type types[] = {
    {"F64", UMBRA_NUMBER_F64, 8},      {"F32", UMBRA_NUMBER_F32, 4},      {"F16", UMBRA_NUMBER_F16, 2},
    {"BF16", UMBRA_NUMBER_BF16, 2},    {"I8", UMBRA_NUMBER_I8, 1},        {"I16", UMBRA_NUMBER_I16, 2},
    {"I32", UMBRA_NUMBER_I32, 4},      {"I64", UMBRA_NUMBER_I64, 8},      {"U8", UMBRA_NUMBER_U8, 1},
    {"U16", UMBRA_NUMBER_U16, 2},      {"U32", UMBRA_NUMBER_U32, 4},      {"U64", UMBRA_NUMBER_U64, 8},
    {"BOOL", UMBRA_NUMBER_NONE, 1},    {"F8_E4M3", UMBRA_NUMBER_NONE, 1}, {"F8_E5M2", UMBRA_NUMBER_NONE, 1},
    {"F8_E8M0", UMBRA_NUMBER_NONE, 1}, {"C64", UMBRA_NUMBER_NONE, 8},
};

/* ---- before cJSON sees it ---- */

/*
 * From behind a quotation mark to the one that ends the text. cJSON would end a name at \u0000 in silence, and lets control
 * characters pass.
 */
static const char *skip_text(const char *at, const char *end) {
  for (; at < end && *at != '"'; at++) {
    if ((unsigned char)*at < ' ') return NULL;
    if (*at != '\\') continue;
    if (end - at > 5 && memcmp(at, "\\u0000", 6) == 0) return NULL;
    at++;
  }
  return at < end ? at : NULL;
}

/* Bounds what cJSON makes of the text: an item for each comma, and one more for each bracket. */
static umbra_status scan(const char *text, size_t size, const char *path) {
  const char *end = text + size;
  size_t nesting = 0, items = 1;
  for (const char *at = text; at < end; at++) {
    if (*at == '"') at = skip_text(at + 1, end);
    if (!at) return umbra_fail(UMBRA_ERROR_FORMAT, "the header has a text without end, or a zero in it (in %s)", path);
    const int opens = *at == '{' || *at == '[', closes = *at == '}' || *at == ']';
    items += opens || *at == ',';
    nesting += (size_t)opens;
    if (nesting > MOST_NESTING || items > MOST_ITEMS)
      return umbra_fail(UMBRA_ERROR_FORMAT, "the header has more than %d items, or %d within each other (in %s)",
                        MOST_ITEMS, MOST_NESTING, path);
    nesting -= (size_t)(closes && nesting);
  }
  return UMBRA_OK;
}

/* An object, and behind it nothing but spaces. */
static umbra_status parse(cJSON **json, const char *text, size_t size, const char *path) {
  const char *rest = NULL;
  UMBRA_TRY(scan(text, size, path));
  *json = size && *text == '{' ? cJSON_ParseWithLengthOpts(text, size, &rest, 0) : NULL;
  while (*json && rest < text + size && *rest == ' ') rest++;
  if (*json && rest == text + size) return UMBRA_OK;
  cJSON_Delete(*json);
  *json = NULL;
  return umbra_fail(UMBRA_ERROR_FORMAT, "the header is no JSON object, or there is no memory for it (in %s)", path);
}

/* ---- one tensor ---- */

/* Whole numbers that doubles hold. */
static int take_whole(const cJSON *item, uint64_t *number) {
  if (!cJSON_IsNumber(item) || !(item->valuedouble >= 0 && item->valuedouble < 0x1p53)) return 0;
  *number = (uint64_t)item->valuedouble;
  return (double)*number == item->valuedouble;
}

static int take_type(umbra_tensor *t, const cJSON *item) {
  for (size_t i = 0; cJSON_IsString(item) && i < sizeof types / sizeof *types; i++)
    if (strcmp(item->valuestring, types[i].name) == 0) t->type = &types[i];
  return t->type != NULL;
}

static int take_shape(umbra_tensor *t, const cJSON *item) {
  if (!cJSON_IsArray(item)) return 0;
  t->count = 1;
  for (item = item->child; item; item = item->next, t->rank++) {
    uint64_t dimension;
    if (t->rank == UMBRA_NDARRAY_RANK || !take_whole(item, &dimension)) return 0;
    t->shape[t->rank] = (size_t)dimension;
    if (__builtin_mul_overflow(t->count, (size_t)dimension, &t->count)) return 0;
  }
  return 1;
}

static int take_offsets(umbra_tensor *t, const cJSON *item) {
  return cJSON_GetArraySize(item) == 2 && cJSON_IsArray(item) && take_whole(item->child, &t->begin) &&
         take_whole(item->child->next, &t->end);
}

static const struct {
  const char *key, *wanted;
  int (*take)(umbra_tensor *tensor, const cJSON *item);
} entries[] = {
    {"dtype", "a type that safetensors files have", take_type},
    {"shape", "a list of up to eight dimensions", take_shape},
    {"data_offsets", "a list of two whole numbers", take_offsets},
};
enum { ENTRIES = sizeof entries / sizeof *entries };

static umbra_status take_entry(umbra_tensor *t, const cJSON *item, unsigned *seen, const char *path) {
  for (unsigned e = 0; e < ENTRIES; e++) {
    if (strcmp(item->string, entries[e].key) != 0) continue;
    if (*seen >> e & 1u)
      return umbra_fail(UMBRA_ERROR_FORMAT, "tensor '%.64s' has '%s' twice (in %s)", t->name, entries[e].key, path);
    *seen |= 1u << e;
    if (entries[e].take(t, item)) return UMBRA_OK;
    return umbra_fail(UMBRA_ERROR_FORMAT, "'%s' of tensor '%.64s' is not %s (in %s)", entries[e].key, t->name,
                      entries[e].wanted, path);
  }
  return umbra_fail(UMBRA_ERROR_FORMAT, "tensor '%.64s' has an unknown entry (in %s)", t->name, path);
}

static umbra_status take_tensor(umbra_tensor *t, const cJSON *object, const char *path) {
  unsigned seen = 0;
  size_t size;
  t->name = object->string;
  for (const cJSON *item = cJSON_IsObject(object) ? object->child : NULL; item; item = item->next)
    UMBRA_TRY(take_entry(t, item, &seen, path));
  if (seen != (1u << ENTRIES) - 1)
    return umbra_fail(UMBRA_ERROR_FORMAT, "tensor '%.64s' has not 'dtype', 'shape' and 'data_offsets' (in %s)", t->name,
                      path);
  if (t->end >= t->begin && !__builtin_mul_overflow(t->count, t->type->bytes, &size) && size == t->end - t->begin)
    return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT,
                    "the shape of tensor '%.64s' does not go with bytes %" PRIu64 " to %" PRIu64 " of values (in %s)",
                    t->name, t->begin, t->end, path);
}

/* ---- all of them ---- */

static int by_place(const void *a, const void *b) {
  const umbra_tensor *x = a, *y = b;
  if (x->begin != y->begin) return x->begin < y->begin ? -1 : 1;
  return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b) {
  return strcmp(((const umbra_tensor *)a)->name, ((const umbra_tensor *)b)->name);
}

/* Each begins where the one before it ends, and the last one ends with the file. */
static umbra_status check_places(umbra_tensors_header *header, uint64_t bytes, const char *path) {
  uint64_t next = 0;
  qsort(header->tensors, header->count, sizeof *header->tensors, by_place);
  for (size_t i = 0; i < header->count; next = header->tensors[i++].end)
    if (header->tensors[i].begin != next)
      return umbra_fail(UMBRA_ERROR_FORMAT,
                        "tensor '%.64s' begins at byte %" PRIu64 " of the values, where %" PRIu64 " is next (in %s)",
                        header->tensors[i].name, header->tensors[i].begin, next, path);
  if (next == bytes) return UMBRA_OK;
  return umbra_fail(UMBRA_ERROR_FORMAT, "the tensors take %" PRIu64 " bytes, and there are %" PRIu64 " (in %s)", next,
                    bytes, path);
}

static umbra_status check_names(umbra_tensors_header *header, const char *path) {
  qsort(header->tensors, header->count, sizeof *header->tensors, by_name);
  for (size_t i = 1; i < header->count; i++)
    if (by_name(&header->tensors[i - 1], &header->tensors[i]) == 0)
      return umbra_fail(UMBRA_ERROR_FORMAT, "there are two tensors '%.64s' (in %s)", header->tensors[i].name, path);
  return UMBRA_OK;
}

/* What people wrote about the file. */
static umbra_status check_metadata(const cJSON *object, int *seen, const char *path) {
  int right = cJSON_IsObject(object) && !*seen;
  *seen = 1;
  for (const cJSON *item = right ? object->child : NULL; item; item = item->next) right = right && cJSON_IsString(item);
  return right ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "'__metadata__' is not one object of texts (in %s)", path);
}

static umbra_status take_all(umbra_tensors_header *header, uint64_t bytes, const char *path) {
  int metadata = 0;
  const size_t most = (size_t)cJSON_GetArraySize(header->json);
  UMBRA_TRY(umbra_alloc(&header->tensors, most ? most : 1, sizeof *header->tensors, "tensors"));
  for (const cJSON *item = header->json->child; item; item = item->next) {
    if (strcmp(item->string, "__metadata__") == 0) UMBRA_TRY(check_metadata(item, &metadata, path));
    else UMBRA_TRY(take_tensor(&header->tensors[header->count++], item, path));
  }
  UMBRA_TRY(check_places(header, bytes, path));
  return check_names(header, path);
}

umbra_status umbra_tensors_header_parse(umbra_tensors_header *header, const char *text, size_t size, uint64_t bytes,
                                        const char *path) {
  umbra_tensors_header made = {0};
  UMBRA_TRY(parse(&made.json, text, size, path));
  umbra_status status = take_all(&made, bytes, path);
  if (status == UMBRA_OK) *header = made;
  else umbra_tensors_header_clear(&made);
  return status;
}

void umbra_tensors_header_clear(umbra_tensors_header *header) {
  cJSON_Delete(header->json);
  umbra_free(header->tensors);
  *header = (umbra_tensors_header){0};
}
