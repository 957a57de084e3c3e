/* SPDX-License-Identifier: Apache-2.0 */
/* Stands in for CUDA's header of this name when the .cu files are compiled for the emulator; see ../emu.h. */
#ifndef UMBRA_EMU_CUDA_RUNTIME_H
#define UMBRA_EMU_CUDA_RUNTIME_H

#include "emu_device.h"
#include "emu_launch.h"
#include "emu_runtime.h"

#endif
