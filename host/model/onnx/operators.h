/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operators: who handles them, and what could take the place of those that nobody does. */
#ifndef UMBRA_MODEL_ONNX_OPERATORS_H
#define UMBRA_MODEL_ONNX_OPERATORS_H

#include "import.h"

/* Imports one node of the graph. Errors begin with the node's name and type. */
umbra_status umbra_onnx_import_node(umbra_onnx_import *import, const UmbraOnnx__Node *proto);

#endif
