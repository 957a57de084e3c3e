/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of a node. Each has its type, and stands in the list of its operator. */
#ifndef UMBRA_MODEL_ONNX_ATTRIBUTES_H
#define UMBRA_MODEL_ONNX_ATTRIBUTES_H

#include <umbra/status.h>

#include <onnx.pb-c.h>

/*
 * known: what the operator may have, as "axis:i keepdims:i"; the letter is the field that holds it: i, f, s, t, I (ints),
 * F (floats), S (strings). Errors: UNSUPPORTED (another name), FORMAT (another type; twice).
 */
umbra_status umbra_onnx_check_attributes(const UmbraOnnx__Node *node, const char *known);

/* NULL: it is not there. */
const UmbraOnnx__Attribute *umbra_onnx_attribute(const UmbraOnnx__Node *node, const char *name);

int64_t umbra_onnx_int(const UmbraOnnx__Node *node, const char *name, int64_t otherwise);
double umbra_onnx_float(const UmbraOnnx__Node *node, const char *name, double otherwise);

/* Which of the words, NULL at their end, a text attribute is; 0 without one. Errors: UNSUPPORTED (none of them). */
umbra_status umbra_onnx_choice(int *choice, const UmbraOnnx__Node *node, const char *name, const char *const *words);

#endif
