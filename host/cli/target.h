/* SPDX-License-Identifier: Apache-2.0 */
/* What lies at a path, and whether a command may write there. */
#ifndef UMBRA_CLI_TARGET_H
#define UMBRA_CLI_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CLI_KIND_PARAMS "parameters"
#define CLI_KIND_SECRET_KEY "secret key"
#define CLI_KIND_PUBLIC_KEY "public key"
#define CLI_KIND_EVAL_KEYS "evaluation keys"
#define CLI_KIND_CIPHERTEXT "ciphertext"
#define CLI_KIND_MATRIX "encrypted matrix"
#define CLI_KIND_LOGISTIC "encrypted logistic model"
#define CLI_KIND_PLAN "training plan"
#define CLI_KIND_DATA "training data"
#define CLI_KIND_BLOCK "training block"
#define CLI_KIND_CHECKPOINT "checkpoint"
#define CLI_KIND_FEATURE_MAP "encrypted feature map"
#define CLI_KIND_NETWORK_PLAN "inference plan"
#define CLI_KIND_NETWORK_WEIGHTS "encrypted inference weights"
#define CLI_KIND_MANIFEST "manifest"
#define CLI_KIND_SIGNING_KEY "signing key"
#define CLI_KIND_SIGNER "signer"
#define CLI_KIND_RETIREMENT "retirement of a key"

/*
 * The program opens what it reads and writes itself here, and the rest is the library's. Inputs: what links lead to, if
 * that is a regular file. Outputs that are written in place: a new file, or a regular one that has no other name and is no
 * link. -1, with an error, for all else, at once: neither pipes nor devices are waited for.
 */
int cli_open_input(const char *option, const char *path);
int cli_open_output(const char *option, const char *path);

/* The first bytes of a regular file: how many there are, up to size; 0 if it cannot be read. */
size_t cli_read_head(void *head, size_t size, const char *path);

/* What a file calls itself in its first bytes, whether or not it is whole. NULL: it is no file of Umbra. */
const char *cli_file_kind(const char *path, uint32_t *flags);
enum { CLI_FLAG_SEALED = 1, CLI_FLAG_STORED = 8 }; /* of secret keys: under a passphrase, by a key store */

/* True if a file calls itself so. */
bool cli_is_kind(const char *path, const char *kind);

/* True if a folder holds a file of this kind, or one that is `wanted`, whose name then is in `name`. */
enum { CLI_NAME = 256 };
bool cli_folder_find(char name[CLI_NAME], const char *folder, bool (*wanted)(const char *path, const void *user),
                     const void *user);
bool cli_folder_has(char name[CLI_NAME], const char *folder, const char *kind);

/* Whether a table can have this name; and the same with an error if none can. */
bool cli_has_table_name(const char *path);
bool cli_is_table(const char *option, const char *path);

/* False, with an error, if there is no such folder to write into: the one that a path is in. */
bool cli_folder_of(const char *option, const char *path);

/* False, with an error, if a path is no folder to write into, nor one that can be made. */
bool cli_may_fill(const char *option, const char *folder);

/* Bytes of the files in a folder. */
uint64_t cli_folder_bytes(const char *folder);

/*
 * False, with an error, if a file cannot be written or its writing would destroy something: one of `count` inputs
 * (NULL ones are passed over), a file of Umbra that is not of this kind, what is no regular file. kind NULL: a table.
 */
bool cli_may_replace(const char *option, const char *path, const char *kind, const char *const *inputs, int count);

/* The same, and the file is claimed: no other command writes it until this one ends. */
bool cli_may_write(const char *option, const char *path, const char *kind, const char *const *inputs, int count);

/*
 * The text and the end of a line, written under another name first, so that the file is whole or absent. False, with an
 * error, if it cannot be.
 */
bool cli_write_line(const char *option, const char *path, const char *text);

/* The same of what `put` prints of an object: nothing is written if it fails, which is for lack of memory. */
typedef bool cli_put(FILE *file, const void *of);
bool cli_write_printed(const char *option, const char *path, cli_put *put, const void *of);

#endif
