/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tensors with names, such as the weights of a network, in safetensors files. Arrays without a name: umbra/ndarray.h.
 *
 * Limits, so that no file makes a process huge or slow: a header of 2^24 bytes and about 2^14 tensors (2^18 numbers and
 * texts), each of up to UMBRA_NDARRAY_RANK dimensions.
 */
#ifndef UMBRA_TENSORS_H
#define UMBRA_TENSORS_H

#include <stddef.h>

#include <umbra/ndarray.h>
#include <umbra/status.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_tensors umbra_tensors;

/*
 * Reads the header, and keeps the file open for umbra_tensors_read. All of the header has to be right, and the tensors
 * have to fill the file, none over another. Errors: IO; FORMAT (malformed, or over a limit); INVALID_ARGUMENT (NULL),
 * OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_tensors_open(umbra_tensors **tensors, const char *path);
UMBRA_API void umbra_tensors_destroy(umbra_tensors *tensors);

UMBRA_API size_t umbra_tensors_count(const umbra_tensors *tensors);

/* In the order of their names; NULL if there are not so many. It belongs to the object. */
UMBRA_API const char *umbra_tensors_name(const umbra_tensors *tensors, size_t index);

/*
 * shape: UMBRA_NDARRAY_RANK numbers, of which *rank count: 0 for a single number. type: "F64", "BF16", "I8" and so on;
 * may be NULL. Errors: INVALID_ARGUMENT (no tensor of that name).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_tensors_shape(const umbra_tensors *tensors, size_t *shape, size_t *rank,
                                                          const char **type, const char *name);

/*
 * Reads F64, F32, F16, BF16, and signed or unsigned integers of 8 to 64 bits into *array, whose values are freed if it
 * has any; a single number has the shape {1}. May be called in several threads. Errors: INVALID_ARGUMENT (no tensor of
 * that name), IO, FORMAT (the file became shorter), RANGE (a value is not finite, or an integer of 2^53 or more),
 * UNSUPPORTED (another type, or no values), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_tensors_read(const umbra_tensors *tensors, umbra_ndarray *array,
                                                         const char *name);

/*
 * Writes doubles (F64): arrays[i] under the name names[i], in UTF-8. A file that is there is replaced, in one step. Errors:
 * INVALID_ARGUMENT (nothing to write, a name that comes twice), RANGE (values that are not finite), IO, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_tensors_save(const char *path, const char *const *names,
                                                         const umbra_ndarray *arrays, size_t count);

UMBRA_END_DECLS

#endif
