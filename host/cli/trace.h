/* SPDX-License-Identifier: Apache-2.0 */
/* What --trace writes: the operations with their times, in Chrome's trace format, which Perfetto reads. */
#ifndef UMBRA_CLI_TRACE_H
#define UMBRA_CLI_TRACE_H

#include <stdbool.h>
#include <umbra/trace.h>

/*
 * Opens the file; what is there is replaced if it is a trace. From here on it is a whole array after each event, however
 * the program ends. *tracer tells it of operations, from one thread at a time, and then `next` (NULL: nobody else). False,
 * with an error, if it cannot be.
 */
bool cli_trace_open(umbra_tracer *tracer, const char *path, const umbra_tracer *next);

#endif
