/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of answers in files: .npy, .csv, or .json, which has them as lists within each other. */
#ifndef UMBRA_CLI_ANSWERS_H
#define UMBRA_CLI_ANSWERS_H

#include <stdbool.h>
#include <umbra/ndarray.h>

/* False, with an error, if no such file can have this name. */
bool cli_is_answers(const char *option, const char *path);

/* Replaces the file, which keeps its mode. */
bool cli_answers_write(const umbra_ndarray *answers, const char *option, const char *path);

#endif
