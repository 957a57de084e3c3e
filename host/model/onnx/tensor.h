/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors of an ONNX file as constants. */
#ifndef UMBRA_MODEL_ONNX_TENSOR_H
#define UMBRA_MODEL_ONNX_TENSOR_H

#include "import.h"

/*
 * made: empty. Texts become their numbers from 0 on. Errors: FORMAT (dims, type and data do not go together; data in two
 * places), UNSUPPORTED (types without real numbers), and those of external data.
 */
umbra_status umbra_onnx_read_tensor(umbra_onnx_value *made, umbra_onnx_import *import, const UmbraOnnx__Tensor *tensor);

/* Whether numbers of that type of ONNX are integers, for Cast. Errors: UNSUPPORTED. */
umbra_status umbra_onnx_type_is_integer(int *integer, int64_t type);

#endif
