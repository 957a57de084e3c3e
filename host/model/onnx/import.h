/* SPDX-License-Identifier: Apache-2.0 */
/* An import at work: the model so far, the names of the graph, and what the handlers of operators share. */
#ifndef UMBRA_MODEL_ONNX_IMPORT_H
#define UMBRA_MODEL_ONNX_IMPORT_H

#include "../graph.h"
#include "external.h"
#include "message.h"
#include "names.h"
#include "value.h"

typedef struct umbra_onnx_import {
  umbra_model *model; /* NULL until the input is known */
  umbra_onnx_file file;
  umbra_onnx_folder folder;
  umbra_onnx_names names;
  umbra_onnx_budget budget;
  int64_t opset, ml_opset; /* 0: not imported */
  size_t batch;            /* the size that the file gives the batch; 0: any */
} umbra_onnx_import;

/* A node of the file with its inputs; one that is left out is ABSENT. Inputs stay where they are. */
typedef struct umbra_onnx_node {
  umbra_onnx_import *import;
  const UmbraOnnx__Node *proto;
  const umbra_onnx_value **inputs;
  size_t count;
  char title[UMBRA_NODE_TEXT]; /* node 'pool_3' (MaxPool) */
} umbra_onnx_node;

/* Makes what a node says of a model. Texts of errors speak of the node as "it"; its name comes before them. */
typedef umbra_status umbra_onnx_handler(umbra_onnx_node *n);

/* ---- inputs ---- */

/* Input i, or an ABSENT value if there are not so many. */
const umbra_onnx_value *umbra_onnx_input(const umbra_onnx_node *n, size_t i);

int umbra_onnx_is_constant(const umbra_onnx_node *n, size_t i);
int umbra_onnx_all_constant(const umbra_onnx_node *n);

/* Errors: UNSUPPORTED, if it flows: `what` is to be known beforehand. FORMAT, if it is ABSENT. */
umbra_status umbra_onnx_need_constant(const umbra_onnx_node *n, size_t i, const char *what);

/* The same for what is used as it is. Errors: also UNSUPPORTED, if it has multiples of the batch's size. */
umbra_status umbra_onnx_need_number(const umbra_onnx_node *n, size_t i, const char *what);

/* Errors: UNSUPPORTED, if it is constant, or has been closed already: an inner softmax or argmax. */
umbra_status umbra_onnx_need_flowing(const umbra_onnx_node *n, size_t i);

/*
 * The integers of an attribute, or of constant input i where there is no such attribute. *values is to be freed, and NULL
 * if neither is there.
 */
umbra_status umbra_onnx_integers(const umbra_onnx_node *n, int64_t **values, size_t *count, const char *attribute,
                                 size_t i);

/* -rank <= *axis < rank becomes 0 <= *axis < rank. Errors: FORMAT. */
umbra_status umbra_onnx_axis_of(int64_t *axis, size_t rank);

/* ---- outputs ---- */

/* Gives output k what is in *made, which then is empty; if `status` is not OK, clears it and returns that. */
umbra_status umbra_onnx_give(umbra_onnx_node *n, size_t k, umbra_status status, umbra_onnx_value *made);

/* Output 0 is *node of the model, in order, with these dims behind the batch. *node: set by what gave the status. */
umbra_status umbra_onnx_give_node(umbra_onnx_node *n, umbra_status status, const uint32_t *node, const size_t *dims,
                                  size_t rank);

/* Output 0 is *node, which has the elements of `value` one to one: where each is, and its dims, stay. */
umbra_status umbra_onnx_give_like(umbra_onnx_node *n, umbra_status status, const uint32_t *node,
                                  const umbra_onnx_value *value);

/* ---- the model ---- */

/* A node with the value's elements in order: the value's own, or one that selects them. */
umbra_status umbra_onnx_settle(umbra_onnx_node *n, uint32_t *node, const umbra_onnx_value *value);

/* The value as such a node, in order; *made shares all else with it. */
umbra_status umbra_onnx_settled(umbra_onnx_node *n, umbra_onnx_value *made, const umbra_onnx_value *value);

/* ---- errors ---- */

/* Puts what it was before the text of an error. What is out of range, or no argument, in a file is malformed (FORMAT). */
umbra_status umbra_onnx_blame(umbra_status status, const char *what);

#endif
