/* SPDX-License-Identifier: Apache-2.0 */
#include "engine.h"

#include <stdio.h>

#include "key_life.h"
#include "progress.h"
#include "trace.h"

bool cli_path(char path[CLI_PATH], const char *folder, const char *name) {
  int length = snprintf(path, CLI_PATH, "%s/%s", folder, name);
  return (length >= 0 && length < CLI_PATH) || cli_error("the path %s/%s is too long", folder, name);
}

bool cli_params_secure(const umbra_params *params) {
  return umbra_params_security(params) >= 128 ||
         cli_error("this parameter set (N = 2^%u, log2(QP) = %.1f) is insecure; the program uses sets of at least "
                   "128-bit security only",
                   umbra_params_log_n(params), umbra_params_log_qp(params));
}

bool cli_params_open(umbra_params **params, const char *preset, const char *file) {
  if (preset ? !cli_check(umbra_params_from_preset(params, preset), "--preset")
             : !cli_check(umbra_params_load(params, file), "--params"))
    return false;
  return cli_params_secure(*params);
}

static umbra_status describe(const void *params, char *text, size_t *size) {
  return umbra_params_describe(params, text, size);
}

static umbra_status describe_json(const void *params, char *text, size_t *size) {
  return umbra_params_describe_json(params, text, size);
}

char *cli_params_text(const umbra_params *params, bool json) {
  return cli_text(json ? describe_json : describe, params);
}

bool cli_context_open(umbra_context **context, const umbra_params *params, const cli_engine *engine,
                      cli_report *report) {
  umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .params = params, .device = engine->device,
                             .threads = engine->threads, .memory_limit = engine->memory_limit};
  umbra_tracer tracer;
  if (engine->trace && !cli_trace_open(&tracer, engine->trace, engine->listener)) return false;
  desc.tracer = engine->trace ? &tracer : engine->listener;
  if (!cli_check(umbra_context_create(context, &desc), engine->device ? "--device" : NULL)) return false;
  cli_report_text(report, "backend", umbra_context_backend(*context));
  if (*umbra_context_fallback(*context)) {
    cli_warn("no GPU is used: %s", umbra_context_fallback(*context));
    cli_report_text(report, "fallback", umbra_context_fallback(*context));
  }
  cli_report_number(report, "log_n", umbra_params_log_n(params));
  cli_report_number(report, "log_qp", umbra_params_log_qp(params));
  cli_report_number(report, "security", umbra_params_security(params));
  cli_report_step(report, "set up", NULL);
  return true;
}

bool cli_context_open_in(umbra_context **context, const char *folder, const cli_engine *engine, cli_report *report) {
  char path[CLI_PATH];
  umbra_params *params = NULL;
  bool opened = cli_path(path, folder, CLI_PARAMS_FILE) && cli_check(umbra_params_load(&params, path), "--keys") &&
                cli_params_secure(params) && cli_context_open(context, params, engine, report);
  umbra_params_destroy(params);
  return opened;
}

bool cli_public_key_load(umbra_public_key **key, const umbra_context *context, const char *folder, cli_report *report) {
  char path[CLI_PATH];
  if (!cli_path(path, folder, CLI_PUBLIC_KEY_FILE) || !cli_key_serves("--keys", path)) return false;
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "public key");
  if (!cli_progress_check(&bar, umbra_public_key_load(key, context, path, &progress), "--keys")) return false;
  cli_report_step(report, "load public key", path);
  return true;
}

bool cli_eval_keys_cover(const char *option, const char *folder, const umbra_key_needs *needs,
                         const umbra_params *params) {
  char path[CLI_PATH];
  umbra_key_needs *there = NULL;
  bool cover = cli_path(path, folder, CLI_EVAL_KEYS_FILE) && cli_key_serves(option, path) &&
               cli_check(umbra_key_needs_create(&there, params), NULL) &&
               cli_check(umbra_key_needs_of_file(there, path), option) &&
               cli_check(umbra_key_needs_cover(there, needs), option);
  umbra_key_needs_destroy(there);
  return cover;
}

/* remedy: what to say of keys that are missing, or NULL. */
static bool load_eval_keys(umbra_eval_keys **keys, const umbra_context *context, const char *folder,
                           const umbra_key_needs *needs, const char *remedy, cli_report *report) {
  char path[CLI_PATH];
  if (!cli_path(path, folder, CLI_EVAL_KEYS_FILE) || !cli_key_serves("--keys", path)) return false;
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "loading keys");
  const umbra_status status = umbra_eval_keys_load_for(keys, context, needs, path, &progress);
  if (status == UMBRA_ERROR_MISSING_KEY && remedy) {
    cli_progress_close(&bar);
    return cli_error("--keys: %s; %s", umbra_last_error(), remedy);
  }
  if (!cli_progress_check(&bar, status, "--keys")) return false;
  cli_report_step(report, "load evaluation keys", path);
  return true;
}

bool cli_eval_keys_load(umbra_eval_keys **keys, const umbra_context *context, const char *folder,
                        const umbra_key_needs *needs, cli_report *report) {
  return load_eval_keys(keys, context, folder, needs, NULL, report);
}

bool cli_score_keys_load(umbra_eval_keys **keys, const umbra_context *context, const char *folder, size_t features,
                         uint32_t level, cli_report *report) {
  char remedy[128];
  umbra_key_needs *needs = NULL;
  snprintf(remedy, sizeof remedy, "umbra keygen --for-logistic %zu makes what scoring needs, beside --plan too",
           features);
  const bool loaded = cli_check(umbra_key_needs_create(&needs, umbra_context_params(context)), NULL) &&
                      cli_check(umbra_logistic_needs(needs, features, level), NULL) &&
                      load_eval_keys(keys, context, folder, needs, remedy, report);
  umbra_key_needs_destroy(needs);
  return loaded;
}

bool cli_matrix_load(umbra_matrix **matrix, const umbra_context *context, const char *option, const char *path,
                     const char *step, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "loading");
  if (!cli_progress_check(&bar, umbra_matrix_load(matrix, context, path, &progress), option)) return false;
  cli_report_step(report, step, path);
  return true;
}

bool cli_matrix_save(const umbra_matrix *matrix, const char *path, const char *step, cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "saving");
  if (!cli_progress_check(&bar, umbra_matrix_save(matrix, path, &progress), "--out")) return false;
  cli_report_step(report, step, path);
  return true;
}
