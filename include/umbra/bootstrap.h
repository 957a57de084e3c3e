/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Refreshing ciphertexts that have run out of levels: bootstrapping, as names have it.
 *
 * The modulus is raised (ModRaise) through an ephemeral sparse secret (Bossuat, Troncoso-Pastoriza, Hubaux, eprint
 * 2022/024); what overflowed is taken away by a sine of the coefficients (EvalMod: Cheon, Han, Kim, Kim, Song, EUROCRYPT
 * 2018), which two linear maps move into slots (CoeffsToSlots) and back (SlotsToCoeffs: Bossuat, Mouchet,
 * Troncoso-Pastoriza, Hubaux, eprint 2020/1203). Needs parameters with levels for it: umbra_params_bootstrapped_level is
 * not 0.
 *
 * A plan says what a refresh costs and how precise it is before anything runs, and which keys it needs. A bootstrapper is a
 * plan with its constants encoded for one context; it is immutable and shared by evaluators. It has no keys: those are the
 * evaluator's, so one bootstrapper serves many clients.
 */
#ifndef UMBRA_BOOTSTRAP_H
#define UMBRA_BOOTSTRAP_H

#include <umbra/evaluator.h>
#include <umbra/target.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_bootstrap_plan umbra_bootstrap_plan;
typedef struct umbra_bootstrapper umbra_bootstrapper;

typedef enum umbra_bootstrap_order {
  /* The modulus is raised first. For complex slots, and at the lowest levels. */
  UMBRA_BOOTSTRAP_STANDARD = 0,
  /*
   * Slots-to-coefficients first, on what levels are left ("slim"): one sine instead of two for real slots, and the result
   * has the levels that slots-to-coefficients would have taken. Imaginary parts are dropped.
   */
  UMBRA_BOOTSTRAP_STC_FIRST = 1
} umbra_bootstrap_order;

/* How to refresh. NULL where one is expected means the defaults. */
typedef struct umbra_bootstrap_options {
  size_t struct_size;
  uint32_t slots; /* of the ciphertexts: a power of two, at least 2; 0: n / 2 */
  double bound;   /* B: both parts of every slot lie in [-B, B]; a power of two from 2^-20 to 2^20 */
  umbra_bootstrap_order order;
  int min_key;     /* linear maps by chains of rotations: few keys, and more time */
  uint32_t rounds; /* 2: the error of the first refresh is refreshed, too (Meta-BTS, eprint 2022/1167); 1: it is not */
  /*
   * Of linear maps without min_key: rotations of the input before sums of products are rotated, a power of two; 0: as many as
   * the target is served best by. More take more keys and fewer kernels. Results differ in their bits.
   */
  uint32_t baby_steps;
  umbra_target target; /* any device can run the plan */
} umbra_bootstrap_options;
#define UMBRA_BOOTSTRAP_OPTIONS_INIT .struct_size = sizeof(umbra_bootstrap_options), .bound = 1, .rounds = 1
UMBRA_API void umbra_bootstrap_options_init(umbra_bootstrap_options *options, size_t size);
#define umbra_bootstrap_options_init(options) umbra_bootstrap_options_init((options), sizeof *(options))

/*
 * What a refresh costs and gives. Keys, bytes and key switches are those of one refresh from the input level, which the
 * plan runs on a dry device (umbra/cost.h). Errors are in units of the bound B, for both parts of slots uniform in [-B, B].
 */
typedef struct umbra_bootstrap_report {
  size_t struct_size;
  uint32_t slots;
  uint32_t input_level;      /* the lowest at which a ciphertext may come in */
  uint32_t output_level;     /* at which it comes out */
  uint32_t levels_consumed;  /* of those that the parameters have, from the highest inside to the output's */
  size_t keys;               /* switching keys in all */
  uint64_t key_bytes;        /* in memory; a file has half of it */
  uint64_t plain_bytes;      /* encoded matrices of a bootstrapper */
  uint64_t workspace_bytes;  /* beside these, at most; with the ciphertext that comes in, and the one that comes out */
  size_t key_switches;       /* products with a switching key, those to the sparse secret and back too */
  double error_polynomial;   /* standard deviation of a part of a slot, from the fit of the cosine */
  double error_sine;         /* the largest that the bending of the sine can do: if all slots are alike and of size B */
  double error_noise;        /* standard deviation of a part of a slot, from rounding and keys */
  double error;              /* standard deviation of a part of a slot, all together, without error_sine */
  double worst_error;        /* of any part of any slot, except with the following probability: */
  double log2_worst_failure; /* that it is larger */
  double log2_range_failure; /* that a refresh fails, because a coefficient left the range of the sine */
} umbra_bootstrap_report;
#define UMBRA_BOOTSTRAP_REPORT_INIT .struct_size = sizeof(umbra_bootstrap_report)
UMBRA_API void umbra_bootstrap_report_init(umbra_bootstrap_report *report, size_t size);
#define umbra_bootstrap_report_init(report) umbra_bootstrap_report_init((report), sizeof *(report))

/*
 * options: NULL for the defaults. Errors: INVALID_ARGUMENT, OUT_OF_MEMORY; UNSUPPORTED: parameters that do not refresh, or a
 * refresh that would fail with a probability above 2^-30, would be off by more than half of the bound, or would lose
 * precision by its second round; the text names the member to change.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrap_plan_create(umbra_bootstrap_plan **plan,
                                                                  const umbra_params *params,
                                                                  const umbra_bootstrap_options *options);

/* The same plan, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_bootstrap_plan *umbra_bootstrap_plan_share(const umbra_bootstrap_plan *plan);
UMBRA_API void umbra_bootstrap_plan_destroy(umbra_bootstrap_plan *plan);

/* Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrap_plan_report(const umbra_bootstrap_plan *plan,
                                                                  umbra_bootstrap_report *report);

/*
 * Adds the keys of the plan to needs, each at the level at which it is used. Errors: INVALID_ARGUMENT, MISMATCH (needs of
 * other parameters), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrap_plan_needs(const umbra_bootstrap_plan *plan,
                                                                 umbra_key_needs *needs);

/*
 * Encodes the plan's matrices for a context of the plan's parameters. Errors: INVALID_ARGUMENT, MISMATCH,
 * OUT_OF_MEMORY, CANCELLED. progress: may be NULL.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrapper_create(umbra_bootstrapper **bootstrapper,
                                                                const umbra_context *context,
                                                                const umbra_bootstrap_plan *plan,
                                                                const umbra_progress *progress);

/* The same bootstrapper, counted once more; see umbra/umbra.h. */
UMBRA_API umbra_bootstrapper *umbra_bootstrapper_share(const umbra_bootstrapper *bootstrapper);
UMBRA_API uint64_t umbra_bootstrapper_bytes(const umbra_bootstrapper *bootstrapper); /* of its matrices' residues */
UMBRA_API void umbra_bootstrapper_destroy(umbra_bootstrapper *bootstrapper);

/*
 * out = a at the plan's output level. a may be at any level from the plan's input level on; both parts of all its slots
 * must be within the plan's bound, which is what a caller promises: beyond it values are bent, and far beyond it wrong,
 * which umbra_decrypt_outcome shows often, not always (docs/ranges.md). If the bound of a is more than B sqrt(2), out has
 * UMBRA_DOUBT_REFRESH, and a strict evaluator refuses (RANGE); a declaration of what is true (umbra/range.h) helps. Real
 * slots between B and B sqrt(2) raise no doubt. Needs the plan's keys. Errors: NO_LEVEL (below the input level),
 * INVALID_ARGUMENT (slots), MISSING_KEY, MISMATCH, OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrap(umbra_evaluator *evaluator, umbra_ciphertext **out,
                                                      const umbra_ciphertext *a,
                                                      const umbra_bootstrapper *bootstrapper);

/*
 * outs[i] = ins[i], refreshed; the same bits as by single calls. outs: different handles, NULL or to be replaced; they may
 * be inputs.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrap_many(umbra_evaluator *evaluator, umbra_ciphertext **outs,
                                                           const umbra_ciphertext *const *ins, size_t count,
                                                           const umbra_bootstrapper *bootstrapper);

/*
 * Two ciphertexts of real slots as one complex one, for little more than the cost of one. Imaginary parts of a would end
 * up in out_b, so both must be real. Standard order only (else UNSUPPORTED).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_bootstrap_pair(umbra_evaluator *evaluator, umbra_ciphertext **out_a,
                                                           umbra_ciphertext **out_b, const umbra_ciphertext *a,
                                                           const umbra_ciphertext *b,
                                                           const umbra_bootstrapper *bootstrapper);

/*
 * From now on an operation that lacks levels refreshes its input first, if the input has no more slots than the plan. NULL: no
 * longer. The evaluator keeps the bootstrapper until then.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_evaluator_bootstrap_with(umbra_evaluator *evaluator,
                                                                     const umbra_bootstrapper *bootstrapper);

/* How often that has happened. */
UMBRA_API uint64_t umbra_evaluator_bootstraps(const umbra_evaluator *evaluator);

UMBRA_END_DECLS

#endif
