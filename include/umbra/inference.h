/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Networks (umbra/model.h) on encrypted records, in six calls:
 *
 *     umbra_model_import(&model, "model.onnx");
 *     umbra_inference_plan_create(&plan, model, &samples, NULL, NULL);    parameters, layout, scales, keys
 *     umbra_inference_create(&network, context, plan, NULL);              the server: weights, encoded once
 *     umbra_inference_encrypt(&batch, NULL, plan, public, &records, NULL);
 *     umbra_inference_run(evaluator, &batch, batch, network);
 *     umbra_inference_decrypt(&answers, plan, batch, secret, NULL);
 *
 * A plan tells what all this costs, which keys it needs and how exact it is before anything is encrypted: every way
 * that this version knows runs on a dry device (umbra/cost.h), and the cheapest one is simulated on the samples
 * (umbra/simulate.h). On matrices everything linear between two activations is one product with a plain matrix. Records
 * lie by columns (umbra/matrix.h): a ciphertext for each element, which takes no rotations and is the way for many
 * records, or several elements in a ciphertext, for few. Convolutions may stay what they are, on feature maps
 * (umbra/convolution.h), up to the first dense layer behind them: records are then computed one after the other.
 * Networks with more levels than a ring has are refreshed on the way (umbra/bootstrap.h), where that takes the least
 * time.
 *
 * Batches are matrices of records times elements, or times the positions of a feature map: they are saved, sent and
 * looked at as such. Each says by which plan it was encrypted, and results say whose they are: nothing else tells that
 * values in scales and ranges of one plan are not those of another with as many elements, and a wrong answer looks like
 * any other. So a network takes only what umbra_inference_encrypt made by its plan, and decryption only what that
 * plan's network made. Operations on matrices make what is of no plan: neither takes it, for nobody knows what became
 * of the values. On devices without real values (umbra/cost.h, umbra/simulate.h) networks take any matrix of the plan's
 * shape.
 *
 * The server may also be denied the weights: see umbra_inference_weights_encrypt below.
 */
#ifndef UMBRA_INFERENCE_H
#define UMBRA_INFERENCE_H

#include <umbra/approximation.h>
#include <umbra/cost.h>
#include <umbra/keys.h>
#include <umbra/matrix.h>
#include <umbra/model.h>
#include <umbra/ndarray.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_inference_plan umbra_inference_plan; /* immutable, shareable */
typedef struct umbra_inference umbra_inference;           /* encoded weights, of no client; immutable, shareable */

/* ---- plans ---- */

/* What the server has of weights and biases. */
typedef enum umbra_weights_kind {
  UMBRA_WEIGHTS_PLAIN = 0,
  UMBRA_WEIGHTS_ENCRYPTED = 1 /* under the key of the records' owner; on matrices only, images included */
} umbra_weights_kind;

typedef struct umbra_inference_options {
  size_t struct_size;
  size_t records; /* that are computed together; a batch may have any number */
  size_t output;  /* of the model */
  double margin;  /* values are up to this many times as large as those of the samples; above 1 */
  double error;   /* wanted: no output is farther from that of the polynomial network in the clear */
  umbra_target target;
  uint64_t memory;       /* ways that take more bytes at their peak, keys and weights included, are left out; 0: any */
  int symmetric;         /* 1: the owner encrypts with the secret key, and there may be no public one */
  int without_refreshes; /* 1: no value is refreshed on the way (umbra/bootstrap.h) */
  uint32_t scale_bits;   /* of the parameters; 0: chosen */
  const umbra_approximation_options *approximation; /* of activations; NULL: the defaults */
  const umbra_params *params; /* NULL: the smallest ring of 128 bits of security that has the levels */
  umbra_weights_kind weights;
  /* Of results that others may see, or that are sanitised: what leaves fewer than least_bits is left out. NULL: neither */
  const umbra_disclosure_options *disclosure;
  /* 1: ranges of the samples, and what follows from them, become symmetric and powers of two before the margin, polynomials
     follow from these and not from where samples lie, and figures become powers of 16, or the error that was wanted: so plan and bundles tell little of the
     samples. Polynomials are less exact, or take more levels. */
  int coarse;
} umbra_inference_options;
#define UMBRA_INFERENCE_OPTIONS_INIT                                                            \
  .struct_size = sizeof(umbra_inference_options), .records = 1, .margin = 1.6, .error = 0x1p-6, \
  .memory = UINT64_C(4) << 30
UMBRA_API void umbra_inference_options_init(umbra_inference_options *options, size_t size);
#define umbra_inference_options_init(options) umbra_inference_options_init((options), sizeof *(options))

/*
 * samples: records as those that will come, (samples, the input's shape) or (samples, elements): from them the size of
 * every value follows, and polynomials for activations (umbra/approximation.h). Errors: UNSUPPORTED (a node that cannot
 * be computed on encrypted values: its name and type; params with keyless levels for encrypted weights), MISMATCH
 * (shape of the samples), INVALID_ARGUMENT (options), RANGE (a layer that is too large for matrices, by name, and not
 * computed on images; no parameters have the levels, the memory, the error or the bits of a release that are wanted: the
 * text has what there is),
 * OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_create(umbra_inference_plan **plan, const umbra_model *model,
                                                                  const umbra_ndarray *samples,
                                                                  const umbra_inference_options *options,
                                                                  const umbra_progress *progress);

/* The same plan, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_inference_plan *umbra_inference_plan_share(const umbra_inference_plan *plan);
UMBRA_API void umbra_inference_plan_destroy(umbra_inference_plan *plan);

/* It belongs to the plan. */
UMBRA_API const umbra_params *umbra_inference_plan_params(const umbra_inference_plan *plan);

/*
 * Of all that decides about values: parameters, layout, ranges and scales, and the steps with their weights, unless
 * these are encrypted; equal for a plan, for its client's part, and for files of either. Matrices of records and of
 * results have it (umbra_matrix_plan), by which networks and decryption refuse those of other plans. It tells whoever
 * has a model, and the plan's other inputs, that this model is behind it. It keeps mistakes apart: whoever writes files
 * can put any digest into them.
 */
UMBRA_API void umbra_inference_plan_digest(const umbra_inference_plan *plan, uint8_t digest[UMBRA_DIGEST_BYTES]);

/* Adds the keys of a run. Errors: INVALID_ARGUMENT, MISMATCH (needs of other parameters), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_add_needs(const umbra_inference_plan *plan,
                                                                     umbra_key_needs *needs);

/* What was chosen, and what it takes. */
typedef struct umbra_inference_report {
  size_t struct_size;
  size_t records;        /* as planned */
  uint32_t depth;        /* levels that the network takes */
  uint32_t refreshes;    /* values that are refreshed on the way */
  uint32_t stride;       /* of the layout: records in a ciphertext */
  uint32_t slots;        /* equal to the stride: a ciphertext an element */
  int symmetric;         /* 1: there is no public key */
  size_t ciphertexts;    /* of the batch */
  size_t keys;           /* evaluation keys */
  uint64_t batch_bytes;  /* of the batch's residues */
  uint64_t key_bytes;    /* of the evaluation keys, in memory */
  uint64_t weight_bytes; /* of the encoded or encrypted weights, and of the constants of refreshes */
  uint64_t peak_bytes;   /* all together, at most */
  double seconds; /* by the table of the target: for comparisons of plans; umbra_inference_plan_cost has a machine's */
  double error;   /* of an output, against the polynomial network: what simulated samples make of the noise, and room */
  double largest; /* |output| of the polynomial network on the samples */
  /* How far the polynomial network is from the model on the samples, as umbra_approximation_report has it: */
  size_t samples, labels_equal, near_ties;
  double approximation_error;
  umbra_weights_kind weights;
} umbra_inference_report;
#define UMBRA_INFERENCE_REPORT_INIT .struct_size = sizeof(umbra_inference_report)
UMBRA_API void umbra_inference_report_init(umbra_inference_report *report, size_t size);
#define umbra_inference_report_init(report) umbra_inference_report_init((report), sizeof *(report))
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_report(const umbra_inference_plan *plan,
                                                                  umbra_inference_report *report);

/*
 * interval: the lowest and the highest value that an element of a record may have, from 0 on, and those that outputs are
 * expected to have, before closing steps. Errors: INVALID_ARGUMENT (no such element).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_record_range(const umbra_inference_plan *plan,
                                                                        double interval[2], size_t element);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_result_range(const umbra_inference_plan *plan,
                                                                        double interval[2]);

/*
 * What a run costs on a machine as umbra_context_cost_machine has them; NULL: the one that it finds by itself. The run
 * is made dry once more. Errors: INVALID_ARGUMENT (also: a plan without layers), UNSUPPORTED (machine), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_cost(const umbra_inference_plan *plan, umbra_cost *cost,
                                                                const char *machine);

/*
 * What a release of results (umbra_inference_decrypt_public), or sanitising them, will be, by the plan's error and the size
 * of its outputs, unless the options say otherwise; a batch of as many records as planned counts as `ciphertexts`. In units
 * of the output. The run is made dry once more. Errors: those of umbra_disclosure_predict; INVALID_ARGUMENT (a plan without
 * layers), RANGE (also more ciphertexts than releases).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_disclosure(const umbra_inference_plan *plan,
                                                                      umbra_disclosure *disclosure,
                                                                      const umbra_disclosure_options *options);

/* A layer: everything linear between two activations, or one of these. */
typedef struct umbra_inference_layer {
  size_t struct_size;
  const char *what;         /* "linear", "conv", "square", "chebyshev", "relu"; valid for ever */
  size_t elements;          /* of its result, for each record */
  uint32_t node;            /* of the model as planned, whose value the result is */
  uint32_t degree;          /* of "chebyshev"; else 0 */
  uint32_t level;           /* at which it begins: its inputs may have more */
  uint32_t result_level;    /* of its result, before a refresh */
  uint32_t refreshed_level; /* after it; 0: it is not refreshed */
  double seconds;           /* as those of umbra_cost, of all records as planned, without the refresh */
  double refresh_seconds;
} umbra_inference_layer;
#define UMBRA_INFERENCE_LAYER_INIT .struct_size = sizeof(umbra_inference_layer)
UMBRA_API void umbra_inference_layer_init(umbra_inference_layer *layer, size_t size);
#define umbra_inference_layer_init(layer) umbra_inference_layer_init((layer), sizeof *(layer))

/*
 * The layers in the order in which they run, which is also that of digests (umbra/trace.h), with what each takes on a
 * machine as umbra_inference_plan_cost has it; their seconds make up those of the run. layers[*count], each
 * initialised; *count becomes the number of layers; layers: NULL: only asks for that. Errors: as
 * umbra_inference_plan_cost, and RANGE (too little room).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_layers(const umbra_inference_plan *plan,
                                                                  umbra_inference_layer *layers, size_t *count,
                                                                  const char *machine);

/*
 * The layers with their levels, and all ways that were tried, the cheapest first, as text that ends with a 0. *size: bytes
 * of the text, and then what it takes; text: NULL: only asks. Errors: INVALID_ARGUMENT, RANGE (too few bytes).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_explain(const umbra_inference_plan *plan, char *text,
                                                                   size_t *size);

/*
 * *client = the plan without its weights: what a client needs for keys, for encryption and for decryption. It has no
 * layers and makes no networks, unless weights are encrypted: then the server has this plan, too. Ranges of inputs and
 * scales stay in it, and say that much about samples and weights; with layers also what the model consists of, the size
 * of each value and the polynomials.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_client(const umbra_inference_plan *plan,
                                                                  umbra_inference_plan **client);

/* Files and buffers as umbra/file.h says: with weights the server's, without them the client's. Layers' names are not kept. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_save(const umbra_inference_plan *plan, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_load(umbra_inference_plan **plan, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_write(const umbra_inference_plan *plan, void *buffer,
                                                                 size_t *size);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_plan_read(umbra_inference_plan **plan, const void *buffer,
                                                                size_t size);

/* ---- the server ---- */

/*
 * Encodes the weights for a context of the plan's parameters. Errors: INVALID_ARGUMENT (also: a plan without weights,
 * or of encrypted ones), MISMATCH (other parameters), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_create(umbra_inference **network, const umbra_context *context,
                                                             const umbra_inference_plan *plan,
                                                             const umbra_progress *progress);

/* The same network, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_inference *umbra_inference_share(const umbra_inference *network);
UMBRA_API void umbra_inference_destroy(umbra_inference *network);
UMBRA_API uint64_t umbra_inference_bytes(const umbra_inference *network); /* weights, constants of refreshes */

/*
 * *out = what the network makes of the batch, with the keys of the evaluator; out may be the batch. An evaluator that
 * is watched tells how far it is, and a tracer of the context each layer (umbra/trace.h). Errors: INVALID_ARGUMENT,
 * MISMATCH (records of another plan, or of none; of another owner than the keys or encrypted weights), NO_LEVEL,
 * MISSING_KEY, OUT_OF_MEMORY, DEVICE, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_run(umbra_evaluator *evaluator, umbra_matrix **out,
                                                          const umbra_matrix *batch, const umbra_inference *network);

/*
 * *out = results of the plan's network of which whoever decrypts them learns less of its weights (umbra/sanitize.h); out may
 * be the results. What is hidden is the plan's error, bits count from its outputs, unless the options say otherwise; both, and
 * `disclosure`, are in units of the output. Errors: those of umbra_matrix_sanitize, MISMATCH (no results of this plan).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_sanitize(umbra_matrix **out, umbra_disclosure *disclosure,
                                                               const umbra_inference_plan *plan,
                                                               const umbra_matrix *results, const umbra_public_key *key,
                                                               const umbra_disclosure_options *options,
                                                               const umbra_progress *progress);

/* ---- encrypted weights ---- */

/* Of one plan, in its order; immutable, shareable. umbra_inference_weights_save, _load, ...: see umbra/file.h. */
typedef struct umbra_inference_weights umbra_inference_weights;

/*
 * What the model's owner does instead of giving the weights to the server: encrypts them for the owner of the records,
 * with that one's public key and the whole plan, which was made with UMBRA_WEIGHTS_ENCRYPTED. The server then has the
 * client's plan and these, and sees neither records nor weights. Whoever holds the secret key can read both.
 *
 * Weights and biases of all layers are encrypted, zeros too: a convolution is a matrix that does not show its windows.
 * Not hidden are shapes of layers, scales of their values, polynomials of activations, and one power of two, from 1 on,
 * that bounds all weights in these scales. Products with encrypted weights take the level that
 * others take, a relinearisation for each ciphertext of a result and, where elements share ciphertexts, rotations
 * (umbra_matrix_multiply, by diagonals).
 *
 * Errors: INVALID_ARGUMENT (a plan without weights, or of plain ones), MISMATCH (a key of other parameters),
 * OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_weights_encrypt(umbra_inference_weights **weights,
                                                                      const umbra_inference_plan *plan,
                                                                      const umbra_public_key *key,
                                                                      const umbra_progress *progress);

/* The same with the secret key: half as large in files, and the way of plans that have no public key. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_weights_encrypt_symmetric(umbra_inference_weights **weights,
                                                                                const umbra_inference_plan *plan,
                                                                                const umbra_secret_key *key,
                                                                                const umbra_progress *progress);

/* The same weights, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_inference_weights *umbra_inference_weights_share(const umbra_inference_weights *weights);
UMBRA_API void umbra_inference_weights_destroy(umbra_inference_weights *weights);
UMBRA_API uint64_t umbra_inference_weights_bytes(const umbra_inference_weights *weights); /* of residues */
UMBRA_API void umbra_inference_weights_owner(const umbra_inference_weights *weights, uint8_t owner[UMBRA_OWNER_BYTES]);
UMBRA_DECLARE_FILE_FUNCTIONS(inference_weights)

/*
 * umbra_inference_create with encrypted weights, of which it keeps a share, and a plan with or without its own. It
 * serves one owner: run with batches of others fails with MISMATCH. Errors: as that call, and MISMATCH (weights of
 * another plan, or of another context).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_create_encrypted(umbra_inference **network,
                                                                       const umbra_context *context,
                                                                       const umbra_inference_plan *plan,
                                                                       const umbra_inference_weights *weights,
                                                                       const umbra_progress *progress);

/* ---- the client ---- */

/*
 * Encrypts records, in a shape as that of samples. clipped: NULL: values outside the plan's range of their element are
 * refused; else they become the nearest one inside, and *clipped is how many there were. Errors: MISMATCH (shape, a key
 * of other parameters), RANGE (a value outside, or none: which record and element), INVALID_ARGUMENT, OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_encrypt(umbra_matrix **batch, size_t *clipped,
                                                              const umbra_inference_plan *plan,
                                                              const umbra_public_key *key, const umbra_ndarray *records,
                                                              const umbra_progress *progress);

/* The same with the secret key: half as large in files, and the way of plans that have no public key. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_encrypt_symmetric(umbra_matrix **batch, size_t *clipped,
                                                                        const umbra_inference_plan *plan,
                                                                        const umbra_secret_key *key,
                                                                        const umbra_ndarray *records,
                                                                        const umbra_progress *progress);

/*
 * The answers, the records first, as umbra_model_run gives them: after the output's closing steps. Errors: as
 * umbra_matrix_decrypt; MISMATCH (a matrix that is no result of the plan); RANGE (outputs several times as large as the
 * plan expects: of which record; umbra_inference_decrypt_outcome tells of smaller ones, too).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_decrypt(umbra_ndarray *results, const umbra_inference_plan *plan,
                                                              const umbra_matrix *encrypted,
                                                              const umbra_secret_key *key,
                                                              const umbra_progress *progress);

/*
 * The values before the closing steps for others to see (umbra/disclosure.h): each ciphertext is a release.
 * error_bound, magnitude and what the disclosure says are in units of the values; by default the error is the plan's
 * (umbra_inference_report), and bits count from the range that it expects. umbra_inference_close makes answers of them.
 * Errors: also those of umbra_decrypt_public.
 */
UMBRA_MUST_USE UMBRA_API umbra_status
umbra_inference_decrypt_public(umbra_disclosure *disclosure, umbra_ndarray *values, const umbra_inference_plan *plan,
                               const umbra_matrix *encrypted, const umbra_secret_key *key,
                               const umbra_disclosure_options *options, const umbra_progress *progress);

/* (records, elements) before the closing steps: logits, of a classifier. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_decrypt_values(umbra_ndarray *values,
                                                                     const umbra_inference_plan *plan,
                                                                     const umbra_matrix *encrypted,
                                                                     const umbra_secret_key *key,
                                                                     const umbra_progress *progress);

/*
 * What opening results showed. A record that is unlike the samples can leave the interval of a polynomial on the way,
 * where this grows fast: its outputs may then be far outside of what those of the samples were, or not. So outputs
 * beyond are a reason to look at their records, and no proof that they are wrong: a square of what is 1.6 times as
 * large is 2.6 times as large. That nothing is found proves nothing, either.
 */
typedef struct umbra_inference_outcome {
  size_t struct_size;
  uint32_t doubts;        /* of umbra_doubt (umbra/range.h), of all ciphertexts together */
  size_t beyond;          /* records with an output outside of [lowest, highest] */
  double lowest, highest; /* what the plan expects of outputs: those of the samples, with its margin and error */
  double largest;         /* |output| of all records, */
  size_t record;          /* and which one has it, from 0 */
} umbra_inference_outcome;
#define UMBRA_INFERENCE_OUTCOME_INIT .struct_size = sizeof(umbra_inference_outcome)
UMBRA_API void umbra_inference_outcome_init(umbra_inference_outcome *outcome, size_t size);
#define umbra_inference_outcome_init(outcome) umbra_inference_outcome_init((outcome), sizeof *(outcome))

/*
 * As umbra_inference_decrypt_values, but gives the values in any case, with what there is to say of them. Errors: as
 * there, RANGE only for what no double holds.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_decrypt_outcome(
    umbra_inference_outcome *outcome, umbra_ndarray *values, const umbra_inference_plan *plan,
    const umbra_matrix *encrypted, const umbra_secret_key *key, const umbra_progress *progress);

/* Values become answers, by the closing steps of the plan's output. Errors: INVALID_ARGUMENT, MISMATCH (shape). */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_close(umbra_ndarray *values, const umbra_inference_plan *plan);

/*
 * What decryption is expected to give, (records, elements) before the closing steps: the plan, simulated with the noise
 * of a real run, or as sim says. Records outside the ranges are clipped. Errors: INVALID_ARGUMENT (also: a plan without
 * weights), MISMATCH, RANGE, OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_inference_simulate(umbra_ndarray *values, const umbra_inference_plan *plan,
                                                               const umbra_ndarray *records,
                                                               const umbra_sim_options *sim,
                                                               const umbra_progress *progress);

UMBRA_END_DECLS

#endif
