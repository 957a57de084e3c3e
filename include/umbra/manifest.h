/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signed manifests: who vouches for which files. A manifest lists the files of a folder, or one file, with length, kind and
 * BLAKE2b-256 digest of each, the owner of their keys and a date, and is signed with Ed25519. It lies beside what it is of:
 * as manifest.umbra in the folder, as NAME.manifest beside a file.
 *
 * Verifying says that all of these files, and no others, are those that were signed, at the time of verifying: what is read
 * later must be out of the reach of others. It says nothing of who else has seen them, nor that there is no newer manifest:
 * the date is for the application to compare.
 */
#ifndef UMBRA_MANIFEST_H
#define UMBRA_MANIFEST_H

#include <stddef.h>
#include <stdint.h>
#include <umbra/key_life.h>
#include <umbra/key_store.h>
#include <umbra/progress.h>

UMBRA_BEGIN_DECLS

enum { UMBRA_SIGNER_BYTES = 32, UMBRA_FILE_DIGEST_BYTES = 32, UMBRA_FILE_OWNER_BYTES = 16 };

typedef struct umbra_signing_key umbra_signing_key; /* secret, in locked, zeroised memory; never leaves the signer */

/* The public half, which verifiers have from the signer by a way that they trust. */
typedef struct umbra_signer {
  size_t struct_size;
  uint64_t created, expires;       /* of the signing key: umbra/key_life.h */
  uint8_t key[UMBRA_SIGNER_BYTES]; /* of Ed25519 */
} umbra_signer;
#define UMBRA_SIGNER_INIT .struct_size = sizeof(umbra_signer)
UMBRA_API void umbra_signer_init(umbra_signer *signer, size_t size);
#define umbra_signer_init(signer) umbra_signer_init((signer), sizeof *(signer))

/* What a manifest says as a whole. */
typedef struct umbra_manifest_info {
  size_t struct_size;
  uint64_t date;  /* of signing, by the signer: seconds since 1970 */
  uint64_t bytes; /* of all files */
  uint64_t files;
  uint8_t owner[UMBRA_FILE_OWNER_BYTES]; /* of the files that have one; zero: none has */
  uint8_t signer[UMBRA_SIGNER_BYTES];
} umbra_manifest_info;
#define UMBRA_MANIFEST_INFO_INIT .struct_size = sizeof(umbra_manifest_info)
UMBRA_API void umbra_manifest_info_init(umbra_manifest_info *info, size_t size);
#define umbra_manifest_info_init(info) umbra_manifest_info_init((info), sizeof *(info))

/* ---- signing keys ---- */

/* life: when it is made and expires; NULL: nothing is said. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_signing_key_generate(umbra_signing_key **key, const umbra_key_life *life);

/*
 * As secret keys are saved and loaded (umbra/file.h): mode 0600, never over a file, never beside what is given away, sealed
 * by a passphrase or by a store, or by neither (both NULL).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_signing_key_save(const umbra_signing_key *key, const char *path,
                                                             const char *passphrase, const umbra_key_store *store);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_signing_key_load(umbra_signing_key **key, const char *path,
                                                             const char *passphrase, const umbra_key_store *store);

/* Its public half. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_signing_key_signer(const umbra_signing_key *key, umbra_signer *signer);

UMBRA_API umbra_signing_key *umbra_signing_key_share(const umbra_signing_key *key);
UMBRA_API void umbra_signing_key_destroy(umbra_signing_key *key);

UMBRA_MUST_USE UMBRA_API umbra_status umbra_signer_save(const umbra_signer *signer, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_signer_load(umbra_signer *signer, const char *path);

/* ---- manifests ---- */

/*
 * Signs a file, or all files in a folder but the locks of commands at work and the marks of retired keys (umbra/key_life.h), and writes the manifest, which replaces an older
 * one. date: seconds since 1970. progress: may be NULL; its fraction is one of bytes. Errors: INVALID_ARGUMENT (a secret or
 * signing key is among the files; there are none; names that no manifest has, below), MISMATCH (files of two owners), IO
 * (also folders, links and the like in the folder), CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_manifest_sign(const char *path, const umbra_signing_key *key, uint64_t date,
                                                          const umbra_progress *progress);

/*
 * OK if the manifest of a file or folder was signed by the signer and all is as it says. Links are not followed. info: may
 * be NULL. Errors: UNTRUSTED, with a text that names the file and what is wrong with it (also: there is no manifest); FORMAT
 * (a malformed manifest: one whose names are not sorted, come twice, or are none of files in one folder: names have 1 to 255
 * bytes, no slash, no control characters, and are not . or ..); IO, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_manifest_verify(umbra_manifest_info *info, const char *path,
                                                            const umbra_signer *signer, const umbra_progress *progress);

/*
 * What a manifest's file says, and of each file its name, length, digest and kind ("" of a file that is not Umbra's), if
 * `tell` is not NULL. Its signature is that of the signer whom it names, who may be anybody. Errors: UNTRUSTED, FORMAT, IO.
 */
typedef void (*umbra_manifest_tell)(void *user, const char *name, uint64_t bytes,
                                    const uint8_t digest[UMBRA_FILE_DIGEST_BYTES], const char *kind);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_manifest_inspect(umbra_manifest_info *info, const char *manifest,
                                                             umbra_manifest_tell tell, void *user);

UMBRA_END_DECLS

#endif
