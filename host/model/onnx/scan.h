/* SPDX-License-Identifier: Apache-2.0 */
/* A look at the wire format of an ONNX file before anything is made of it. */
#ifndef UMBRA_MODEL_ONNX_SCAN_H
#define UMBRA_MODEL_ONNX_SCAN_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/status.h>

enum { UMBRA_ONNX_MAX_NESTING = 16, UMBRA_ONNX_MAX_MESSAGES = 1 << 20 };

/*
 * Whether the bytes are an ONNX model of known fields only, each of its wire type, within its message, at most as often
 * as it may be; texts without zeros; at most MAX_NESTING messages inside each other and MAX_MESSAGES in all.
 * Errors: FORMAT; UNSUPPORTED for what is known and not for us.
 */
umbra_status umbra_onnx_scan(const uint8_t *bytes, size_t size);

#endif
