/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saving and loading: to files, and to memory.
 *
 * One container format, little-endian and versioned, with the digest of the parameters, lengths and BLAKE2b checksums;
 * see docs/file-format.md. Loading validates everything before it makes an object: a malformed file gives
 * UMBRA_ERROR_FORMAT and a text that says what is malformed, never a crash, an allocation beyond what the validated
 * header implies, or a half-loaded object. Objects of another parameter set than the context's give MISMATCH.
 *
 * _save writes a temporary file beside `path` and renames it, so a file is whole or absent. Only regular files are
 * replaced, and hand down their mode. _write fills a caller's buffer, as umbra/umbra.h says. The same is true of
 * parameters (umbra/params.h), matrices, feature maps and models (umbra/matrix.h, umbra/feature_map.h,
 * umbra/logistic.h), beside which they are declared.
 */
#ifndef UMBRA_FILE_H
#define UMBRA_FILE_H

#include <umbra/ciphertext.h>
#include <umbra/key_store.h>

UMBRA_BEGIN_DECLS

/*
 * A secret key is written with mode 0600, never over an existing file, and never into a folder that holds a public or
 * evaluation key, data of a training or its checkpoint. With a passphrase (may be NULL: none) it is sealed with
 * Argon2id and secretstream.
 * Loading a key that is not sealed with a passphrase given is PASSPHRASE too: the file may have been swapped.
 * Errors: EXISTS, INVALID_ARGUMENT (such a folder; empty passphrase), IO; loading: PASSPHRASE.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_save(const umbra_secret_key *key, const char *path,
                                                            const char *passphrase);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_load(umbra_secret_key **key, const umbra_context *context,
                                                            const char *path, const char *passphrase);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_write(const umbra_secret_key *key, void *buffer, size_t *size,
                                                             const char *passphrase);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_read(umbra_secret_key **key, const umbra_context *context,
                                                            const void *buffer, size_t size, const char *passphrase);

/*
 * The same, sealed by an outside key store (umbra/key_store.h) in place of a passphrase. Errors also: CANCELLED, as the
 * store says. Keys that are sealed otherwise, or not, are PASSPHRASE, as keys sealed by a store are above.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_save_stored(const umbra_secret_key *key, const char *path,
                                                                   const umbra_key_store *store);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_load_stored(umbra_secret_key **key, const umbra_context *context,
                                                                   const char *path, const umbra_key_store *store);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_write_stored(const umbra_secret_key *key, void *buffer,
                                                                    size_t *size, const umbra_key_store *store);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_secret_key_read_stored(umbra_secret_key **key, const umbra_context *context,
                                                                   const void *buffer, size_t size,
                                                                   const umbra_key_store *store);

/*
 * Of every other kind. _send writes the container through a callback, _receive reads one, which may come from a stranger:
 * a header that claims more than most_bytes is refused (RANGE), nothing after the container is read, and memory is taken
 * for what has been validated only. So objects go over sockets, one after the other. progress: may be NULL; its fraction
 * is one of bytes. Errors: IO and CANCELLED, as umbra/progress.h says of the callbacks; a file that is not saved to its
 * end is removed.
 */
#define UMBRA_DECLARE_FILE_FUNCTIONS(type)                                                                           \
  UMBRA_MUST_USE UMBRA_API umbra_status umbra_##type##_save(const umbra_##type *object, const char *path,            \
                                                            const umbra_progress *progress);                         \
  UMBRA_MUST_USE UMBRA_API umbra_status umbra_##type##_load(umbra_##type **object, const umbra_context *context,     \
                                                            const char *path, const umbra_progress *progress);       \
  UMBRA_MUST_USE UMBRA_API umbra_status umbra_##type##_write(const umbra_##type *object, void *buffer, size_t *size, \
                                                             const umbra_progress *progress);                        \
  UMBRA_MUST_USE UMBRA_API umbra_status umbra_##type##_read(umbra_##type **object, const umbra_context *context,     \
                                                            const void *buffer, size_t size,                         \
                                                            const umbra_progress *progress);                         \
  UMBRA_MUST_USE UMBRA_API umbra_status umbra_##type##_send(const umbra_##type *object, umbra_write_fn write,        \
                                                            void *user, const umbra_progress *progress);             \
  UMBRA_MUST_USE UMBRA_API umbra_status umbra_##type##_receive(umbra_##type **object, const umbra_context *context,  \
                                                               umbra_read_fn read, void *user, uint64_t most_bytes,  \
                                                               const umbra_progress *progress);

/* Public and evaluation keys are refused (INVALID_ARGUMENT) in a folder that holds a secret key. */
UMBRA_DECLARE_FILE_FUNCTIONS(public_key)
UMBRA_DECLARE_FILE_FUNCTIONS(eval_keys) /* streamed: beside the keys, memory stays near one of them */
UMBRA_DECLARE_FILE_FUNCTIONS(plaintext)
UMBRA_DECLARE_FILE_FUNCTIONS(ciphertext) /* fresh secret-key encryptions store a seed for half of their residues */

/*
 * The evaluation keys of a file that serve those needs, and no others: only their bytes are read, and what their purposes
 * take. What else the file has may be damaged. Errors also: INVALID_ARGUMENT, MISMATCH (needs of other parameters),
 * MISSING_KEY (as umbra_key_needs_cover; nothing was loaded).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_eval_keys_load_for(umbra_eval_keys **keys, const umbra_context *context,
                                                               const umbra_key_needs *needs, const char *path,
                                                               const umbra_progress *progress);

/* What a file is, from its header: "parameters", "secret key", ... */
typedef struct umbra_file_info {
  size_t struct_size;
  const char *kind;
  uint32_t version;
  uint64_t bytes;
  uint8_t params_digest[UMBRA_DIGEST_BYTES];
  uint8_t owner[UMBRA_OWNER_BYTES]; /* zero for parameters and plaintexts */
} umbra_file_info;
#define UMBRA_FILE_INFO_INIT .struct_size = sizeof(umbra_file_info)
UMBRA_API void umbra_file_info_init(umbra_file_info *info, size_t size);
#define umbra_file_info_init(info) umbra_file_info_init((info), sizeof *(info))

/* Reads and checks a file's header and the checksums of its sections. progress: as above. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_file_inspect(umbra_file_info *info, const char *path,
                                                         const umbra_progress *progress);

/*
 * The same of an object in memory, or of its beginning, such as what a socket has brought so far: UMBRA_HEADER_BYTES tell
 * all. Sections are checked if all info->bytes are there; what comes after these is not looked at. Whoever sent the bytes
 * can have written anything into the header, any owner too. Errors: INVALID_ARGUMENT, FORMAT, UNSUPPORTED (a reserved
 * kind).
 */
enum { UMBRA_HEADER_BYTES = 112 };
UMBRA_MUST_USE UMBRA_API umbra_status umbra_buffer_inspect(umbra_file_info *info, const void *buffer, size_t size);

UMBRA_END_DECLS

#endif
