/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which layout two matrices are best multiplied in, before there is a key. Every way that this version knows runs on a dry
 * device (umbra/cost.h); the plan is the one that is cheapest on machines of the target, by the library's table of it. So
 * a target has the same plans everywhere.
 *
 *     umbra_product_desc desc = {UMBRA_PRODUCT_DESC_INIT, .rows = 1000, .inner = 784, .columns = 128, .plain = 1};
 *     umbra_product_plan_create(&plan, params, &desc);
 *     umbra_product_plan_layouts(plan, &layout, NULL, 0);
 *     umbra_matrix_encrypt(&a, key, values, 1000, 784, &layout, NULL);
 */
#ifndef UMBRA_PRODUCT_PLAN_H
#define UMBRA_PRODUCT_PLAN_H

#include <umbra/cost.h>
#include <umbra/product.h>

UMBRA_BEGIN_DECLS

typedef struct umbra_product_plan umbra_product_plan; /* immutable */

/* A product of a, rows x inner, and b, inner x columns. */
typedef struct umbra_product_desc {
  size_t struct_size;
  size_t rows, inner, columns;
  int plain;      /* 1: b is known in the clear: umbra_matrix_apply, with weights of columns x inner. 0: encrypted */
  uint32_t level; /* of the product, at most: what is lower costs less. UMBRA_TOP_LEVEL: as it comes */
  umbra_target target;
  uint64_t memory; /* candidates take no more bytes at their peak, keys and weights included; 0: any */
} umbra_product_desc;
#define UMBRA_PRODUCT_DESC_INIT \
  .struct_size = sizeof(umbra_product_desc), .level = UMBRA_TOP_LEVEL, .memory = UINT64_C(4) << 30
UMBRA_API void umbra_product_desc_init(umbra_product_desc *desc, size_t size);
#define umbra_product_desc_init(desc) umbra_product_desc_init((desc), sizeof *(desc))

/*
 * Takes milliseconds, and up to seconds for shapes of thousands of ciphertexts. Errors: INVALID_ARGUMENT (sizes of 0 or
 * from 2^31 on, a target that is none), NO_LEVEL (parameters without a level for it), MISSING_KEY (no layout does
 * without keys at levels that have none), RANGE (in any layout a matrix takes more than 2^14 ciphertexts, there are
 * more than 2^24 weights or 2^18 products of ciphertexts, or more than the memory is taken), OUT_OF_MEMORY.
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_product_plan_create(umbra_product_plan **plan, const umbra_params *params,
                                                                const umbra_product_desc *desc);
UMBRA_API void umbra_product_plan_destroy(umbra_product_plan *plan);

/* One way to do it. */
typedef struct umbra_product_candidate {
  size_t struct_size;
  size_t a_ciphertexts, b_ciphertexts; /* b: 0 if it is plain */
  uint32_t level;                      /* of the product, from factors that are encrypted at the top level */
  double seconds;                      /* by the table of the target: by these they are chosen */
} umbra_product_candidate;
#define UMBRA_PRODUCT_CANDIDATE_INIT .struct_size = sizeof(umbra_product_candidate)
UMBRA_API void umbra_product_candidate_init(umbra_product_candidate *candidate, size_t size);
#define umbra_product_candidate_init(candidate) umbra_product_candidate_init((candidate), sizeof *(candidate))

/* The candidates that these parameters have levels and slots for; number 0 is the cheapest, which is the plan. */
UMBRA_API size_t umbra_product_plan_candidates(const umbra_product_plan *plan);
UMBRA_MUST_USE UMBRA_API umbra_status umbra_product_plan_get(const umbra_product_plan *plan,
                                                             umbra_product_candidate *candidate, size_t number);

/* What to encrypt the factors in. b: may be NULL; of a plain factor there is none. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_product_plan_layouts(const umbra_product_plan *plan, umbra_matrix_layout *a,
                                                                 umbra_matrix_layout *b, size_t number);

/* What one costs, on the machine that umbra_context_cost_machine finds by itself. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_product_plan_cost(const umbra_product_plan *plan, umbra_cost *cost,
                                                              size_t number);

/* Adds the keys of the plan. Errors: INVALID_ARGUMENT, MISMATCH (needs of other parameters), OUT_OF_MEMORY. */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_product_plan_add_needs(const umbra_product_plan *plan,
                                                                   umbra_key_needs *needs);

/*
 * All candidates with their costs, the cheapest first, as text that ends with a 0. *size: bytes of the text, and then what
 * it takes; text: NULL: only asks. Errors: INVALID_ARGUMENT, RANGE (too few bytes; nothing is written).
 */
UMBRA_MUST_USE UMBRA_API umbra_status umbra_product_plan_explain(const umbra_product_plan *plan, char *text,
                                                                 size_t *size);

UMBRA_END_DECLS

#endif
