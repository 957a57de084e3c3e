/* SPDX-License-Identifier: Apache-2.0 */
/* Kernels written down as they run, for who counts what a computation asks of a device. */
#include "internal.h"

static std::atomic<FILE *> trace; /* NULL: nothing is written */

void umbra_emu_set_trace(FILE *file) { trace = file; }

void umbra_emu_append(std::string *text, const void *argument, size_t bytes) {
  static const char digits[] = "0123456789abcdef";
  if (!trace) return;
  if (!text->empty()) *text += ' ';
  for (size_t i = 0; i < bytes; i++) {
    const unsigned byte = static_cast<const uint8_t *>(argument)[i];
    *text += digits[byte >> 4];
    *text += digits[byte & 15];
  }
}

void umbra_emu_trace_add(const umbra_emu_grid &grid) {
  FILE *file = trace;
  if (!file) return;
  fprintf(file, "%s\t%u,%u,%u\t%u,%u,%u\t%zu\t%s\n", umbra_emu_name(grid.kernel), grid.blocks.x, grid.blocks.y,
          grid.blocks.z, grid.threads.x, grid.threads.y, grid.threads.z, grid.shared_bytes, grid.arguments.c_str());
}
