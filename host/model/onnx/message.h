/* SPDX-License-Identifier: Apache-2.0 */
/* An ONNX file as protobuf-c's messages. */
#ifndef UMBRA_MODEL_ONNX_MESSAGE_H
#define UMBRA_MODEL_ONNX_MESSAGE_H

#include <stdint.h>
#include <umbra/status.h>

#include <onnx.pb-c.h>

/* Counts the bytes that protobuf-c asks for, and gives no more than its cap in all. */
typedef struct umbra_onnx_memory {
  ProtobufCAllocator allocator;
  size_t left;
  umbra_status status; /* of the first request that was refused */
} umbra_onnx_memory;

typedef struct umbra_onnx_file {
  umbra_onnx_memory memory;
  UmbraOnnx__Model *model;
  size_t bytes; /* of the file */
} umbra_onnx_file;

/* Reads, scans and unpacks. Errors: IO, FORMAT, UNSUPPORTED, OUT_OF_MEMORY; then there is nothing to close. */
umbra_status umbra_onnx_file_open(umbra_onnx_file *file, const char *path);
void umbra_onnx_file_close(umbra_onnx_file *file);

#endif
