/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the handles of the CKKS layer hold: a pointer that is not const is a share of its own, and is released with the
 * object. Constructors check nothing: the public calls do.
 */
#ifndef UMBRA_CKKS_OBJECTS_H
#define UMBRA_CKKS_OBJECTS_H

#include <threads.h>

#include <umbra/evaluator.h>

#include "../base/counted.h"
#include "../base/random.h"
#include "../base/watch.h"
#include "../ring/key_switch.h"
#include "../ring/ring.h"

/* What is known of operations whose device time is not; see trace.h. */
typedef struct umbra_spans {
  struct umbra_span *span;
  size_t count, room;
} umbra_spans;

typedef struct umbra_dry umbra_dry;             /* see dry.h */
typedef struct umbra_stand_ins umbra_stand_ins; /* see stand_ins.h */

struct umbra_context {
  umbra_counted counted;
  umbra_ring *ring;
  uint32_t *slot_index;       /* n/2 entries: where the transform keeps slot j; see encoder.c */
  mtx_t lock;                 /* of home */
  umbra_context *home;        /* see umbra_context_home; NULL until it is needed */
  umbra_stand_ins *stand_ins; /* NULL: the device is a real one, and keys are */
  umbra_dry *dry;             /* NULL: there are values; see dry.h */
  int secrets_on_device;
  int bulk_decode;
  umbra_tracer tracer;
  const umbra_tracer *trace; /* that one, or NULL: nobody watches */
  char fallback[512];        /* see umbra_context_fallback */
};

struct umbra_secret_key {
  umbra_counted counted;
  umbra_context *context;
  const umbra_context *home; /* where secrets are computed with: the context's */
  uint8_t owner[UMBRA_OWNER_BYTES];
  int8_t *ternary; /* n coefficients, in sodium_malloc memory */
};

/* b = -a s + e modulo the top window and one auxiliary prime; a is expanded from the seed. */
struct umbra_public_key {
  umbra_counted counted;
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  uint8_t seed[UMBRA_SEED_BYTES];
  umbra_poly poly; /* (b, a), evaluation domain */
};

/*
 * kind: values are part of the file format. RELINEARIZE: s^2 to s. TO_SPARSE: s to an ephemeral sparse secret, at the
 * lowest modulus only. TO_DENSE: that secret to s, for a polynomial that is as small as a digit.
 */
typedef struct umbra_eval_key {
  umbra_key_kind kind;
  uint32_t rotation;              /* in [1, n/2); 0 unless kind is UMBRA_KEY_ROTATE */
  uint32_t level;                 /* serves levels 0..level; UMBRA_KEY_TO_SPARSE: 0 */
  uint8_t seed[UMBRA_SEED_BYTES]; /* a of digit j is polynomial j of its expansion */
  umbra_switching_key key;
} umbra_eval_key;

struct umbra_eval_keys {
  umbra_counted counted;
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  size_t count;
  umbra_eval_key *key;
};

/* What is known of a value without a key; see noise.h. */
typedef struct umbra_estimate {
  double magnitude; /* bound on |slot| */
  double error;     /* standard deviation of a slot's error, as an upper estimate */
} umbra_estimate;

struct umbra_plaintext {
  umbra_context *context;
  uint32_t level, slots;
  umbra_estimate estimate;
  umbra_poly poly; /* evaluation domain, over the level's window */
};

struct umbra_ciphertext {
  umbra_context *context;
  uint8_t owner[UMBRA_OWNER_BYTES];
  uint32_t level, slots;
  umbra_estimate estimate;
  int seeded; /* polynomial 1 is the expansion of the seed */
  uint8_t seed[UMBRA_SEED_BYTES];
  umbra_poly poly; /* (c0, c1), evaluation domain, over the level's window */
};

/* How an evaluator refreshes inputs that lack levels; refresh: NULL if it does not. Set by a layer above. */
typedef struct umbra_refresher {
  umbra_status (*refresh)(umbra_evaluator *evaluator, umbra_ciphertext **out, const umbra_ciphertext *in,
                          const void *with);
  void *with;           /* counted, and held by the evaluator */
  uint32_t input_level; /* the lowest level that can be refreshed */
  uint32_t slots;       /* the most that a ciphertext may have */
  uint64_t count;       /* of refreshes so far */
} umbra_refresher;

struct umbra_evaluator {
  umbra_counted counted; /* circuits hold it, too */
  umbra_context *context;
  umbra_eval_keys *keys; /* or NULL */
  umbra_stream *stream;  /* watched */
  umbra_watch watch;
  umbra_refresher refresher;
  uint64_t number; /* in this process, for traces */
  umbra_spans spans;
};

/* Allocated objects with their polynomial's memory; contents of the polynomial undefined, other fields zero. */
umbra_status umbra_ciphertext_make(umbra_ciphertext **ciphertext, const umbra_context *context, uint32_t level);
umbra_status umbra_plaintext_make(umbra_plaintext **plaintext, const umbra_context *context, uint32_t level);
umbra_status umbra_secret_key_make(umbra_secret_key **key, const umbra_context *context);
umbra_status umbra_public_key_make(umbra_public_key **key, const umbra_context *context);
umbra_status umbra_eval_keys_make(umbra_eval_keys **keys, const umbra_context *context, size_t count);

/* What a key of a kind looks like: its polynomials, and the primes that the secret it switches from is multiplied by. */
typedef struct umbra_key_shape {
  umbra_window window;
  uint32_t aux;
  umbra_digit_range digits;
  uint32_t gadget_first, gadget_count; /* positions of those primes: a division by them ends the switch */
} umbra_key_shape;

umbra_key_shape umbra_key_shape_of(const umbra_chain *chain, umbra_key_kind kind, uint32_t level);

/* The primes on which digit j of a key has the secret that it switches from. */
umbra_window umbra_key_digit_window(const umbra_chain *chain, const umbra_eval_key *entry, uint32_t j);

/* Memory of a key. */
uint64_t umbra_key_bytes(const umbra_chain *chain, umbra_key_kind kind, uint32_t level);

/* The highest level for which there are keys of a kind. */
uint32_t umbra_key_top_level(const umbra_chain *chain, umbra_key_kind kind);

/* Memory of one evaluation key that serves levels 0..level; entry->key, kind and level are filled. */
umbra_status umbra_eval_key_make(umbra_eval_key *entry, const umbra_context *context, umbra_key_kind kind,
                                 uint32_t level);

/* The key of that kind (and rotation in [1, n/2)), or NULL; keys may be NULL. */
const umbra_eval_key *umbra_eval_keys_find(const umbra_eval_keys *keys, umbra_key_kind kind, uint32_t rotation);

/* Expand the uniform halves from the seed: polynomial 1, and polynomials 2j + 1 of an evaluation key. */
void umbra_ciphertext_expand(const umbra_ciphertext *ciphertext, umbra_stream *stream);
void umbra_public_key_expand(const umbra_public_key *key, umbra_stream *stream);
void umbra_eval_key_expand(const umbra_eval_key *entry, const umbra_context *context, umbra_stream *stream);

/*
 * The context in which to compute with secrets: a CPU's of the same parameters, so that a secret key never reaches
 * another device, unless that was asked for. Made on first use.
 */
umbra_status umbra_context_home(const umbra_context **home, const umbra_context *context);

/* Moves an object's polynomial to another context of the same parameters, which the object then holds. */
umbra_status umbra_move_to_context(umbra_poly *poly, umbra_context **context, const umbra_context *to);

/* Shorthands. */
static inline const umbra_chain *umbra_context_chain(const umbra_context *context) {
  return umbra_ring_chain(context->ring);
}

/* Ends the stream of one call outside an evaluator: waits for it and closes it; the first failure of `status` and of
 * it. */
umbra_status umbra_stream_close(umbra_stream *stream, const umbra_context *context, umbra_status status);

/* MISMATCH unless both contexts have the same parameters; `what` names the object, of b, that does not fit. */
umbra_status umbra_check_params(const umbra_context *a, const umbra_context *b, const char *what);

/* Also MISMATCH unless they have the same memory: what is in one can be used in the other. */
umbra_status umbra_check_context(const umbra_context *a, const umbra_context *b, const char *what);

/* MISMATCH unless both owners are the same. */
umbra_status umbra_check_owner(const uint8_t *a, const uint8_t *b, const char *what);

/* Slots of a vector, 0 for as many as there are, checked. */
umbra_status umbra_check_slots(uint32_t *slots, const umbra_context *context, uint32_t wanted);

/* Level of UMBRA_TOP_LEVEL or of a number, checked. */
umbra_status umbra_check_level(uint32_t *level, const umbra_context *context, uint32_t wanted);

#endif
