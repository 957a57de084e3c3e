/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Training on encrypted records. Records, labels and weights are encrypted throughout, but for features that are public
 * (the option `public_features`); weights are refreshed as they run out of levels. The owner makes a plan, keys and an
 * encrypted data set; the server has plan, keys and data set, and trains; the owner decrypts the model.
 *
 * UMBRA_TRAIN_LOGISTIC is logistic regression, by default by Nesterov's accelerated gradient, as in HELR (Han, Song,
 * Cheon, Park, AAAI 2019; eprint 2018/662). With z_i = y_i (x_i, 1), y_i = -1 or 1, an iteration over a batch of n records
 * is
 *
 *     g = (1/n) sum_i s(-<v, z_i>) z_i - l2 (v without bias)     t = v + rate g
 *     v = (1 - eta) t + eta w                                    w = t
 *
 * where s is a polynomial near the sigmoid, and eta follows from the optimizer.
 *
 * UMBRA_TRAIN_WEIGHTED has (1/n) sum_i weight_i s(-<v, z_i>) z_i instead. The owner encrypts z_i, for margins, and
 * weight_i z_i, for the gradient, in the same blocks: so weights take no level, no key and no key switch more, and stay
 * hidden; the data set is twice as long.
 *
 * UMBRA_TRAIN_NETWORK is a network of dense layers, or without hidden ones a linear model for each of several outputs:
 *
 *     a_0 = (x, 1)     z_k = W_k a_(k-1)     a_k = h(z_k), slot by slot, of hidden layers     e = f(z) - t of the last one
 *
 * where h is the square or another polynomial, with the targets t, and f = s for the one-vs-rest loss, f(z) = z for half
 * of the squared error, and for the cross-entropy f is near the softmax of all outputs. Gradients are those of backpropagation, g_k = -(1/n) sum_i e_k a_(k-1)^T - l2 W_k. Only the first
 * layer has biases: later ones can make theirs of a unit whose weights vanish but for the bias.
 *
 * Beyond the interval of s the polynomial is far from the sigmoid and training may diverge; nobody could see that under
 * encryption. umbra_train_twin runs the same arithmetic in the clear beforehand, and finds the bounds of the plan.
 */
#ifndef UMBRA_TRAIN_H
#define UMBRA_TRAIN_H

#include <umbra/bootstrap.h>
#include <umbra/cost.h>
#include <umbra/fit.h>
#include <umbra/logistic.h>
#include <umbra/records.h>

UMBRA_BEGIN_DECLS

/* ---- the plan: public, the same for owner and server ---- */

typedef struct umbra_train_plan umbra_train_plan; /* immutable, shareable */

/* What is trained. */
typedef enum umbra_train_kind {
  UMBRA_TRAIN_LOGISTIC = 0, /* a logistic model; see umbra_trainer_logistic */
  UMBRA_TRAIN_WEIGHTED = 1, /* the same with records that weigh something (umbra_records_weigh), as above */
  UMBRA_TRAIN_NETWORK = 2,  /* dense layers; see umbra_trainer_layer */
  /*
   * The same with records that weigh something: w e in the place of e, above. The owner encrypts w t and w beside the
   * features; it takes a level more.
   */
  UMBRA_TRAIN_WEIGHTED_NETWORK = 3
} umbra_train_kind;

/* How weights follow from gradients g at v; `momentum` is an option. */
typedef enum umbra_optimizer {
  UMBRA_OPTIMIZER_ACCELERATED =
      0, /* as above; a_0 = momentum, a_{i+1} = (1 + sqrt(1 + 4 a_i^2)) / 2, eta_i = (1 - a_i) / a_{i+1} */
  UMBRA_OPTIMIZER_NESTEROV = 1, /* as above; eta = -momentum */
  UMBRA_OPTIMIZER_MOMENTUM = 2, /* m = momentum m + rate g, w = w + m, with g at w: Polyak's heavy ball */
  UMBRA_OPTIMIZER_PLAIN = 3     /* w = w + rate g, with g at w */
} umbra_optimizer;

/* Of both kinds of networks: of an output's score z and target t. */
typedef enum umbra_loss {
  UMBRA_LOSS_ONE_VS_REST = 0, /* a logistic model for each class: log(1 + e^z) - t z, t = 1 or 0 */
  UMBRA_LOSS_SQUARED = 1,     /* (z - t)^2 / 2 */
  /*
   * Cross-entropy, -log p_j of a record of class j, with p_j = e^z_j / sum e^z_k over the two outputs or more. s is then
   * near the exponential (degree 7 up to a range of 4, 15 up to 8), and another polynomial near the inverse of the sum,
   * whose degree follows from the range, 1 to 8: 7 up to 3, 15 up to 4, 31 up to 5, 127 at 8. All scores are to stay in the
   * range, and their sums of exponentials from half of the outputs to cosh(range) times as many.
   */
  UMBRA_LOSS_SOFTMAX = 2
} umbra_loss;

typedef enum umbra_rate_schedule {
  UMBRA_RATE_CONSTANT = 0,
  UMBRA_RATE_INVERSE = 1,    /* rate / (1 + decay i) in iteration i = 0, 1, ... */
  UMBRA_RATE_EXPONENTIAL = 2 /* rate * decay^i */
} umbra_rate_schedule;

/* In which order records are dealt to batches. The plan is public: what follows from it alone, everybody can tell. */
typedef enum umbra_shuffle {
  UMBRA_SHUFFLE_NONE = 0,   /* as they are */
  UMBRA_SHUFFLE_PUBLIC = 1, /* as the plan's `seed` says: whoever has the plan knows which row is in which block */
  UMBRA_SHUFFLE_SECRET = 2  /* by the seed and a random key that only the scaling of the records has */
} umbra_shuffle;

/*
 * What of its records a model may tell to whoever sees it: differential privacy, see umbra/privacy.h and docs/privacy.md.
 * Of linear models, with plain steps from zeros.
 */
typedef enum umbra_noise_by {
  UMBRA_NOISE_BY_OWNER = 0, /* in the clear: the owner sees the model without noise */
  UMBRA_NOISE_BY_BOTH = 1   /* whoever trains adds as much under encryption, before: each share alone is enough */
} umbra_noise_by;

typedef struct umbra_privacy_options {
  size_t struct_size;
  double epsilon, delta; /* 0.001 to 20, and 1e-12 to 0.1 */
  double norm;           /* the features of every record have at most this Euclidean norm: 2^-10 to 2^10 */
  double label_limit;    /* and its label, with the squared error, at most this absolute value; else 0 */
  umbra_noise_by noise_by;
} umbra_privacy_options;
#define UMBRA_PRIVACY_OPTIONS_INIT .struct_size = sizeof(umbra_privacy_options), .norm = 1
UMBRA_API void umbra_privacy_options_init(umbra_privacy_options *options, size_t size);
#define umbra_privacy_options_init(options) umbra_privacy_options_init((options), sizeof *(options))

enum { UMBRA_TRAIN_MAX_ITERATIONS = 100000, UMBRA_TRAIN_MAX_HIDDEN = 3, UMBRA_TRAIN_MAX_HIDDEN_DEGREE = 15 };
#define UMBRA_TRAIN_LEAST_BOUND (1.0 / 524288) /* of the option `bound`: 2^-19 */
#define UMBRA_TRAIN_LARGEST_BOUND 128.0

/* Give rows and columns; the rest has defaults. */
typedef struct umbra_train_options {
  size_t struct_size;
  umbra_train_kind kind;
  uint32_t iterations; /* one batch each */
  size_t rows;         /* records, up to 2^32 */
  size_t columns;      /* features, without the label */
  size_t batch;        /* records of a batch; 0: all. Iteration i takes batch i mod (number of batches) */
  int whole_batches;   /* 1: the records after the last whole batch are not used; 0: they are a smaller, last batch */
  int shuffle;         /* umbra_shuffle: in which order the records are dealt to batches */
  uint64_t seed;
  double rate;
  double decay; /* 0 with a constant rate */
  umbra_rate_schedule schedule;
  int bootstrap_result; /* 1: the model is refreshed, so that it can be computed with; 0: it is only decrypted */
  /* Accelerated: a_0, 0.001 to 1000. At 0 the first v would be the first w, whatever the records are. Nesterov and
     momentum: 0 to 0.999, such as 0.9. Plain: not looked at. */
  double momentum;
  double l2;    /* >= 0, below 1 / rate; the bias is not penalised */
  double bound; /* every weight stays within [-bound, bound] all the time: a power of two in the limits above */
  const umbra_sigmoid_options *sigmoid; /* s; its range is that of all scores, whatever the loss. NULL: defaults */
  umbra_target target;                  /* the layout of records is chosen for it; any device can run the plan */
  const umbra_scaling
      *scaling;    /* of its records: they are one training from then on, see below; NULL: nobody says, and there
                                   is no secret order. It is not kept, and not part of the plan's digest */
  uint32_t rounds; /* of a refresh (umbra_bootstrap_options): 2 for smaller errors, 1, or 0 for 1 */
  /* Of networks; zero for other kinds. */
  double hidden_range;       /* every |z| of hidden layers; 0: 16 */
  umbra_optimizer optimizer; /* of all kinds */
  umbra_loss loss;
  uint32_t outputs;                        /* up to 4096, as hidden units; 0: 1 */
  uint32_t hidden[UMBRA_TRAIN_MAX_HIDDEN]; /* units of hidden layers, from the first; 0 after the last */
  /* The activation of hidden layers: a polynomial of that degree near the function on their range, by least squares. 0
     and 0: squares. */
  umbra_function hidden_function; /* of those that are defined everywhere */
  uint32_t hidden_degree;         /* 2 to UMBRA_TRAIN_MAX_HIDDEN_DEGREE */
  /*
   * Of all kinds: no |feature| of the scaled records is larger, nor one times its record's weight, a weight, or a label that
   * is a value (umbra_train_record_bound). A power of two from 1 on, up to 2^1000. Every ciphertext of the data set shows
   * it, and nothing else about sizes. 0: nobody says; then all show the one of the records that are encrypted.
   */
  double record_bound;
  const umbra_privacy_options *privacy; /* NULL: nothing is promised */
  /*
   * Of networks: 1: each iteration counts the mean of e_j^2, above, over the records of its batch and the outputs, encrypted;
   * see umbra_trainer_loss. Of the squared error it is twice the loss of an output, of the other losses the Brier score of
   * one, and with weights the mean of (w e_j)^2. It takes no level and no refresh, and the weights have the same bits.
   */
  int count_loss;
  /* Of hidden layers: what the first weights of the last layer are multiplied by, a power of two from 2^-16 to 1; 0: 1. With
     less the first scores are near 0, and larger rates hold. */
  double start;
  /*
   * Of networks: 1: features are public, and only targets, records' weights and the model are encrypted. Blocks then have the
   * scaled features in the clear, for whoever has the data set, in the order of training. So there is no secret order, and no
   * privacy is promised. The first layer takes no relinearisations and its inputs no rotations.
   */
  int public_features;
} umbra_train_options;
#define UMBRA_TRAIN_OPTIONS_INIT \
  .struct_size = sizeof(umbra_train_options), .iterations = 32, .rate = 1, .momentum = 0.01, .bound = 8
UMBRA_API void umbra_train_options_init(umbra_train_options *options, size_t size);
#define umbra_train_options_init(options) umbra_train_options_init((options), sizeof *(options))

typedef struct umbra_train_report {
  size_t struct_size;
  uint32_t depth;            /* levels of an iteration */
  uint32_t levels;           /* of refreshed weights */
  uint32_t bootstraps;       /* refreshes of the weights in all */
  size_t batches;            /* of the data set */
  size_t blocks;             /* files of the data set, beside its index */
  uint64_t block_bytes;      /* of the largest one */
  uint64_t data_bytes;       /* of the data set on disk */
  uint64_t read_bytes;       /* of it, in an iteration at most */
  size_t keys;               /* switching keys */
  size_t rotations;          /* of them, rotation keys */
  uint64_t key_bytes;        /* in memory; a file has half of it */
  uint64_t memory_limit;     /* for the context: keys, constants, one block, work, and memory kept for reuse */
  uint64_t memory_bytes;     /* of a process with that limit, at most, without blocks that are kept */
  size_t key_switches;       /* of an iteration at most, without refreshes of the weights */
  size_t bootstrap_switches; /* key switches of a refresh, those to its secret and back too; 0 if there is none */
  double fit_error;       /* largest |s - sigmoid| on the interval; of a softmax about what its probabilities are off */
  double bootstrap_error; /* standard deviation of a weight's error from one refresh, if it is well within the bound */
  double weight_error;    /* standard deviation of a weight's error at the end, if refreshes are at their worst */
  double log2_failure;    /* log2 of the probability that any refresh of the training fails */
  uint64_t checkpoint_bytes; /* of the largest one */
  uint64_t loss_bytes;       /* of what umbra_trainer_loss gives, in a file; 0: nothing is counted */
  /*
   * Of networks whose iterations take more levels than a refresh leaves, and of no others: refreshes within iterations, in
   * all, of sums z of those layers whose bit is set, the lowest for layer 0; docs/training.md says when and how.
   */
  uint64_t layer_bootstraps;
  uint32_t bootstrapped_layers;
} umbra_train_report;
#define UMBRA_TRAIN_REPORT_INIT .struct_size = sizeof(umbra_train_report)
UMBRA_API void umbra_train_report_init(umbra_train_report *report, size_t size);
#define umbra_train_report_init(report) umbra_train_report_init((report), sizeof *(report))

/* Iteration i of the plan. */
typedef struct umbra_train_iteration {
  size_t struct_size;
  size_t first, rows; /* its records, in the order of umbra_train_plan_order */
  double rate, eta;
  int bootstrap;  /* 1: weights are refreshed before it */
  uint32_t level; /* of the weights at its start, and at its end */
  uint32_t level_after;
} umbra_train_iteration;
#define UMBRA_TRAIN_ITERATION_INIT .struct_size = sizeof(umbra_train_iteration)
UMBRA_API void umbra_train_iteration_init(umbra_train_iteration *iteration, size_t size);
#define umbra_train_iteration_init(iteration) umbra_train_iteration_init((iteration), sizeof *(iteration))

/*
 * Errors: INVALID_ARGUMENT (the text names the option), UNSUPPORTED (parameters that do not refresh, whose refreshes fail
 * too often or are too inexact for the bound, or with fewer levels than an iteration takes, even with sums refreshed; more columns than fit; an
 * expected error of the weights beyond their bound; a kind that this version does not know).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_create(umbra_train_plan **plan, const umbra_params *params,
                                                              const umbra_train_options *options);

/* The same plan, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_train_plan *umbra_train_plan_share(const umbra_train_plan *plan);
UMBRA_API void umbra_train_plan_destroy(umbra_train_plan *plan);

UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_report(const umbra_train_plan *plan, umbra_train_report *report);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_iteration(const umbra_train_plan *plan,
                                                                 umbra_train_iteration *iteration, uint32_t i);

/* What a cost is of. */
typedef enum umbra_train_part {
  UMBRA_TRAIN_WHOLE = 0,     /* from making the trainer on */
  UMBRA_TRAIN_ITERATION = 1, /* the one that costs most, without the refresh of the weights before it */
  UMBRA_TRAIN_BOOTSTRAP = 2  /* of the weights; zeros if the training has none */
} umbra_train_part;

/*
 * The cost (umbra/cost.h) of a part of the training, on a device that takes whole polynomials at once. Those of single
 * parts are without constants that are made at first use. Memory: with all keys of the training and one block of
 * records. machine: whose seconds, as in umbra_context_cost_machine, "h200" for one; NULL: those of "cpu" when the plan
 * was made. Errors: INVALID_ARGUMENT, UNSUPPORTED (a machine that is not known), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_cost(const umbra_train_plan *plan, umbra_cost *cost,
                                                            umbra_train_part part, const char *machine);

/* With what was chosen; `sigmoid` and `privacy` are the plan's own. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_options(const umbra_train_plan *plan,
                                                               umbra_train_options *options);
UMBRA_API const umbra_params *umbra_train_plan_params(const umbra_train_plan *plan);

/* Of parameters, options and polynomial; stamped into data sets and checkpoints. */
UMBRA_API void umbra_train_plan_digest(const umbra_train_plan *plan, uint8_t digest[UMBRA_DIGEST_BYTES]);

/*
 * s(x) = sum coefficients[k] T_k(x / range), degree + 1 of them. They travel with the plan. Of UMBRA_LOSS_SOFTMAX s is near
 * 2 e^x / (outputs (cosh(range) - 1/2)).
 */
UMBRA_API const double *umbra_train_plan_coefficients(const umbra_train_plan *plan);

/*
 * Weights of its model, which twins and decryption give: of UMBRA_TRAIN_LOGISTIC columns + 1, the bias last; of
 * networks those of each layer, unit by unit, in the first layer with each unit's bias last.
 */
UMBRA_API size_t umbra_train_plan_weights(const umbra_train_plan *plan);

/*
 * Those with which a training begins if none are given: zeros, but of networks with hidden layers, whose units must differ.
 * These are uniform, with the variance of 1 / (a layer's inputs), and follow from the seed, the same on every machine.
 */
UMBRA_API void umbra_train_plan_initial(const umbra_train_plan *plan, double *weights);

/*
 * order[k]: the row of the k-th record in the order of training; `rows` of them. records: of UMBRA_SHUFFLE_SECRET, scaled
 * by the scaling that the plan was made with, in memory or loaded: the order follows from BLAKE2b of the seed with the
 * random key of the scaling, by ChaCha20, and so does that of twins and encryption. Else they are not looked at, and may be NULL. Errors:
 * INVALID_ARGUMENT, MISMATCH (records that no scaling made, or another one).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_order(const umbra_train_plan *plan, size_t *order,
                                                             const umbra_records *records);

/*
 * Adds exactly the keys that the training needs, each at the level at which it is used. Errors: INVALID_ARGUMENT, MISMATCH
 * (needs of other parameters), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_needs(const umbra_train_plan *plan, umbra_key_needs *needs);

/*
 * What a release of the model's weights (umbra_logistic_decrypt_public) will be, by the error that the plan declares; the
 * options may state another one, and the size from which bits are counted (0: the bound of the weights). Errors: those of
 * umbra_disclosure_predict.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_disclosure(const umbra_train_plan *plan,
                                                                  umbra_disclosure *disclosure,
                                                                  const umbra_disclosure_options *options);

/*
 * An estimate of the time of an iteration, refreshes included, with this device and these threads: a few operations are
 * timed, with keys made for it (seconds). context must have the plan's parameters. Errors: MISMATCH, OUT_OF_MEMORY,
 * CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_calibrate(const umbra_train_plan *plan, double *seconds,
                                                                 const umbra_context *context,
                                                                 const umbra_progress *progress);

/*
 * Saves the scaling of the plan's records as umbra_scaling_save does, with the plan's digest, into .csv; and says
 * whether one that was loaded belongs to this plan. Errors: those of saving; MISMATCH (it was saved with another plan,
 * or is of other records than the scaling that this plan was made with).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_save_scaling(const umbra_train_plan *plan,
                                                                    const umbra_scaling *scaling, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_check_scaling(const umbra_train_plan *plan,
                                                                     const umbra_scaling *scaling);

/*
 * The id of a training: a plan and the records that it was made with. Plans that are made with the scaling of their records
 * have one, and so have that scaling, the models that are trained by the plan, and what is marked by it: weights and
 * records that are encrypted (umbra_logistic_set_training, umbra_matrix_set_training), and layers (umbra_matrix_plan). It is public: BLAKE2b-256 with a
 * random key that stays in the scaling's file, so it tells nothing about the records. Returns 0, and zeros, if there is
 * none; *known likewise. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY.
 */
UMBRA_API int umbra_train_plan_training(const umbra_train_plan *plan, uint8_t id[UMBRA_DIGEST_BYTES]);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_scaling_training(const umbra_scaling *scaling, int *known,
                                                             uint8_t id[UMBRA_DIGEST_BYTES]);

/*
 * Weights and bias, columns + 1 of them, as a table of one row; in .csv with the id of their training before it. training:
 * NULL: nobody knows. Loading takes a row or a column; *known: whether the id was there. Errors: those of tables;
 * INVALID_ARGUMENT (no weights); FORMAT (no such table).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_weights_save(const double *weights, size_t columns, const uint8_t *training,
                                                         const char *path);
/* Saved with a line of text before it in .csv, as umbra_table_write_remarked does. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_weights_save_remarked(const double *weights, size_t columns,
                                                                  const uint8_t *training, const char *remark,
                                                                  const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_weights_load(umbra_table *weights, int *known,
                                                         uint8_t training[UMBRA_DIGEST_BYTES], const char *path);

/* The same of a layer, as umbra_trainer_layer has it decrypted: a row for each unit, without a model's bias at the end;
 * remark: as of umbra_weights_save_remarked, or NULL. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_layer_save(const umbra_table *layer, const uint8_t *training,
                                                       const char *remark, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_layer_load(umbra_table *layer, int *known,
                                                       uint8_t training[UMBRA_DIGEST_BYTES], const char *path);

UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_save(const umbra_train_plan *plan, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_load(umbra_train_plan **plan, const char *path);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_write(const umbra_train_plan *plan, void *buffer, size_t *size);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_read(umbra_train_plan **plan, const void *buffer, size_t size);

/* ---- the twin: the same training in the clear, for the owner ---- */

/* Of one iteration. In an array all have the struct_size of the first. */
typedef struct umbra_train_outcome {
  size_t struct_size;
  double largest_score;  /* |<v, z>| of the iteration's batch: beyond the range the fit does not hold */
  double largest_weight; /* of w, v or m, and v / (1 - eta) where it is refreshed: to be within the plan's bound */
  double accuracy, auc;  /* of the weights after it, on `judged`; NaN without */
  double loss;           /* so, too: that of umbra_judgement */
  double largest_hidden; /* |z| of hidden layers in the iteration's batch; 0 without */
  double counted_loss;   /* of networks: what `count_loss` counts in that iteration; else 0 */
} umbra_train_outcome;
#define UMBRA_TRAIN_OUTCOME_INIT .struct_size = sizeof(umbra_train_outcome)
UMBRA_API void umbra_train_outcome_init(umbra_train_outcome *outcome, size_t size);
#define umbra_train_outcome_init(outcome) umbra_train_outcome_init((outcome), sizeof *(outcome))

/* NULL where one is expected means the defaults. */
typedef struct umbra_twin_options {
  size_t struct_size;
  const umbra_records *judged; /* records to judge by; NULL: accuracy and auc are NaN. Auc is of two classes only */
  const double *initial;       /* umbra_train_plan_weights first weights; NULL: umbra_train_plan_initial */
  int exact;                   /* 1: with the sigmoid itself in the place of s */
  const double *trained; /* of umbra_train_expected_error: what umbra_train_twin made with them; NULL: it is run */
} umbra_twin_options;
#define UMBRA_TWIN_OPTIONS_INIT .struct_size = sizeof(umbra_twin_options)
UMBRA_API void umbra_twin_options_init(umbra_twin_options *options, size_t size);
#define umbra_twin_options_init(options) umbra_twin_options_init((options), sizeof *(options))

/*
 * weights: umbra_train_plan_weights of them; trace: the outcomes of all `count` iterations, or NULL and 0. Weights that
 * are not finite end the training: they are returned, and the rest of the trace is NaN. Errors: INVALID_ARGUMENT
 * (records of another shape than the plan's), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_twin(double *weights, umbra_train_outcome *trace, size_t count,
                                                       const umbra_train_plan *plan, const umbra_records *records,
                                                       const umbra_twin_options *options,
                                                       const umbra_progress *progress);

/*
 * Scores of a model in the clear, with the plan's weights: rows x outputs, of UMBRA_TRAIN_LOGISTIC rows x 1. Errors:
 * INVALID_ARGUMENT (records of other columns), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_scores(const umbra_train_plan *plan, double *scores,
                                                              const umbra_records *records, const double *weights);

/*
 * The error of a weight at the end, as a standard deviation, that is expected of an encrypted training with these records:
 * they say how large weights are where they are refreshed, and how the loss bends, so it is far below the plan's
 * weight_error. The training runs in the clear with errors drawn, the same on every machine, up to four times if weights
 * are few; the root of their mean square is doubled, since the errors of single operations are known within a factor. Under encryption no weight is
 * expected to be farther from the twin's than six times that. options: as above, but that nobody judges. Errors: as above.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_expected_error(double *error, const umbra_train_plan *plan,
                                                                 const umbra_records *records,
                                                                 const umbra_twin_options *options,
                                                                 const umbra_progress *progress);

/*
 * A record_bound for the plan: the least power of two, from 1 on, that holds for scaled records with their weights. Errors:
 * INVALID_ARGUMENT.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_record_bound(double *bound, const umbra_records *records);

/* A bound for the plan: the least power of two with at least four times the largest weight of a trace; 0: none fits. */
UMBRA_API double umbra_train_bound(const umbra_train_outcome *trace, size_t count);

/* ---- the encrypted data set: a folder ---- */

/*
 * Encrypts scaled records into a folder, which is made if it does not exist: blocks of records, and last an index with
 * the first weights (initial: umbra_train_plan_weights; NULL: umbra_train_plan_initial). Memory: about one block. An
 * index that is there already is removed first, so an interrupted call leaves no half data set that passes for a whole
 * one. Meanwhile the folder is locked (umbra/lock.h): nobody else encrypts into it, or trains on what is there.
 * Errors: INVALID_ARGUMENT (records of another shape than the plan's), MISMATCH (the key's parameters), RANGE (features
 * too large to be encrypted, or beyond the plan's record_bound, weights beyond the bound), BUSY, IO, CANCELLED; but for the last two nothing has been written.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_encrypt(const char *folder, const umbra_train_plan *plan,
                                                          const umbra_public_key *key, const umbra_records *records,
                                                          const double *initial, const umbra_progress *progress);

/*
 * The same with the owner's secret key: files of half as many bytes as the plan's report says. Whoever trains must have
 * keys of that owner. Errors: the same.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_encrypt_symmetric(const char *folder, const umbra_train_plan *plan,
                                                                    const umbra_secret_key *key,
                                                                    const umbra_records *records, const double *initial,
                                                                    const umbra_progress *progress);

/* ---- training ---- */

typedef struct umbra_trainer umbra_trainer; /* belongs to one thread at a time */

typedef struct umbra_trainer_desc {
  size_t struct_size;
  const umbra_train_plan *plan;
  const umbra_context *context;
  const umbra_eval_keys *keys;
  const char *data;       /* folder of the data set */
  const char *checkpoint; /* file, not a symbolic link to one, replaced after every iteration; NULL: none */
  int resume;             /* 1: go on after the checkpoint, which must exist; 0: it must not exist */
  uint64_t memory_budget; /* for blocks that are kept in memory; the next one to use always is. 0: all are read again */
  /* Of a simulation only: */
  const umbra_records *records; /* to train on */
  const double *initial;        /* first weights, as of umbra_train_encrypt */
  /* Every so many iterations the checkpoint stays, too, beside the file: of run/c.umbra as run/c-000010.umbra, run/c-000020.umbra,
     ..., which are replaced if they are there; 0: none. For audits (umbra/audit.h). */
  uint32_t keep;
} umbra_trainer_desc;
#define UMBRA_TRAINER_DESC_INIT .struct_size = sizeof(umbra_trainer_desc)
UMBRA_API void umbra_trainer_desc_init(umbra_trainer_desc *desc, size_t size);
#define umbra_trainer_desc_init(desc) umbra_trainer_desc_init((desc), sizeof *(desc))

/*
 * Checks everything before any work: parameters, owner and plan of keys, data set, blocks and checkpoint, every key at
 * its level, and whether a checkpoint can be written, by a temporary file beside it. Checkpoint and data set are locked
 * (umbra/lock.h) as long as the trainer lives: another one on the same checkpoint is BUSY, and so is whoever encrypts into
 * the folder; many may train on one data set. Errors: INVALID_ARGUMENT (also a checkpoint in a folder that holds a secret
 * key), MISMATCH (the text says which differ), MISSING_KEY (names the rotation), EXISTS (a checkpoint that is not to be
 * resumed), BUSY, IO, FORMAT, OUT_OF_MEMORY, CANCELLED. progress is that of the matrices of a refresh, which take most of
 * the time.
 *
 * On a dry device (umbra/cost.h) keys, data and checkpoint are NULL: the trainer runs on a data set of the plan's shape
 * without values. On a simulation (umbra/simulate.h) they are NULL, too, and the trainer runs on `records`, which are
 * simulated once, as umbra_train_encrypt encrypts them; all blocks stay in memory, and the caller's records are not used
 * later. umbra_sim_logistic_decode reads the model. Errors also: UNSUPPORTED (one of these is not NULL; records for another
 * device), and those of umbra_train_encrypt.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_trainer_create(umbra_trainer **trainer, const umbra_trainer_desc *desc,
                                                           const umbra_progress *progress);
UMBRA_API void umbra_trainer_destroy(umbra_trainer *trainer);

/*
 * *iterations that a checkpoint says are done, of a training with the data set in this folder. Only the beginnings of the
 * checkpoint and of the data set's index are read, and no keys are needed; whether the rest is whole is found out when
 * it is loaded. Errors: INVALID_ARGUMENT, IO, FORMAT, MISMATCH (of another plan, data set or owner; the text says which).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_plan_done(const umbra_train_plan *plan, uint32_t *iterations,
                                                            const char *data, const char *checkpoint);

/* What happened in one iteration. */
typedef struct umbra_train_event {
  size_t struct_size;
  uint32_t iteration, iterations; /* done so far, of how many */
  int bootstrapped;               /* 1: the weights were refreshed before it, from level_low to level_high */
  uint32_t level_low, level_high;
  uint32_t level;           /* of the weights after it */
  size_t rows;              /* records of its batch */
  uint64_t bytes;           /* read from the data set */
  double bootstrap_seconds; /* of `seconds` */
  double seconds;           /* checkpoint included */
  /* Of a training with a checkpoint: umbra/audit.h says what they are. */
  int linked;                         /* 0: there are none, for an earlier version has begun the training */
  uint8_t digest[UMBRA_DIGEST_BYTES]; /* of the checkpoint */
  uint8_t link[UMBRA_DIGEST_BYTES];   /* of the chain up to it */
} umbra_train_event;
#define UMBRA_TRAIN_EVENT_INIT .struct_size = sizeof(umbra_train_event)
UMBRA_API void umbra_train_event_init(umbra_train_event *event, size_t size);
#define umbra_train_event_init(event) umbra_train_event_init((event), sizeof *(event))

/*
 * Called after every iteration, when its checkpoint is on disk. Any result but 0 stops the training with CANCELLED, unless
 * that was the last iteration.
 */
typedef int (*umbra_train_observer)(void *user, const umbra_train_event *event);

/*
 * Runs what is left of the plan. observer: may be NULL. After an error or a cancellation the trainer stands before the
 * iteration that failed, and the call can be repeated. Errors: CANCELLED, IO (also a disk that is full: the checkpoint
 * before stays), FORMAT, OUT_OF_MEMORY, DEVICE.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_trainer_run(umbra_trainer *trainer, umbra_train_observer observer,
                                                        void *user);

/*
 * What the trainer does is watched from now on, as umbra_evaluator_watch says; the fraction is that of all iterations, and
 * of the refresh of the result.
 */
UMBRA_API void umbra_trainer_watch(umbra_trainer *trainer, const umbra_progress *progress);

/*
 * From any thread, and from a signal handler: the training stops before its next kernel, inside an iteration or a refresh,
 * with CANCELLED. The state stays what it was before the iteration, in memory and on disk.
 */
UMBRA_API void umbra_trainer_cancel(umbra_trainer *trainer);

/* Bytes of the checkpoints that `keep` lets stay, the training's own one not included. */
UMBRA_API uint64_t umbra_train_plan_kept_bytes(const umbra_train_plan *plan, uint32_t keep);

/*
 * The digest and the link (umbra/audit.h) of the last iteration that is done, in this trainer or before a resumption, as
 * its event has them. Returns 0, and sets nothing, if there are none.
 */
UMBRA_API int umbra_trainer_link(const umbra_trainer *trainer, uint8_t digest[UMBRA_DIGEST_BYTES],
                                 uint8_t link[UMBRA_DIGEST_BYTES]);

/* Iterations done, those before a resumption included. */
UMBRA_API uint32_t umbra_trainer_iterations(const umbra_trainer *trainer);

/*
 * The weights of a layer of a network, from 0, when all iterations are done: a row for each unit, a column for
 * each input, and in layer 0 one for the bias, the last. The layout is UMBRA_MATRIX_WRAPPED; it is marked by the training
 * if the plan has an id. Errors: INVALID_ARGUMENT (not yet, no such layer), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_trainer_layer(const umbra_trainer *trainer, umbra_matrix **weights,
                                                          uint32_t layer);

/*
 * What a training with `count_loss` has counted, encrypted at level 0: a row with a value for each iteration, 0 for those
 * that are not done yet. It is part of every checkpoint, so a training that goes on has the same bits, and audits see it.
 * umbra_train_twin's counted_loss is what to expect. Errors: INVALID_ARGUMENT (nothing is counted, or no iteration is
 * done), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_trainer_loss(const umbra_trainer *trainer, umbra_matrix **loss);

/* The model of UMBRA_TRAIN_LOGISTIC, when all iterations are done. Errors: INVALID_ARGUMENT (not yet), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_trainer_logistic(const umbra_trainer *trainer, umbra_logistic **model);

UMBRA_END_DECLS

#endif
