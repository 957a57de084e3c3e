/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of keys, plaintexts, ciphertexts, and of objects made of these, have in common. */
#ifndef UMBRA_CKKS_FILE_H
#define UMBRA_CKKS_FILE_H

#include <umbra/file.h>

#include "../base/error.h"
#include "../base/outputs.h"
#include "../io/format.h"
#include "ciphertext_internal.h"
#include "trace.h"

/* Identifies an object of a context; owner may be NULL. */
void umbra_file_identify(umbra_writer *writer, const umbra_context *context, const uint8_t *owner);

/* A section of residues, as umbra_residues_write. */
umbra_status umbra_file_write_poly(umbra_writer *writer, const umbra_context *context, const umbra_poly *poly,
                                   uint32_t step);

/* The record of a plaintext's section VALUE; of a ciphertext's in older files. */
typedef struct umbra_value_record {
  uint32_t level, slots;
  double magnitude, error;
  uint32_t seeded, reserved;
} umbra_value_record;
_Static_assert(sizeof(umbra_value_record) == 32, "no padding");

/* FORMAT unless there are such values: of a record that was read, of a container of the context's parameters. */
umbra_status umbra_file_check_value(const umbra_reader *reader, const umbra_context *context,
                                    const umbra_value_record *value);

/* FORMAT if no value of its level is so large (range.h): of a plaintext, and of a ciphertext that claims to fit. */
umbra_status umbra_file_check_held(const umbra_reader *reader, const umbra_context *context,
                                   const umbra_value_record *value);

/* A ciphertext as sections of any container. The owner is the container's; *ciphertext is set as soon as it exists. */
umbra_status umbra_file_write_ciphertext(umbra_writer *writer, const umbra_ciphertext *ciphertext);
umbra_status umbra_file_read_ciphertext(umbra_reader *reader, const umbra_context *context,
                                        umbra_ciphertext **ciphertext);

/* Bytes of these sections, of a ciphertext without a seed; and how many fewer they were in older files. */
uint64_t umbra_file_ciphertext_bytes(const umbra_params *params, uint32_t level);
uint64_t umbra_file_ciphertext_growth(void);

/* How many fewer they are with a seed, which stands for the half of the residues. */
uint64_t umbra_file_seed_saving(const umbra_params *params, uint32_t level);

/* The same for a part of a larger object, which must be over all slots. */
umbra_status umbra_file_read_part(umbra_reader *reader, const umbra_context *context, umbra_ciphertext **part);

/*
 * The functions of io/format.h with progress, for objects of a context, which is the argument of the format's
 * load.
 */
umbra_status umbra_file_save(const umbra_format *format, const void *object, const char *path,
                             const umbra_progress *progress);
umbra_status umbra_file_write(const umbra_format *format, const void *object, void *buffer, size_t *size,
                              const umbra_progress *progress);
umbra_status umbra_file_send(const umbra_format *format, const void *object, umbra_write_fn write, void *user,
                             const umbra_progress *progress);
umbra_status umbra_file_load(const umbra_format *format, void **object, const umbra_context *context, const char *path,
                             const umbra_progress *progress);
umbra_status umbra_file_read(const umbra_format *format, void **object, const umbra_context *context,
                             const void *buffer, size_t size, const umbra_progress *progress);
umbra_status umbra_file_receive(const umbra_format *format, void **object, const umbra_context *context,
                                umbra_read_fn read, void *user, uint64_t most, const umbra_progress *progress);

/* The six functions that UMBRA_DECLARE_FILE_FUNCTIONS declares, of a type that has its context. */
#define UMBRA_DEFINE_FILE_FUNCTIONS(type, format)                                                                  \
  umbra_status umbra_##type##_save(const umbra_##type *object, const char *path, const umbra_progress *progress) { \
    UMBRA_TRACE_OF(object, #type "_save", 0);                                                                      \
    return umbra_file_save(format, object, path, progress);                                                        \
  }                                                                                                                \
  umbra_status umbra_##type##_write(const umbra_##type *object, void *buffer, size_t *size,                        \
                                    const umbra_progress *progress) {                                              \
    UMBRA_TRACE_OF(object, #type "_write", 0);                                                                     \
    return umbra_file_write(format, object, buffer, size, progress);                                               \
  }                                                                                                                \
  umbra_status umbra_##type##_send(const umbra_##type *object, umbra_write_fn write, void *user,                   \
                                   const umbra_progress *progress) {                                               \
    UMBRA_TRACE_OF(object, #type "_send", 0);                                                                      \
    return umbra_file_send(format, object, write, user, progress);                                                 \
  }                                                                                                                \
  umbra_status umbra_##type##_load(umbra_##type **object, const umbra_context *context, const char *path,          \
                                   const umbra_progress *progress) {                                               \
    UMBRA_TRACE_IN(context, #type "_load", 0);                                                                     \
    void *made = NULL;                                                                                             \
    UMBRA_TRY(umbra_file_load(format, object ? &made : NULL, context, path, progress));                            \
    UMBRA_PUT(type, object, made);                                                                                 \
    return UMBRA_OK;                                                                                               \
  }                                                                                                                \
  umbra_status umbra_##type##_read(umbra_##type **object, const umbra_context *context, const void *buffer,        \
                                   size_t size, const umbra_progress *progress) {                                  \
    UMBRA_TRACE_IN(context, #type "_read", 0);                                                                     \
    void *made = NULL;                                                                                             \
    UMBRA_TRY(umbra_file_read(format, object ? &made : NULL, context, buffer, size, progress));                    \
    UMBRA_PUT(type, object, made);                                                                                 \
    return UMBRA_OK;                                                                                               \
  }                                                                                                                \
  umbra_status umbra_##type##_receive(umbra_##type **object, const umbra_context *context, umbra_read_fn read,     \
                                      void *user, uint64_t most_bytes, const umbra_progress *progress) {           \
    UMBRA_TRACE_IN(context, #type "_receive", 0);                                                                  \
    void *made = NULL;                                                                                             \
    UMBRA_TRY(umbra_file_receive(format, object ? &made : NULL, context, read, user, most_bytes, progress));       \
    UMBRA_PUT(type, object, made);                                                                                 \
    return UMBRA_OK;                                                                                               \
  }

#endif
