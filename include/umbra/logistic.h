/* SPDX-License-Identifier: Apache-2.0 */
/* Logistic models, encrypted: probabilities of encrypted records under an encrypted model. */
#ifndef UMBRA_LOGISTIC_H
#define UMBRA_LOGISTIC_H

#include <umbra/matrix.h>
#include <umbra/polynomial.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_logistic umbra_logistic; /* immutable, shareable */

/* The polynomial that stands for the sigmoid, 1 / (1 + e^-x), on [-range, range]. Public with all that is made with it. */
enum { UMBRA_SIGMOID_MAX_DEGREE = 63 };
typedef struct umbra_sigmoid_options {
  size_t struct_size;
  uint32_t degree; /* 1 to UMBRA_SIGMOID_MAX_DEGREE. The default is for training; scores want 15 and more */
  umbra_fit fit;
  double range; /* 2^-20 to 2^20; of a training 2^-10 to 2^10 */
} umbra_sigmoid_options;
#define UMBRA_SIGMOID_OPTIONS_INIT .struct_size = sizeof(umbra_sigmoid_options), .degree = 3, .range = 8
UMBRA_API void umbra_sigmoid_options_init(umbra_sigmoid_options *options, size_t size);
#define umbra_sigmoid_options_init(options) umbra_sigmoid_options_init((options), sizeof *(options))

/* The polynomial in the clear, for comparison. options: NULL: defaults. NaN for z outside the range or wrong options. */
UMBRA_API double umbra_sigmoid_value(double z, const umbra_sigmoid_options *options);

/* How far it is from the sigmoid at most, on its range: by a fine grid. NaN for wrong options. */
UMBRA_API double umbra_sigmoid_error(const umbra_sigmoid_options *options);

/*
 * Encrypts weights and bias. sigmoid: NULL: defaults. A record whose weights . x + bias leaves the range may spoil the
 * scores of all records that share its ciphertext, so choose the range with room. Errors: INVALID_ARGUMENT, RANGE.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_encrypt(umbra_logistic **model, const umbra_public_key *key,
                                                             const double *weights, size_t features, double bias,
                                                             const umbra_sigmoid_options *sigmoid);

/* The same with the owner's secret key: half as long in files. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_encrypt_symmetric(umbra_logistic **model,
                                                                       const umbra_secret_key *key,
                                                                       const double *weights, size_t features,
                                                                       double bias,
                                                                       const umbra_sigmoid_options *sigmoid);

/*
 * The same of weights and then the bias in one array, a row or a column, which may have a bound: then the encryption shows
 * that of their sizes, and nothing else. Errors: also INVALID_ARGUMENT (no such array).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_encrypt_array(umbra_logistic **model, const umbra_public_key *key,
                                                                   const umbra_array *weights,
                                                                   const umbra_sigmoid_options *sigmoid);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_encrypt_array_symmetric(umbra_logistic **model,
                                                                             const umbra_secret_key *key,
                                                                             const umbra_array *weights,
                                                                             const umbra_sigmoid_options *sigmoid);

/*
 * A model without values on a dry device (umbra/cost.h), as if encrypted at that level, or UMBRA_TOP_LEVEL. bound: on
 * weights and bias. Errors: as umbra_logistic_encrypt and umbra_dry_ciphertext.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_dry_logistic(umbra_logistic **model, const umbra_context *context,
                                                         size_t features, uint32_t level, double bound,
                                                         const umbra_sigmoid_options *sigmoid);

/*
 * A model of a simulation (umbra/simulate.h), as if encrypted; and the weights of one, as umbra_logistic_decrypt gives
 * them, without a key and with no limit held against them. Errors: as umbra_logistic_encrypt, umbra_sim_ciphertext and
 * umbra_sim_decode.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_logistic(umbra_logistic **model, const umbra_context *context,
                                                         const double *weights, size_t features, double bias,
                                                         const umbra_sigmoid_options *sigmoid);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_sim_logistic_decode(double *weights, double *bias,
                                                                const umbra_logistic *model);

/*
 * *replaced: the same weights with another polynomial in the place of the sigmoid, such as one of a higher degree than was
 * trained by. Polynomials are public, so no key is needed. sigmoid: NULL: defaults. Errors: INVALID_ARGUMENT,
 * OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_replace_sigmoid(const umbra_logistic *model,
                                                                     umbra_logistic **replaced,
                                                                     const umbra_sigmoid_options *sigmoid);

/* Levels that umbra_logistic_score takes with a polynomial of that degree. */
UMBRA_API uint32_t umbra_logistic_depth(uint32_t degree);

/*
 * Adds the keys that umbra_logistic_score needs for so many features, with records at that level or below; UMBRA_TOP_LEVEL:
 * as umbra_matrix_encrypt makes them. Errors: INVALID_ARGUMENT (features, levels), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_needs(umbra_key_needs *needs, size_t features, uint32_t level);

/*
 * scores = matrix of rows x 1: sigmoid(weights . row + bias). Records: by rows in all slots, with ones, without pairs
 * (the layout {UMBRA_MATRIX_LAYOUT_INIT, .ones = 1}). One product, log2(stride) rotations and the polynomial for each
 * ciphertext of records. Errors: INVALID_ARGUMENT (columns differ; another layout), MISMATCH (records that are not scaled
 * as those of the model's training), CANCELLED, those of the evaluator. umbra_logistic_check says beforehand, without
 * keys, whether model and records go together.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_check(const umbra_logistic *model, const umbra_matrix *records);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_score(umbra_evaluator *evaluator, umbra_matrix **scores,
                                                           const umbra_logistic *model, const umbra_matrix *records,
                                                           const umbra_progress *progress);

/* weights: umbra_logistic_features of them. Errors: INVALID_ARGUMENT, MISMATCH, RANGE, OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_decrypt(const umbra_logistic *model, double *weights, double *bias,
                                                             const umbra_secret_key *key);

/*
 * The same for others to see (umbra/disclosure.h): one release, of as many slots as a row takes. Weights are real, so
 * imaginary parts beyond the error are a broken bound. Errors: also those of umbra_decrypt_public.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_decrypt_public(const umbra_logistic *model,
                                                                    umbra_disclosure *disclosure, double *weights,
                                                                    double *bias, const umbra_secret_key *key,
                                                                    const umbra_disclosure_options *options);

/* The same model with umbra_add_noise on its weights and bias. Errors: those. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_add_noise(umbra_evaluator *evaluator, umbra_logistic **out,
                                                               const umbra_logistic *model, double noise);

/* What is public of a model: its shape, and the polynomial that stands for the sigmoid. */
typedef struct umbra_logistic_info {
  size_t struct_size;
  size_t features;
  uint32_t level;  /* of the encrypted weights */
  uint32_t degree; /* of the polynomial */
  double range;    /* it holds on [-range, range] */
  double error;    /* and is so far from the sigmoid there at most */
} umbra_logistic_info;
#define UMBRA_LOGISTIC_INFO_INIT .struct_size = sizeof(umbra_logistic_info)
UMBRA_API void umbra_logistic_info_init(umbra_logistic_info *info, size_t size);
#define umbra_logistic_info_init(info) umbra_logistic_info_init((info), sizeof *(info))

/* Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_inspect(const umbra_logistic *model, umbra_logistic_info *info);

UMBRA_API size_t umbra_logistic_features(const umbra_logistic *model);
UMBRA_API uint64_t umbra_logistic_bytes(const umbra_logistic *model); /* of residues */
UMBRA_API void umbra_logistic_owner(const umbra_logistic *model, uint8_t owner[UMBRA_OWNER_BYTES]);

/*
 * The id of the training that its weights are of (umbra_train_plan_training); returns 0, and zeros, if nobody has said it.
 * And says it, before anybody else has the model.
 */
UMBRA_API int umbra_logistic_training(const umbra_logistic *model, uint8_t training[UMBRA_DIGEST_BYTES]);
UMBRA_API void umbra_logistic_set_training(umbra_logistic *model, const uint8_t training[UMBRA_DIGEST_BYTES]);

/* What is known of its weights. Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_logistic_range(const umbra_logistic *model, umbra_range *range);
UMBRA_API void umbra_logistic_destroy(umbra_logistic *model);

/* umbra_logistic_save, _load, _write, _read, _send, _receive: see umbra/file.h. */
UMBRA_DECLARE_FILE_FUNCTIONS(logistic)

UMBRA_END_DECLS

#endif
