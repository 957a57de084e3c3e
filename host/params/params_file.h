/* SPDX-License-Identifier: Apache-2.0 */
/* A parameter set as sections of any container, whose header then has the set's digest and flags. */
#ifndef UMBRA_PARAMS_PARAMS_FILE_H
#define UMBRA_PARAMS_PARAMS_FILE_H

#include <umbra/params.h>

#include "../io/reader.h"
#include "../io/writer.h"

/* Identifies the container, then writes the set: these sections come first. */
umbra_status umbra_params_write_sections(umbra_writer *writer, const umbra_params *params);

/* *params is set as soon as it exists, and is the caller's also after an error. */
umbra_status umbra_params_read_sections(umbra_reader *reader, umbra_params **params);

#endif
