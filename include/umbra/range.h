/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How large values are: declared and worst-case ranges, and what decryption tells of them.
 *
 * Nobody sees an encrypted value, so what is known of its size are bounds. Every ciphertext has two:
 *
 *   worst case   what the computation can have made of inputs within their encryption's bound. Sure, but every sum adds
 *                and every product multiplies it, so that it soon says nothing: 2^54 after three layers of a network
 *                whose values are below 2^-9.
 *   bound        what it can have made if everything that was declared on the way is true. Encryption declares its values;
 *                whoever planned a computation declares what comes in between.
 *
 * One rule: an operation computes each bound of its result from the same bound of its operands. umbra_ciphertext_declare
 * replaces the bound and leaves the worst case. So the two are equal until something is declared, and what is declared
 * once is good for all that is computed from it. Of who declared it, and of what else was declared of a value (that it is
 * real, how many slots are used), operations keep nothing: these are of the value itself, and results are declared again.
 *
 * Wherever a range counts the bound is used: whether a value fits its level, whether a refresh and a polynomial may have
 * it as their input, whether a circuit may, what umbra_ciphertext_magnitude says, and what decryption holds a result to.
 * The worst case stays available under that name. In the functions of refreshes and polynomials both are bounded by what
 * these ask of their inputs: a caller promises that (umbra/bootstrap.h, umbra/polynomial.h).
 *
 * A declaration may have the support of a calibration: the computation, simulated on samples of its inputs. Then the
 * larger of the two bounds is used.
 *
 * A declaration is a claim. Where bounds leave a doubt, the value has it (umbra_doubt), and so has all that is computed
 * from it; a strict evaluator adds none (umbra_evaluator_set_strict), but keeps those of its inputs. Whether a claim is
 * true only the key's owner can see, in part, when results are opened: umbra_decrypt_outcome. That nothing is found is no
 * proof that nothing is wrong.
 */
#ifndef UMBRA_RANGE_H
#define UMBRA_RANGE_H

#include <umbra/ciphertext.h>

UMBRA_BEGIN_DECLS

/* Who declared a value's range. Numbers are part of the file format. */
typedef enum umbra_declarer {
  UMBRA_DECLARED_BY_NOBODY = 0, /* computed from its operands', or of an older file */
  UMBRA_DECLARED_BY_OWNER = 1,  /* whoever encrypted it */
  UMBRA_DECLARED_BY_PLAN = 2,   /* the plan of a training, of a network, ... */
  UMBRA_DECLARED_BY_APPLICATION = 3
} umbra_declarer;

/* Why a value may be wrong: a bit for each. Those of bounds are known to everyone; decryption tells the others. */
typedef enum umbra_doubt {
  UMBRA_DOUBT_LEVEL = 1,    /* its bound is more than its level holds: it may have wrapped around */
  UMBRA_DOUBT_REFRESH = 2,  /* the bound of a refresh's input was more than what the refresh was planned for */
  UMBRA_DOUBT_INTERVAL = 4, /* that of a polynomial's input was more than 1 */
  UMBRA_DOUBT_VALUE = 8,    /* seen: a slot beyond the bound */
  UMBRA_DOUBT_REAL = 16,    /* seen: an imaginary part beyond the error, of a value declared real */
  UMBRA_DOUBT_UNUSED = 32,  /* seen: more than the error in a slot that was declared unused */
  UMBRA_DOUBT_CANARY = 64   /* seen: another answer than the one known before */
} umbra_doubt;

/* What is declared of a value. */
typedef struct umbra_declaration {
  size_t struct_size;
  double magnitude;   /* no |slot| is larger: finite, not negative */
  double error_bound; /* nor its error, except with probability below 2^-30; 0: as it is known from the computation */
  umbra_declarer by;
  int real;          /* 1: no slot has an imaginary part */
  uint32_t used;     /* slots from this one on hold 0; 0: nothing is said about them */
  double calibrated; /* what a calibration supports: the larger of it and magnitude is used; 0: there was none */
  double failure_probability; /* of that calibration, below 1; 0: there was none */
} umbra_declaration;
#define UMBRA_DECLARATION_INIT .struct_size = sizeof(umbra_declaration), .by = UMBRA_DECLARED_BY_APPLICATION
UMBRA_API void umbra_declaration_init(umbra_declaration *declaration, size_t size);
#define umbra_declaration_init(declaration) umbra_declaration_init((declaration), sizeof *(declaration))

/*
 * Says how large the value is; also on a dry device. The worst case, and doubts about what it was computed from, stay.
 * The ciphertext may not be in use elsewhere meanwhile. Errors: INVALID_ARGUMENT.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_ciphertext_declare(umbra_ciphertext *ciphertext,
                                                               const umbra_declaration *declaration);

/* All that is known of a value's size without the key. */
typedef struct umbra_range {
  size_t struct_size;
  double magnitude, error_bound;             /* what is used: umbra_ciphertext_magnitude and _error_bound */
  double worst_magnitude, worst_error_bound; /* if nothing had been declared */
  double headroom_bits;                      /* umbra_ciphertext_headroom_bits */
  umbra_declarer by;
  int real;
  uint32_t used;
  uint32_t doubts;            /* of umbra_doubt */
  double failure_probability; /* of the calibration that the declaration had; 0: it had none */
} umbra_range;
#define UMBRA_RANGE_INIT .struct_size = sizeof(umbra_range)
UMBRA_API void umbra_range_init(umbra_range *range, size_t size);
#define umbra_range_init(range) umbra_range_init((range), sizeof *(range))

/* Errors: INVALID_ARGUMENT. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_ciphertext_range(const umbra_ciphertext *ciphertext, umbra_range *range);

/* ---- calibration ---- */

/*
 * What a simulation (umbra/simulate.h) shows of the magnitudes at one point of a computation. A planner runs the
 * computation on samples of its inputs, adds the simulated ciphertexts of that point one by one, asks for the bound that
 * they support, and declares it with the ciphertexts of real runs. For one point, and one thread at a time.
 *
 *     umbra_range_calibration seen = {UMBRA_RANGE_CALIBRATION_INIT};
 *     for each batch of sample records: simulate up to that point, and
 *       umbra_range_calibration_add(&seen, x, records);
 *     umbra_range_calibration_bound(&seen, &declaration.calibrated, 1e-3, 0.99);
 *     declaration.failure_probability = 1e-3;
 *     umbra_ciphertext_declare(ciphertext of a real run, &declaration);
 */
typedef struct umbra_range_calibration {
  size_t struct_size;
  size_t samples;     /* records so far */
  double largest;     /* |slot| of all of them */
  double error_bound; /* the largest of their ciphertexts: umbra_ciphertext_error_bound */
} umbra_range_calibration;
#define UMBRA_RANGE_CALIBRATION_INIT .struct_size = sizeof(umbra_range_calibration)
UMBRA_API void umbra_range_calibration_init(umbra_range_calibration *calibration, size_t size);
#define umbra_range_calibration_init(calibration) umbra_range_calibration_init((calibration), sizeof *(calibration))

/*
 * The ciphertext of a simulation holds `records` independent samples, 1 to its slots: 1 if all slots depend on one
 * (a record, or a whole batch, whose members meet in sums). All slots are looked at. Errors: INVALID_ARGUMENT, RANGE (a slot
 * is infinite, or no number), OUT_OF_MEMORY, UNSUPPORTED (a ciphertext of another device).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_range_calibration_add(umbra_range_calibration *calibration,
                                                                  const umbra_ciphertext *ciphertext, uint32_t records);

/*
 * *bound = the largest magnitude seen, and the error bound on top of it: a simulated value is off the true one by its
 * noise, whose Gaussian tail beyond that is below 2^-30 for a slot.
 *
 * If N samples are independent and of the distribution of later records, the largest of them is exceeded by a fresh
 * record with probability at most p = failure_probability, except for calibrations that come about with probability
 * (1 - p)^N, which is to be at most 1 - confidence: N >= log(1 - confidence) / log(1 - p), 459 for p = 0.01 and 99 %. A
 * ciphertext of R fresh records exceeds it with probability at most R p. Nothing is promised of records that are
 * distributed otherwise, of those that an adversary chooses, nor of how far a record goes beyond the bound.
 *
 * Errors: INVALID_ARGUMENT (either is not between 0 and 1; fewer than N samples: the text has N).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_range_calibration_bound(const umbra_range_calibration *calibration,
                                                                    double *bound, double failure_probability,
                                                                    double confidence);

/* ---- for the key's owner ---- */

/* What opening a value showed. */
typedef struct umbra_outcome {
  size_t struct_size;
  uint32_t doubts;          /* of umbra_doubt; 0: nothing was found, which proves nothing */
  uint32_t first;           /* of the slots that raised VALUE, REAL or CANARY, the first; the slot count: none did */
  double largest;           /* |slot| */
  double largest_imaginary; /* |imaginary part| of any slot */
  double largest_unused;    /* |slot| from `used` on */
  double canary_error;      /* largest distance of a canary from its answer */
  double headroom_bits;     /* of the largest coefficient, as in umbra_noise_report */
} umbra_outcome;
#define UMBRA_OUTCOME_INIT .struct_size = sizeof(umbra_outcome)
UMBRA_API void umbra_outcome_init(umbra_outcome *outcome, size_t size);
#define umbra_outcome_init(outcome) umbra_outcome_init((outcome), sizeof *(outcome))

/*
 * What the owner knows beforehand: canaries, values whose results are known. Whoever encrypts puts them into some of the
 * slots (records that were made up, say), and computes their results in the clear.
 */
typedef struct umbra_outcome_options {
  size_t struct_size;
  const uint32_t *canary_slots;
  const double *canary_pairs; /* the answers: re, im */
  size_t canaries;
  double canary_tolerance; /* on their distance, beside the error bound: of an approximation, say; finite */
} umbra_outcome_options;
#define UMBRA_OUTCOME_OPTIONS_INIT .struct_size = sizeof(umbra_outcome_options)
UMBRA_API void umbra_outcome_options_init(umbra_outcome_options *options, size_t size);
#define umbra_outcome_options_init(options) umbra_outcome_options_init((options), sizeof *(options))

/*
 * Opens a value as umbra_decrypt_decode_complex does, and gives it in any case, with all doubts there are: those of its
 * bounds and those that it raises itself. The first count slots as pairs (re, im); all slots are looked at. options: NULL
 * for no canaries. The outcome tells errors, too, which depend on the key: it is for the owner's eyes.
 * Errors: as umbra_decrypt_decode, RANGE only for more values than slots and for what no double holds; INVALID_ARGUMENT
 * also for canaries beyond the slots.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_decrypt_outcome(umbra_outcome *outcome, double *pairs, size_t count,
                                                            const umbra_ciphertext *ciphertext,
                                                            const umbra_secret_key *key,
                                                            const umbra_outcome_options *options);

UMBRA_END_DECLS

#endif
