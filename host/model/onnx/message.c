/* SPDX-License-Identifier: Apache-2.0 */
#include "message.h"

#include <unistd.h>

#include "../../base/error.h"
#include "../../base/memory.h"
#include "../../io/storage.h"
#include "scan.h"

enum { CAP_FACTOR = 8, CAP_BASE = 1 << 20 };
#define MOST_BYTES (UINT64_C(1) << 31) /* protobuf's own limit */

/* ---- memory ---- */

static void *allocate(void *data, size_t size) {
  umbra_onnx_memory *memory = data;
  void *block = NULL;
  if (memory->status == UMBRA_OK && size > memory->left)
    memory->status =
        umbra_fail(UMBRA_ERROR_FORMAT, "its parts are so many that they would take %d times its bytes", CAP_FACTOR);
  if (memory->status == UMBRA_OK) memory->status = umbra_alloc(&block, 1, size ? size : 1, "an ONNX model");
  if (memory->status == UMBRA_OK) memory->left -= size;
  return block;
}

static void release(void *data, void *block) {
  (void)data;
  umbra_free(block);
}

/* ---- files ---- */

static umbra_status unpack(umbra_onnx_file *file, const uint8_t *bytes, size_t size) {
  UMBRA_TRY(umbra_onnx_scan(bytes, size));
  file->bytes = size;
  file->memory = (umbra_onnx_memory){{allocate, release, NULL}, CAP_FACTOR * size + CAP_BASE, UMBRA_OK};
  file->memory.allocator.allocator_data = &file->memory;
  file->model = umbra_onnx__model__unpack(&file->memory.allocator, size, bytes);
  if (!file->model && file->memory.status != UMBRA_OK) return file->memory.status;
  if (!file->model) return umbra_fail(UMBRA_ERROR_FORMAT, "it is malformed");
  return file->model->graph ? UMBRA_OK : umbra_fail(UMBRA_ERROR_FORMAT, "it has no graph");
}

static umbra_status read_whole(uint8_t **bytes, size_t *size, const char *path) {
  int file;
  uint64_t length;
  UMBRA_TRY(umbra_storage_open(&file, &length, path));
  umbra_status status = UMBRA_OK;
  if (length == 0 || length >= MOST_BYTES)
    status = umbra_fail(UMBRA_ERROR_FORMAT, "'%s' is no ONNX file: it is empty, or has 2 GiB or more", path);
  if (status == UMBRA_OK) status = umbra_alloc(bytes, 1, length, "an ONNX file");
  if (status == UMBRA_OK) status = umbra_storage_read(file, *bytes, length, path);
  *size = length;
  close(file);
  return status;
}

umbra_status umbra_onnx_file_open(umbra_onnx_file *file, const char *path) {
  uint8_t *bytes = NULL;
  size_t size;
  *file = (umbra_onnx_file){0};
  umbra_status status = read_whole(&bytes, &size, path);
  if (status == UMBRA_OK) status = unpack(file, bytes, size);
  umbra_free(bytes);
  if (status != UMBRA_OK) umbra_onnx_file_close(file);
  return status;
}

void umbra_onnx_file_close(umbra_onnx_file *file) {
  if (file->model) umbra_onnx__model__free_unpacked(file->model, &file->memory.allocator);
  file->model = NULL;
}
