/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands for networks on encrypted records have in common: plans, outputs, and what each does beside others. */
#ifndef UMBRA_CLI_NETWORK_H
#define UMBRA_CLI_NETWORK_H

#include "engine.h"
#include "publish.h"
#include "secret.h"

/* A plan whose parameters are secure. */
bool cli_network_plan_load(umbra_inference_plan **plan, const char *option, const char *path);

/*
 * The facts of a plan: as "plan" in an object or, unless json is wanted, printed. explain: with the layers and the ways that
 * were tried.
 */
bool cli_network_describe(const umbra_inference_plan *plan, cJSON *root, bool explain, bool json);

/* A model from a file, and the number of its output: by name or, if there is none of it, from 0 on. wanted NULL: 0. */
bool cli_model_import(umbra_model **model, size_t *output, const char *path, const char *wanted, cli_report *report);

/* ---- what umbra encrypt, infer and decrypt do with a plan of a network ---- */

typedef struct cli_network_options {
  const char *plan, *keys, *in, *out; /* keys: NULL for the owner of a secret key */
  const char *weights;                /* encrypted, of a server whose plan has none; or NULL */
  const char *digests;                /* where a server writes those of layers; or NULL */
  const char *audit;                  /* such a file, with which layers are compared; or NULL */
  cli_secret secret;
  cli_publish publish;
  bool clip, values, doubtful, no_estimate, json;
  uint32_t repeat;   /* how often a server computes; 0: once */
  double sanitize;   /* s; 0: results are not sanitised */
  double least_bits; /* 0: 8 */
  uint64_t results;  /* ciphertexts of results in all, for that */
  cli_engine engine;
} cli_network_options;

bool cli_network_encrypt(const cli_network_options *options, cli_report *report);
bool cli_network_encrypt_weights(const cli_network_options *options, cli_report *report);
bool cli_network_run(const cli_network_options *options, cli_report *report);
bool cli_network_decrypt(const cli_network_options *options, cli_report *report);

/* umbra plan with a model, which is what some argument then is; tables have other names. */
bool cli_names_model(int argc, char **argv);
extern const cli_command cli_plan_network;

#endif
