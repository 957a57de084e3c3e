/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of ONNX's messages by number, as its documentation lists them, and what becomes of each: taken, left out
 * because it changes no result (texts for people, shapes of intermediate values), or refused.
 */
#include "scan.h"

#include <string.h>

#include "../../base/error.h"

typedef enum message {
  NONE,
  MODEL,
  GRAPH,
  NODE,
  ATTRIBUTE,
  TENSOR,
  VALUE,
  TYPE,
  TENSOR_TYPE,
  SHAPE,
  DIMENSION,
  OPSET,
  ENTRY,
  MESSAGES
} message;

typedef enum form {
  NUMBER,   /* a varint */
  NUMBERS,  /* varints, also packed */
  FLOAT32,  /* four bytes */
  FLOATS32, /* also packed */
  FLOATS64,
  TEXT,
  TEXTS,
  BYTES,
  PARTS,   /* bytes, repeated */
  PART,    /* a message */
  PARTS_OF /* messages */
} form;

typedef enum use { TAKE, LEAVE, REFUSE } use;

typedef struct field {
  uint32_t number;
  form form;
  message of; /* what is inside, for PART and PARTS_OF */
  use use;
  const char *name;
} field;

enum { MOST_FIELDS = 24 };

typedef struct layout {
  const char *name;
  field fields[MOST_FIELDS]; /* up to number 0 */
} layout;

static const layout layouts[MESSAGES] = {
    [MODEL] = {"the model",
               {{1, NUMBER, NONE, TAKE, "ir_version"},
                {2, TEXT, NONE, TAKE, "producer_name"},
                {3, TEXT, NONE, TAKE, "producer_version"},
                {4, TEXT, NONE, LEAVE, "domain"},
                {5, NUMBER, NONE, LEAVE, "model_version"},
                {6, TEXT, NONE, LEAVE, "doc_string"},
                {7, PART, GRAPH, TAKE, "graph"},
                {8, PARTS_OF, OPSET, TAKE, "opset_import"},
                {14, PARTS_OF, ENTRY, TAKE, "metadata_props"},
                {20, PARTS, NONE, REFUSE, "training_info"},
                {25, PARTS, NONE, REFUSE, "functions"},
                {26, PARTS, NONE, LEAVE, "configuration"}}},
    [GRAPH] = {"a graph",
               {{1, PARTS_OF, NODE, TAKE, "node"},
                {2, TEXT, NONE, TAKE, "name"},
                {5, PARTS_OF, TENSOR, TAKE, "initializer"},
                {10, TEXT, NONE, LEAVE, "doc_string"},
                {11, PARTS_OF, VALUE, TAKE, "input"},
                {12, PARTS_OF, VALUE, TAKE, "output"},
                {13, PARTS, NONE, LEAVE, "value_info"},
                {14, PARTS, NONE, REFUSE, "quantization_annotation"},
                {15, PARTS, NONE, REFUSE, "sparse_initializer"},
                {16, PARTS, NONE, LEAVE, "metadata_props"}}},
    [NODE] = {"a node",
              {{1, TEXTS, NONE, TAKE, "input"},
               {2, TEXTS, NONE, TAKE, "output"},
               {3, TEXT, NONE, TAKE, "name"},
               {4, TEXT, NONE, TAKE, "op_type"},
               {5, PARTS_OF, ATTRIBUTE, TAKE, "attribute"},
               {6, TEXT, NONE, LEAVE, "doc_string"},
               {7, TEXT, NONE, TAKE, "domain"},
               {8, TEXT, NONE, REFUSE, "overload"},
               {9, PARTS, NONE, LEAVE, "metadata_props"},
               {10, PARTS, NONE, LEAVE, "device_configurations"}}},
    [ATTRIBUTE] = {"an attribute",
                   {{1, TEXT, NONE, TAKE, "name"},
                    {2, FLOAT32, NONE, TAKE, "f"},
                    {3, NUMBER, NONE, TAKE, "i"},
                    {4, BYTES, NONE, TAKE, "s"},
                    {5, PART, TENSOR, TAKE, "t"},
                    {6, PART, GRAPH, TAKE, "g"},
                    {7, FLOATS32, NONE, TAKE, "floats"},
                    {8, NUMBERS, NONE, TAKE, "ints"},
                    {9, PARTS, NONE, TAKE, "strings"},
                    {10, PARTS, NONE, REFUSE, "tensors"},
                    {11, PARTS_OF, GRAPH, TAKE, "graphs"},
                    {13, TEXT, NONE, LEAVE, "doc_string"},
                    {14, BYTES, NONE, REFUSE, "tp"},
                    {15, PARTS, NONE, REFUSE, "type_protos"},
                    {20, NUMBER, NONE, TAKE, "type"},
                    {21, TEXT, NONE, REFUSE, "ref_attr_name"},
                    {22, BYTES, NONE, REFUSE, "sparse_tensor"},
                    {23, PARTS, NONE, REFUSE, "sparse_tensors"}}},
    [TENSOR] = {"a tensor",
                {{1, NUMBERS, NONE, TAKE, "dims"},
                 {2, NUMBER, NONE, TAKE, "data_type"},
                 {3, BYTES, NONE, REFUSE, "segment"},
                 {4, FLOATS32, NONE, TAKE, "float_data"},
                 {5, NUMBERS, NONE, TAKE, "int32_data"},
                 {6, PARTS, NONE, TAKE, "string_data"},
                 {7, NUMBERS, NONE, TAKE, "int64_data"},
                 {8, TEXT, NONE, TAKE, "name"},
                 {9, BYTES, NONE, TAKE, "raw_data"},
                 {10, FLOATS64, NONE, TAKE, "double_data"},
                 {11, NUMBERS, NONE, REFUSE, "uint64_data"},
                 {12, TEXT, NONE, LEAVE, "doc_string"},
                 {13, PARTS_OF, ENTRY, TAKE, "external_data"},
                 {14, NUMBER, NONE, TAKE, "data_location"},
                 {16, PARTS, NONE, LEAVE, "metadata_props"}}},
    [VALUE] = {"an input or output",
               {{1, TEXT, NONE, TAKE, "name"},
                {2, PART, TYPE, TAKE, "type"},
                {3, TEXT, NONE, LEAVE, "doc_string"},
                {4, PARTS, NONE, LEAVE, "metadata_props"}}},
    [TYPE] = {"a type",
              {{1, PART, TENSOR_TYPE, TAKE, "tensor_type"},
               {4, BYTES, NONE, LEAVE, "sequence_type"},
               {5, BYTES, NONE, LEAVE, "map_type"},
               {6, TEXT, NONE, LEAVE, "denotation"},
               {7, BYTES, NONE, LEAVE, "opaque_type"},
               {8, BYTES, NONE, LEAVE, "sparse_tensor_type"},
               {9, BYTES, NONE, LEAVE, "optional_type"}}},
    [TENSOR_TYPE] = {"a tensor's type", {{1, NUMBER, NONE, TAKE, "elem_type"}, {2, PART, SHAPE, TAKE, "shape"}}},
    [SHAPE] = {"a shape", {{1, PARTS_OF, DIMENSION, TAKE, "dim"}}},
    [DIMENSION] = {"a dimension",
                   {{1, NUMBER, NONE, TAKE, "dim_value"},
                    {2, TEXT, NONE, TAKE, "dim_param"},
                    {3, TEXT, NONE, LEAVE, "denotation"}}},
    [OPSET] = {"an operator set", {{1, TEXT, NONE, TAKE, "domain"}, {2, NUMBER, NONE, TAKE, "version"}}},
    [ENTRY] = {"an entry", {{1, TEXT, NONE, TAKE, "key"}, {2, TEXT, NONE, TAKE, "value"}}},
};

enum { VARINT = 0, FIXED64 = 1, LENGTH = 2, FIXED32 = 5 };

/* ---- bytes ---- */

typedef struct reader {
  const uint8_t *at, *end;
} reader;

static int take_varint(reader *r, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
    uint8_t byte = *r->at++;
    if (shift == 63 && byte > 1) return 0;
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) return 1;
  }
  return 0;
}

/* What follows a key of that wire type; of VARINT nothing is kept. */
static int take_payload(reader *r, unsigned wire, reader *payload) {
  uint64_t length = wire == FIXED64 ? 8 : 4;
  if (wire == VARINT) return take_varint(r, &length);
  if (wire == LENGTH && !take_varint(r, &length)) return 0;
  if (wire != FIXED64 && wire != FIXED32 && wire != LENGTH) return 0;
  if (length > (uint64_t)(r->end - r->at)) return 0;
  *payload = (reader){r->at, r->at + length};
  r->at += length;
  return 1;
}

static int is_packed_varints(reader r) {
  for (uint64_t value; r.at < r.end;)
    if (!take_varint(&r, &value)) return 0;
  return 1;
}

/* ---- fields ---- */

static const field *find(const layout *l, uint64_t number) {
  for (const field *f = l->fields; f < l->fields + MOST_FIELDS && f->number; f++)
    if (f->number == number) return f;
  return NULL;
}

static int is_repeated(form form) {
  return form == NUMBERS || form == FLOATS32 || form == FLOATS64 || form == TEXTS || form == PARTS || form == PARTS_OF;
}

/* Whether a payload of that wire type can be the field's. */
static int has_form(const field *f, unsigned wire, reader payload) {
  size_t size = wire == LENGTH ? (size_t)(payload.end - payload.at) : 0;
  switch (f->form) {
    case NUMBER: return wire == VARINT;
    case NUMBERS: return wire == VARINT || (wire == LENGTH && is_packed_varints(payload));
    case FLOAT32: return wire == FIXED32;
    case FLOATS32: return wire == FIXED32 || (wire == LENGTH && size % 4 == 0);
    case FLOATS64: return wire == FIXED64 || (wire == LENGTH && size % 8 == 0);
    case TEXT:
    case TEXTS: return wire == LENGTH && !memchr(payload.at, 0, size);
    default: return wire == LENGTH;
  }
}

static umbra_status check_field(const layout *l, const field *f, uint32_t *seen, unsigned wire, reader payload) {
  if (!has_form(f, wire, payload))
    return umbra_fail(UMBRA_ERROR_FORMAT, "field %s of %s is not what it should be", f->name, l->name);
  if (f->use == REFUSE && (f->form != TEXT || payload.at < payload.end)) /* an empty text says nothing */
    return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "%s has a field %s, which cannot be used here", l->name, f->name);
  uint32_t bit = 1u << (f - l->fields);
  if (*seen & bit && !is_repeated(f->form))
    return umbra_fail(UMBRA_ERROR_FORMAT, "field %s is there twice in %s", f->name, l->name);
  *seen |= bit;
  return UMBRA_OK;
}

static umbra_status scan(reader r, message kind, unsigned depth, uint32_t *messages) {
  const layout *l = &layouts[kind];
  if (depth > UMBRA_ONNX_MAX_NESTING)
    return umbra_fail(UMBRA_ERROR_FORMAT, "messages are nested more than %d deep", UMBRA_ONNX_MAX_NESTING);
  if (++*messages > UMBRA_ONNX_MAX_MESSAGES)
    return umbra_fail(UMBRA_ERROR_FORMAT, "there are more than %d messages", UMBRA_ONNX_MAX_MESSAGES);
  uint32_t seen = 0;
  while (r.at < r.end) {
    uint64_t key;
    reader payload = {r.at, r.at};
    if (!take_varint(&r, &key) || !take_payload(&r, key & 7, &payload))
      return umbra_fail(UMBRA_ERROR_FORMAT, "%s ends within a field, or has one of no known form", l->name);
    const field *f = find(l, key >> 3);
    if (!f)
      return umbra_fail(UMBRA_ERROR_FORMAT, "%s has a field %llu, which ONNX does not", l->name,
                        (unsigned long long)(key >> 3));
    UMBRA_TRY(check_field(l, f, &seen, key & 7, payload));
    if (f->of != NONE) UMBRA_TRY(scan(payload, f->of, depth + 1, messages));
  }
  return UMBRA_OK;
}

umbra_status umbra_onnx_scan(const uint8_t *bytes, size_t size) {
  uint32_t messages = 0;
  return scan((reader){bytes, bytes + size}, MODEL, 1, &messages);
}
