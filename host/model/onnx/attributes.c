/* SPDX-License-Identifier: Apache-2.0 */
#include "attributes.h"

#include <string.h>

#include "../../base/error.h"

/* The letter of a name in a list such as "axis:i keepdims:i"; 0: it is not there. */
static char letter_of(const char *known, const char *name) {
  size_t length = strcspn(name, " :");
  if (name[length]) return 0;
  for (const char *at = known; length && (at = strstr(at, name)); at++)
    if ((at == known || at[-1] == ' ') && at[length] == ':') return at[length + 1];
  return 0;
}

/* ONNX's numbers of attribute types. */
static char letter_of_type(int32_t type) {
  static const char letters[] = {[1] = 'f', [2] = 'i', [3] = 's', [4] = 't', [6] = 'F', [7] = 'I', [8] = 'S'};
  return type > 0 && (size_t)type < sizeof letters ? letters[type] : 0;
}

static umbra_status check(const UmbraOnnx__Node *node, size_t k, const char *known) {
  const UmbraOnnx__Attribute *a = node->attribute[k];
  char wanted = letter_of(known, a->name);
  if (!wanted) return umbra_fail(UMBRA_ERROR_UNSUPPORTED, "attribute '%.64s' is not known here", a->name);
  if (letter_of_type(a->type) != wanted || (wanted == 't') != (a->t != NULL))
    return umbra_fail(UMBRA_ERROR_FORMAT, "attribute '%s' has type %d", a->name, a->type);
  for (size_t i = 0; i < k; i++)
    if (strcmp(node->attribute[i]->name, a->name) == 0)
      return umbra_fail(UMBRA_ERROR_FORMAT, "attribute '%s' is there twice", a->name);
  return UMBRA_OK;
}

umbra_status umbra_onnx_check_attributes(const UmbraOnnx__Node *node, const char *known) {
  for (size_t k = 0; k < node->n_attribute; k++) UMBRA_TRY(check(node, k, known));
  return UMBRA_OK;
}

const UmbraOnnx__Attribute *umbra_onnx_attribute(const UmbraOnnx__Node *node, const char *name) {
  for (size_t k = 0; k < node->n_attribute; k++)
    if (strcmp(node->attribute[k]->name, name) == 0) return node->attribute[k];
  return NULL;
}

int64_t umbra_onnx_int(const UmbraOnnx__Node *node, const char *name, int64_t otherwise) {
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(node, name);
  return a ? a->i : otherwise;
}

double umbra_onnx_float(const UmbraOnnx__Node *node, const char *name, double otherwise) {
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(node, name);
  return a ? (double)a->f : otherwise;
}

umbra_status umbra_onnx_choice(int *choice, const UmbraOnnx__Node *node, const char *name, const char *const *words) {
  const UmbraOnnx__Attribute *a = umbra_onnx_attribute(node, name);
  for (*choice = 0; a && words[*choice]; ++*choice)
    if (strlen(words[*choice]) == a->s.len && memcmp(words[*choice], a->s.data, a->s.len) == 0) return UMBRA_OK;
  return a ? umbra_fail(UMBRA_ERROR_UNSUPPORTED, "attribute '%s' is '%.*s', which cannot be computed", name,
                        a->s.len > 32 ? 32 : (int)a->s.len, a->s.len ? (const char *)a->s.data : "")
           : UMBRA_OK;
}
