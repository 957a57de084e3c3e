/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters and contexts as the commands name them, and the files that a job consists of. */
#ifndef UMBRA_CLI_ENGINE_H
#define UMBRA_CLI_ENGINE_H

#include <umbra/umbra.h>

#include "options.h"
#include "output.h"

/* The files of a folder of public things. A server gets all but the public key. */
#define CLI_PARAMS_FILE "params.umbra"
#define CLI_PUBLIC_KEY_FILE "public.umbra"
#define CLI_EVAL_KEYS_FILE "eval.umbra"
#define CLI_SIGNER_FILE "signer.umbra"

enum { CLI_PATH = 4096 };

/* Models: the degree if none is given, and what the library takes. */
enum { CLI_DEGREE = 31, CLI_MAX_DEGREE = 63, CLI_MAX_FEATURES = 65535 };

/* How to compute; every command that does takes these options. */
typedef struct cli_engine {
  const char *device, *trace;
  uint32_t threads;
  /* No options: */
  uint64_t memory_limit;        /* bytes, of commands that have a plan; 0: none */
  const umbra_tracer *listener; /* is told of operations, beside the trace; or NULL */
} cli_engine;

#define CLI_ENGINE_OPTIONS(engine)                                                                             \
  {"device", "NAME",           "cpu (default), auto, cuda, cuda:N or another name; see umbra devices",         \
   CLI_TEXT, &(engine).device, CLI_OPTIONAL},                                                                  \
      {"threads",                                                                                              \
       "N",                                                                                                    \
       "most threads (default 0: UMBRA_THREADS, or as many as it may use processors)",                         \
       CLI_COUNT,                                                                                              \
       &(engine).threads,                                                                                      \
       CLI_OPTIONAL},                                                                                          \
  {                                                                                                            \
    "trace", "FILE", "write all operations, with their times, as JSON for Perfetto (default: none)", CLI_TEXT, \
        &(engine).trace, CLI_OPTIONAL                                                                          \
  }
#define CLI_JSON_OPTION(target) \
  { "json", NULL, "print one JSON object", CLI_FLAG, &(target), CLI_OPTIONAL }

/* path = folder/name. False if it is too long. */
bool cli_path(char path[CLI_PATH], const char *folder, const char *name);

/* A preset by name, or the set in a file: one of the two is not NULL. Insecure sets are refused. */
bool cli_params_open(umbra_params **params, const char *preset, const char *file);

/* False, with an error, if a set is under 128-bit security. */
bool cli_params_secure(const umbra_params *params);

/* The description of a set, for people or as JSON; to be freed. NULL, with an error, if memory is out. */
char *cli_params_text(const umbra_params *params, bool json);

/* A context; its facts enter the report. */
bool cli_context_open(umbra_context **context, const umbra_params *params, const cli_engine *engine,
                      cli_report *report);

/* The same for the parameters in a folder of keys. */
bool cli_context_open_in(umbra_context **context, const char *folder, const cli_engine *engine, cli_report *report);

/* The public key in a folder of keys, for its context. */
bool cli_public_key_load(umbra_public_key **key, const umbra_context *context, const char *folder, cli_report *report);

/*
 * False, with an error, if those in the folder that an option names do not serve all needs. Found out by what the file
 * says that they are for: loading them takes long.
 */
bool cli_eval_keys_cover(const char *option, const char *folder, const umbra_key_needs *needs,
                         const umbra_params *params);

/* Those of the evaluation keys in a folder of keys that serve the needs. */
bool cli_eval_keys_load(umbra_eval_keys **keys, const umbra_context *context, const char *folder,
                        const umbra_key_needs *needs, cli_report *report);

/* Those that score records of so many features at that level. */
bool cli_score_keys_load(umbra_eval_keys **keys, const umbra_context *context, const char *folder, size_t features,
                         uint32_t level, cli_report *report);

/* An encrypted matrix from the file that an option names, or to that of --out; a step of that name. */
bool cli_matrix_load(umbra_matrix **matrix, const umbra_context *context, const char *option, const char *path,
                     const char *step, cli_report *report);
bool cli_matrix_save(const umbra_matrix *matrix, const char *path, const char *step, cli_report *report);

#endif
