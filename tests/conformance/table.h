/* SPDX-License-Identifier: Apache-2.0 */
/* The table of operations: a new kernel is one line here. */
#ifndef UMBRA_TESTS_CONFORMANCE_TABLE_H
#define UMBRA_TESTS_CONFORMANCE_TABLE_H

#include "formulas.h"
#include "fused.h"

typedef struct operation {
  const char *name;
  size_t entry; /* offset in umbra_kernels */
  void (*prepare)(rig *r, call *c);
  void (*invoke)(rig *r, call *c);
  uint32_t (*want)(const rig *r, const call *c, const place *at);
  void (*verify)(rig *r, const call *c); /* where the result is not residues */
  uint32_t stride;                       /* of the residues that are checked: formulas of many terms look at some */
} operation;

#define OPERATION(name, prepare, stride) \
  { #name, offsetof(umbra_kernels, name), prepare_##prepare, call_##name, want_##name, NULL, stride }
#define COMPLEX(name) \
  { #name, offsetof(umbra_kernels, name), prepare_fft, call_##name, NULL, verify_##name, 1 }
/* No formula: what they are composed of has one. */
#define FUSED(name, prepare) \
  { #name, offsetof(umbra_kernels, name), prepare_##prepare, call_##name, NULL, NULL, 1 }

static const operation operations[] = {
    OPERATION(copy, unary, 1),
    OPERATION(zero, unary, 1),
    OPERATION(add, binary, 1),
    OPERATION(sub, binary, 1),
    OPERATION(negate, unary, 1),
    OPERATION(mul, product, 1),
    OPERATION(mul_add, product, 1),
    OPERATION(mul_const, unary, 1),
    OPERATION(add_multiple, unary, 1),
    OPERATION(add_const, unary, 1),
    OPERATION(tensor, tensor, 1),
    OPERATION(ntt_forward, unary, 29),
    OPERATION(ntt_inverse, unary, 29),
    OPERATION(automorphism, automorphism, 1),
    OPERATION(convert, convert, 1),
    OPERATION(inner_product, inner_product, 7),
    OPERATION(plain_products, plain_products, 7),
    OPERATION(gemm, gemm, 31),
    OPERATION(divide_close, divide_close, 1),
    OPERATION(expand, expand, 1),
    OPERATION(from_i64, from_i64, 1),
    COMPLEX(fft),
    COMPLEX(ifft),
    FUSED(ntt_close, divide_close),
    FUSED(extend_digits, extend_digits),
    FUSED(inner_products, inner_products),
    FUSED(lift, from_i64),
    FUSED(conversions, extend_digits),
};

enum { OPERATIONS = sizeof operations / sizeof *operations };

static void perform(rig *r, const operation *op, int trial, call *c) {
  rig_start(r, trial);
  memset(c, 0, sizeof *c);
  op->prepare(r, c);
  rig_upload(r);
  op->invoke(r, c);
  rig_download(r);
}

/* What a test is about: a backend, perhaps an operation, and the rings. */
typedef struct subject {
  const umbra_kernels *kernels;
  const operation *op;
  const setting *setting;
} subject;

/* A backend without the entry has nothing to conform. */
static void skip_if_absent(const subject *s) {
  void (*entry)(void);
  memcpy(&entry, (const char *)s->kernels + s->op->entry, sizeof entry);
  if (!entry) skip();
}

#endif
