/* SPDX-License-Identifier: Apache-2.0 */
/* Files with weights beside an ONNX file: in its folder or below it, and nowhere else. */
#ifndef UMBRA_MODEL_ONNX_EXTERNAL_H
#define UMBRA_MODEL_ONNX_EXTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <umbra/status.h>

/* The folder, and how much has been read of each of its files. */
typedef struct umbra_onnx_folder {
  int folder; /* open, or below 0 */
  struct umbra_onnx_source {
    dev_t device;
    ino_t inode;
    uint64_t left;
  } * sources;
  size_t source_count;
} umbra_onnx_folder;

/* The folder that the file is in. Errors: IO. */
umbra_status umbra_onnx_folder_open(umbra_onnx_folder *folder, const char *path);
void umbra_onnx_folder_close(umbra_onnx_folder *folder);

/*
 * `size` bytes from `offset` on of the file at `location`, a relative path whose parts are neither ".." nor links. *bytes
 * is to be freed. Errors: FORMAT (another path; the file is too short; all its bytes have been read twice), IO.
 */
umbra_status umbra_onnx_read_external(umbra_onnx_folder *folder, uint8_t **bytes, const char *location, uint64_t offset,
                                      size_t size);

#endif
