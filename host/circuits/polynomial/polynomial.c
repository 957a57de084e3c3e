/* SPDX-License-Identifier: Apache-2.0 */
#include "polynomial.h"

#include <string.h>

#include "../../base/error.h"
#include "../../base/integers.h"
#include "../../base/memory.h"
#include "../../ckks/noise.h"
#include "../../ckks/range.h"
#include "../../ckks/sum.h"

enum { TERMS = UMBRA_POLYNOMIAL_TERMS };

static uint32_t floor_power(uint32_t x) { return 1u << (31 - __builtin_clz(x)); }

/* ---- the basis: T_k = 2 T_a T_b - T_{a-b} ---- */

/* k = a + b, a the smallest power of two that is at least k / 2: so T_k has depth ceil(log2 k). k >= 2. */
typedef struct parents {
  uint32_t a, b;
} parents;

static parents parents_of(uint32_t k) {
  uint32_t a = 1u << umbra_ceil_log2(k - k / 2);
  return (parents){a, k - a};
}

/* ---- plans ---- */

/* Highest k with a coefficient that is not 0. */
static uint32_t true_degree(const double *c, uint32_t degree) {
  while (degree && c[degree] == 0) degree--;
  return degree;
}

/* p = q T_m + r with m <= degree < 2m, from T_{m+i} = 2 T_m T_i - T_{m-i}: c becomes r, and q[0] T_m is in it. */
static uint32_t split(double *c, uint32_t degree, uint32_t m, double *q) {
  for (uint32_t i = 1; i + m <= degree; i++) {
    q[i] = 2 * c[m + i];
    c[m - i] -= c[m + i];
    c[m + i] = 0;
  }
  q[0] = c[m];
  return degree - m;
}

static uint32_t add_node(umbra_polynomial *p, const double *coefficients, uint32_t degree, uint32_t budget,
                         uint32_t leaf);

/*
 * Takes from c, as products of child nodes, what is of degree `leaf` and higher, or too deep for the node's sum, which
 * is at depth budget - 1.
 */
static uint32_t take_products(umbra_polynomial *p, uint32_t node[UMBRA_POLYNOMIAL_PRODUCTS],
                              uint32_t m[UMBRA_POLYNOMIAL_PRODUCTS], double *c, uint32_t degree, uint32_t budget,
                              uint32_t leaf) {
  uint32_t products = 0;
  for (uint32_t top = degree; top >= leaf || umbra_ceil_log2(top) + 1 > budget;) {
    double q[TERMS];
    uint32_t power = floor_power(top), q_degree = split(c, top, power, q);
    if (q_degree) {
      c[power] = 0;
      m[products] = power;
      node[products++] = add_node(p, q, q_degree, budget - 1, leaf);
    }
    top = true_degree(c, power - 1);
  }
  return products;
}

/* Adds the tree of a polynomial of that true degree >= 1 that is to take `budget` levels; returns its root. */
static uint32_t add_node(umbra_polynomial *p, const double *coefficients, uint32_t degree, uint32_t budget,
                         uint32_t leaf) {
  double c[TERMS];
  uint32_t child[UMBRA_POLYNOMIAL_PRODUCTS], m[UMBRA_POLYNOMIAL_PRODUCTS];
  memcpy(c, coefficients, (degree + 1) * sizeof *c);
  uint32_t products = take_products(p, child, m, c, degree, budget, leaf);
  umbra_polynomial_node made = {.first_term = (uint16_t)p->terms,
                                .first_product = (uint16_t)p->products,
                                .products = (uint16_t)products,
                                .constant = c[0]};
  for (uint32_t i = 0; i < products; i++) {
    p->product[p->products].node = child[i];
    p->product[p->products++].k = m[i];
  }
  for (uint32_t k = 1; k <= degree; k++) {
    if (c[k] == 0) continue;
    p->term[p->terms].k = k;
    p->term[p->terms++].coefficient = c[k];
  }
  made.terms = (uint16_t)(p->terms - made.first_term);
  p->node[p->nodes] = made;
  return p->nodes++;
}

/* Key switches that make the T_k of a polynomial. */
static uint32_t basis_switches(const umbra_polynomial *p) {
  uint8_t needed[TERMS] = {0};
  uint32_t count = 0;
  for (uint32_t i = 0; i < p->terms; i++) needed[p->term[i].k] = 1;
  for (uint32_t i = 0; i < p->products; i++) needed[p->product[i].k] = 1;
  for (uint32_t k = TERMS - 1; k > 1; k--) {
    if (!needed[k]) continue;
    parents from = parents_of(k);
    needed[from.a] = needed[from.b] = needed[from.a - from.b] = 1;
    count++;
  }
  return count;
}

static uint32_t node_switches(const umbra_polynomial *p) {
  uint32_t count = 0;
  for (uint32_t i = 0; i < p->nodes; i++) count += p->node[i].products > 0;
  return count;
}

/* In units of about a hundredth of a key switch. */
static uint32_t cost(const umbra_polynomial *p) {
  enum { SWITCH = 100, RESCALE = 20, PRODUCT = 4, TERM = 2 };
  uint32_t rescales = p->nodes - node_switches(p);
  return p->switches * SWITCH + rescales * RESCALE + p->products * PRODUCT + p->terms * TERM;
}

static void plan_with(umbra_polynomial *p, const double *c, uint32_t degree, uint32_t leaf) {
  *p = (umbra_polynomial){.degree = degree, .depth = umbra_chebyshev_depth(degree)};
  if (degree) (void)add_node(p, c, degree, p->depth, leaf);
  p->switches = basis_switches(p) + node_switches(p);
}

void umbra_polynomial_plan(umbra_polynomial *polynomial, const double *c, uint32_t degree) {
  uint32_t used = true_degree(c, degree);
  plan_with(polynomial, c, used, 2);
  for (uint32_t leaf = 4; leaf <= used; leaf *= 2) {
    umbra_polynomial other;
    plan_with(&other, c, used, leaf);
    if (cost(&other) < cost(polynomial)) *polynomial = other;
  }
}

/* ---- T_k on demand ---- */

/* T_k at a level whose limbs it does not have. */
typedef struct lowered {
  umbra_scaled value;
  struct lowered *next;
} lowered;

struct umbra_basis {
  umbra_evaluator *evaluator;
  const umbra_eval_key *relinearization;
  umbra_scaled t[TERMS]; /* T_k, at depth ceil(log2 k); t[1] is the input, not our own */
  lowered *lowered[TERMS];
};

umbra_status umbra_basis_create(umbra_basis **basis, umbra_evaluator *evaluator, const umbra_scaled *x,
                                const umbra_eval_key *relinearization) {
  umbra_basis *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a basis of polynomials"));
  *made = (umbra_basis){.evaluator = evaluator, .relinearization = relinearization};
  made->t[1] = *x;
  umbra_estimate estimate = x->estimate;
  umbra_status status = umbra_require_range(evaluator, &estimate, 1, UMBRA_DOUBT_INTERVAL, "a polynomial");
  umbra_scaled_declare(&made->t[1], umbra_estimate_within(estimate, 1));
  if (status == UMBRA_OK) *basis = made;
  else umbra_free(made);
  return status;
}

void umbra_basis_destroy(umbra_basis *basis) {
  if (!basis) return;
  const umbra_context *context = basis->evaluator->context;
  for (uint32_t k = 1; k < TERMS; k++) {
    if (k > 1) umbra_scaled_destroy(&basis->t[k], context);
    while (basis->lowered[k]) {
      lowered *entry = basis->lowered[k];
      basis->lowered[k] = entry->next;
      umbra_scaled_destroy(&entry->value, context);
      umbra_free(entry);
    }
  }
  umbra_free(basis);
}

static umbra_status make(umbra_basis *basis, uint32_t k);

static umbra_status lower(umbra_basis *basis, uint32_t k, uint32_t level) {
  const umbra_chain *chain = umbra_context_chain(basis->evaluator->context);
  lowered *made;
  UMBRA_TRY(umbra_alloc(&made, 1, sizeof *made, "a level change"));
  umbra_status status =
      umbra_scaled_lower(&made->value, basis->evaluator, &basis->t[k], level, chain->log_scale[level]);
  if (status != UMBRA_OK) {
    umbra_free(made);
    return status;
  }
  made->next = basis->lowered[k];
  basis->lowered[k] = made;
  return UMBRA_OK;
}

/* T_k with the limbs of a level at which it exists: itself, or at a level whose windows do not nest, lowered. */
static umbra_status find(const umbra_scaled **t, umbra_basis *basis, uint32_t k, uint32_t level) {
  UMBRA_TRY(make(basis, k));
  *t = &basis->t[k];
  if (umbra_level_contains(umbra_context_chain(basis->evaluator->context), basis->t[k].level, level)) return UMBRA_OK;
  const lowered *entry = basis->lowered[k];
  while (entry && entry->value.level != level) entry = entry->next;
  if (!entry) {
    UMBRA_TRY(lower(basis, k, level));
    entry = basis->lowered[k];
  }
  *t = &entry->value;
  return UMBRA_OK;
}

static umbra_status make(umbra_basis *basis, uint32_t k) {
  if (basis->t[k].poly.data) return UMBRA_OK;
  parents from = parents_of(k);
  uint32_t level = basis->t[1].level - umbra_ceil_log2(k) + 1;
  umbra_factors product;
  umbra_multiple difference = {.factor = -1};
  umbra_summands summands = {.product = &product, .products = 1, .twice = 1};
  UMBRA_TRY(find(&product.a, basis, from.a, level));
  UMBRA_TRY(find(&product.b, basis, from.b, level));
  if (from.a == from.b) {
    summands.constant = -1;
  } else {
    UMBRA_TRY(find(&difference.x, basis, from.a - from.b, level));
    summands.multiple = &difference;
    summands.multiples = 1;
  }
  UMBRA_TRY(umbra_sum_make(&basis->t[k], basis->evaluator, &summands, level,
                           product.a->log_scale + product.b->log_scale, basis->relinearization));
  /* |T_k| <= 1 on [-1, 1], as the caller promises of x; else tracked bounds would grow as they do outside. */
  umbra_scaled_declare(&basis->t[k], umbra_estimate_within(basis->t[k].estimate, 1));
  return UMBRA_OK;
}

/* ---- evaluation ---- */

/* The summands of one node. */
typedef struct node_job {
  umbra_scaled child[UMBRA_POLYNOMIAL_PRODUCTS];
  umbra_factors product[UMBRA_POLYNOMIAL_PRODUCTS];
  umbra_multiple multiple[TERMS];
} node_job;

static umbra_status eval_node(umbra_scaled *made, umbra_basis *basis, const umbra_polynomial *p, uint32_t index,
                              uint32_t level, umbra_log2 log_scale);

/* The products and multiples of a node at the level and scale of its sum. */
static umbra_status make_summands(node_job *job, umbra_basis *basis, const umbra_polynomial *p,
                                  const umbra_polynomial_node *node, uint32_t level, umbra_log2 log_scale) {
  for (uint32_t i = 0; i < node->products; i++) {
    const umbra_scaled *t;
    UMBRA_TRY(find(&t, basis, p->product[node->first_product + i].k, level));
    UMBRA_TRY(
        eval_node(&job->child[i], basis, p, p->product[node->first_product + i].node, level, log_scale - t->log_scale));
    job->product[i] = (umbra_factors){&job->child[i], t};
  }
  for (uint32_t i = 0; i < node->terms; i++) {
    UMBRA_TRY(find(&job->multiple[i].x, basis, p->term[node->first_term + i].k, level));
    job->multiple[i].factor = p->term[node->first_term + i].coefficient;
  }
  return UMBRA_OK;
}

static umbra_status eval_node(umbra_scaled *made, umbra_basis *basis, const umbra_polynomial *p, uint32_t index,
                              uint32_t level, umbra_log2 log_scale) {
  const umbra_context *context = basis->evaluator->context;
  const umbra_polynomial_node *node = &p->node[index];
  umbra_log2 log_sum = log_scale + umbra_sum_log_step(umbra_context_chain(context), level + 1);
  node_job *job;
  UMBRA_TRY(umbra_alloc(&job, 1, sizeof *job, "a polynomial"));
  umbra_status status = make_summands(job, basis, p, node, level + 1, log_sum);
  if (status == UMBRA_OK) {
    umbra_summands summands = {.product = job->product,
                               .products = node->products,
                               .multiple = job->multiple,
                               .multiples = node->terms,
                               .constant = node->constant};
    status = umbra_sum_make(made, basis->evaluator, &summands, level + 1, log_sum, basis->relinearization);
  }
  for (uint32_t i = 0; i < node->products; i++) umbra_scaled_destroy(&job->child[i], context);
  umbra_free(job);
  return status;
}

umbra_status umbra_polynomial_eval(umbra_scaled *made, umbra_basis *basis, const umbra_polynomial *polynomial,
                                   umbra_log2 log_scale) {
  return eval_node(made, basis, polynomial, polynomial->nodes - 1, basis->t[1].level - polynomial->depth, log_scale);
}
