/* SPDX-License-Identifier: Apache-2.0 */
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "diagnosis.h"
#include "engine.h"

/* The smallest set that multiplies. */
static const char preset[] = "n12-d1-s30";
/* As in kernels/cuda/bulk_fft.cu. */
static const char *const cufft_names[] = {"libcufft.so.12", "libcufft.so.11", "libcufft.so"};
enum { SENTENCE = 512, CUFFT_NAMES = sizeof cufft_names / sizeof *cufft_names };

/* ---- devices ---- */

typedef struct trial {
  umbra_context *context;
  umbra_secret_key *secret;
  umbra_key_needs *needs;
  umbra_eval_keys *keys;
  umbra_evaluator *evaluator;
  umbra_ciphertext *x;
  umbra_plaintext *plaintext;
} trial;

static umbra_status open_trial(trial *t, const char *device) {
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = preset, .device = device};
  umbra_status status = umbra_context_create(&t->context, &desc);
  if (status == UMBRA_OK) status = umbra_secret_key_generate(&t->secret, t->context);
  if (status == UMBRA_OK) status = umbra_key_needs_create(&t->needs, umbra_context_params(t->context));
  if (status == UMBRA_OK) status = umbra_key_needs_relinearization(t->needs, UMBRA_TOP_LEVEL);
  if (status == UMBRA_OK) status = umbra_eval_keys_generate(&t->keys, t->secret, t->needs, NULL);
  if (status == UMBRA_OK) status = umbra_evaluator_create(&t->evaluator, t->context, t->keys);
  return status;
}

static umbra_status square(trial *t, double *value) {
  umbra_status status = umbra_encode(&t->plaintext, t->context, value, 1, NULL);
  if (status == UMBRA_OK) status = umbra_encrypt_symmetric(&t->x, t->secret, t->plaintext);
  if (status == UMBRA_OK) status = umbra_square(t->evaluator, &t->x, t->x);
  if (status == UMBRA_OK) status = umbra_decrypt_decode(value, 1, t->x, t->secret);
  return status;
}

static void close_trial(trial *t) {
  umbra_plaintext_destroy(t->plaintext);
  umbra_ciphertext_destroy(t->x);
  umbra_evaluator_destroy(t->evaluator);
  umbra_eval_keys_destroy(t->keys);
  umbra_key_needs_destroy(t->needs);
  umbra_secret_key_destroy(t->secret);
  umbra_context_destroy(t->context);
}

/* A number is encrypted, squared and decrypted. The text says what came of it; a wrong number is INTERNAL. */
static umbra_status try_device(char text[SENTENCE], const umbra_device_info *info) {
  trial t = {0};
  double value = 0.75;
  umbra_status status = open_trial(&t, info->name);
  if (status == UMBRA_OK) status = square(&t, &value);
  const bool right = fabs(value - 0.75 * 0.75) < 1e-3;
  if (status != UMBRA_OK) snprintf(text, SENTENCE, "%s: %s", info->description, umbra_last_error());
  else if (right) snprintf(text, SENTENCE, "%s: computes, and rightly", info->description);
  else snprintf(text, SENTENCE, "%s: computes wrongly: 0.75 squared is %g", info->description, value);
  close_trial(&t);
  return status == UMBRA_OK && !right ? UMBRA_ERROR_INTERNAL : status;
}

static cJSON *find_tried(cli_diagnosis *d, const umbra_device_info *info) {
  char text[SENTENCE];
  const umbra_status status = try_device(text, info);
  if (status == UMBRA_OK) return cli_find(d, info->name, CLI_GOOD, text, NULL);
  if (status == UMBRA_ERROR_OUT_OF_MEMORY && info->gpu) /* which others use, too */
    return cli_find(d, info->name, CLI_WARNING, text, "free its memory: nvidia-smi lists what uses it");
  return cli_find(d, info->name, CLI_BROKEN, text, "report it, with the model of the device; another --device may do");
}

static void find_usable(cli_diagnosis *d, const umbra_device_info *info) {
  cJSON *finding = find_tried(d, info);
  cJSON_AddBoolToObject(finding, "gpu", info->gpu);
  cJSON_AddNumberToObject(finding, "memory_bytes", (double)info->memory_bytes);
}

static void find_unusable(cli_diagnosis *d, const umbra_device_info *info) {
  static const char driver[] = "nothing, without a GPU; with one, NVIDIA's driver, and a build with CUDA";
  cJSON *finding = cli_find(d, info->name, CLI_NOTE, info->why_not, info->gpu ? driver : NULL);
  cJSON_AddBoolToObject(finding, "gpu", info->gpu);
}

/* Without it, what has many slots is encoded on the processor. */
static void find_cufft(cli_diagnosis *d) {
  void *library = NULL;
  for (size_t i = 0; i < CUFFT_NAMES && !library; i++) library = dlopen(cufft_names[i], RTLD_NOW | RTLD_LOCAL);
  cli_find(d, "cufft", library ? CLI_GOOD : CLI_NOTE,
           library ? "the loader finds it" : "the loader finds no libcufft.so",
           library ? NULL : "CUDA's libcufft, for transforms of many values at once on the GPU");
  if (library) dlclose(library);
}

/* What commands take that are not told: UMBRA_BACKEND may name another one, or none. */
static void find_default(cli_diagnosis *d) {
  umbra_context *context = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = preset};
  const bool opened = umbra_context_create(&context, &desc) == UMBRA_OK;
  cli_find(d, "device", opened ? CLI_GOOD : CLI_BROKEN, opened ? umbra_context_backend(context) : umbra_last_error(),
           opened                    ? NULL
           : getenv("UMBRA_BACKEND") ? "unset UMBRA_BACKEND"
                                     : "see the devices below");
  umbra_context_destroy(context);
}

void cli_find_devices(cli_diagnosis *d) {
  const size_t count = umbra_device_count();
  size_t gpus = 0;
  find_default(d);
  for (size_t i = 0; i < count; i++) {
    umbra_device_info info = {UMBRA_DEVICE_INFO_INIT};
    if (umbra_device_get(&info, i) != UMBRA_OK) continue;
    if (info.usable) find_usable(d, &info);
    else find_unusable(d, &info);
    gpus += info.gpu && info.usable;
  }
  if (gpus) find_cufft(d);
}

/* ---- what it costs ---- */

static umbra_status ask_cost(umbra_cost *cost) {
  umbra_context *dry = NULL;
  const umbra_context_desc desc = {UMBRA_CONTEXT_DESC_INIT, .preset = preset, .device = "dry"};
  umbra_status status = umbra_context_create(&dry, &desc);
  if (status == UMBRA_OK) status = umbra_context_cost(dry, cost);
  umbra_context_destroy(dry);
  return status;
}

void cli_find_calibration(cli_diagnosis *d) {
  char text[SENTENCE];
  umbra_cost cost = {UMBRA_COST_INIT};
  if (ask_cost(&cost) != UMBRA_OK) {
    cli_find(d, "calibration", CLI_WARNING, umbra_last_error(), NULL);
    return;
  }
  if (cost.measured) snprintf(text, sizeof text, "%s: measured; plans state its seconds", cost.machine);
  else snprintf(text, sizeof text, "%s: not measured: %s", cost.machine, cost.note);
  cJSON *finding = cli_find(d, "calibration", cost.measured ? CLI_GOOD : CLI_NOTE, text,
                            cost.measured ? NULL : "umbra bench --calibrate, while nothing else runs");
  cJSON_AddBoolToObject(finding, "measured", cost.measured);
}
