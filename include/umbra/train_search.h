/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Settings of a training, found by trainings in the clear: scaling, clipping, rate, the polynomial's degree and range,
 * and iterations. Each trial trains on most of the records and is judged by those held back. First scalings are
 * compared, with the sigmoid itself; then, with the best of them, rates around the one that is safe (four times the
 * inverse of the largest eigenvalue of the records' second moments, by power iteration) and polynomials. A trial ends
 * where scores leave nine tenths of its polynomial's range. Chosen is the cheapest, in key switches, of those whose AUC
 * is within the tolerance of the best, and whose loss is nearly that of the best among them; then it is trained on all
 * records, and left for the next one if scores do not stay within the range there.
 *
 * Nothing depends on time or threads. With many records a part that follows from the seed stands for all: trials take
 * as many steps as 10,000 records of 30 features do at most, beside one training on all: of logistic models a few
 * seconds on one processor.
 *
 * Networks are searched likewise, by accuracy or, of values, by the share of their variance that is explained. First both
 * scalings, to deviations cut off at 3 and to [0, 1], with the squared error and, behind hidden layers, an eighth of the
 * last layer's first weights; with the better one then the other losses of classes, and whole first weights; of each
 * rates from 2 down, each 0.7 times the one before, until they are too slow. Each fold has first weights of its own, and
 * scores and sums of hidden layers have to stay within 1 / 1.3 of their ranges; that of values is at least twice the
 * largest one. Chosen is the cheapest that is nearly the best; then it is trained on all records from five starts, or
 * one without hidden layers and shuffling, and left for the next one if one of them leaves a range there. The start that
 * comes nearest to the records is taken.
 */
#ifndef UMBRA_TRAIN_SEARCH_H
#define UMBRA_TRAIN_SEARCH_H

#include <umbra/train.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_train_search umbra_train_search; /* immutable, shareable */

/* What is given and not searched; to be added up. */
typedef enum umbra_train_setting {
  UMBRA_SETTING_SCALING = 1, /* with its argument */
  UMBRA_SETTING_CLIP = 2,
  UMBRA_SETTING_RATE = 4,
  UMBRA_SETTING_DEGREE = 8,
  UMBRA_SETTING_RANGE = 16,
  UMBRA_SETTING_ITERATIONS = 32,
  UMBRA_SETTING_LOSS = 64,  /* of networks, as what follows */
  UMBRA_SETTING_SEED = 128, /* of first weights, and of the order of records */
  UMBRA_SETTING_START = 256
} umbra_train_setting;

/* NULL where one is expected means the defaults. */
typedef struct umbra_train_search_options {
  size_t struct_size;
  const umbra_train_options
      *train;                 /* all that is not searched (rows and columns are the records'), and what is given of
                                       rate, iterations, sigmoid, loss and seed. NULL: defaults */
  const double *initial;      /* columns + 1 first weights, the bias last; NULL: zeros */
  uint64_t seed;              /* of the records that are held back */
  double argument, clip;      /* if given, as umbra_scaling_fit takes them */
  double tolerance;           /* AUC that cheaper settings may lose */
  umbra_scaling_kind scaling; /* if given */
  uint32_t given;             /* a sum of umbra_train_setting */
  uint32_t folds;             /* times that records are held back; 0: by their number, 5 to 1 */
  uint32_t most_iterations;   /* tried */
} umbra_train_search_options;
#define UMBRA_TRAIN_SEARCH_OPTIONS_INIT \
  .struct_size = sizeof(umbra_train_search_options), .seed = 1, .tolerance = 0.002, .most_iterations = 60
UMBRA_API void umbra_train_search_options_init(umbra_train_search_options *options, size_t size);
#define umbra_train_search_options_init(options) umbra_train_search_options_init((options), sizeof *(options))

typedef struct umbra_train_trial {
  size_t struct_size;
  umbra_scaling_kind scaling;
  uint32_t degree;     /* 0: the sigmoid itself */
  uint32_t iterations; /* with which it did best, or that were chosen; 0: scores left the range at once */
  uint32_t refreshes;  /* that they take; of networks at least */
  double argument, clip, rate;
  double range;     /* 0: of the sigmoid itself */
  double auc, loss; /* of records held back, on average of the folds; NaN without iterations. Loss: umbra_judgement, or
                       that of the network; its AUC: of one output, else 0 */
  double largest_score; /* |<v, z>| in these iterations, of any fold; of the chosen trial of all records */
  /* Of networks; zero for other kinds, but for the accuracy. */
  umbra_loss objective;
  uint64_t seed;
  double start;
  double accuracy; /* as auc, at a threshold of 0; 0: of values */
  double largest_hidden;
} umbra_train_trial;
#define UMBRA_TRAIN_TRIAL_INIT .struct_size = sizeof(umbra_train_trial)
UMBRA_API void umbra_train_trial_init(umbra_train_trial *trial, size_t size);
#define umbra_train_trial_init(trial) umbra_train_trial_init((trial), sizeof *(trial))

/*
 * records: as they are, not scaled. params: of the plan to be made; degrees that take too many levels are not tried.
 * Errors: INVALID_ARGUMENT (options, with their names), UNSUPPORTED (as umbra_train_plan_create), RANGE (records that
 * cannot be scaled; no trial whose scores stay within the range), OUT_OF_MEMORY, CANCELLED.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_search_create(umbra_train_search **search, const umbra_params *params,
                                                                const umbra_records *records,
                                                                const umbra_train_search_options *options,
                                                                const umbra_progress *progress);

/* Trials, in the order in which they were made, and which of them was chosen. */
UMBRA_API size_t umbra_train_search_count(const umbra_train_search *search);
UMBRA_API size_t umbra_train_search_chosen(const umbra_train_search *search);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_train_search_trial(const umbra_train_search *search,
                                                               umbra_train_trial *trial, size_t i);

/* Records that trials had, of those given, and how often some of them were held back. */
UMBRA_API size_t umbra_train_search_records(const umbra_train_search *search);
UMBRA_API uint32_t umbra_train_search_folds(const umbra_train_search *search);

/* The same search, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_train_search *umbra_train_search_share(const umbra_train_search *search);
UMBRA_API void umbra_train_search_destroy(umbra_train_search *search);

UMBRA_END_DECLS

#endif
