/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Conformance of the backends with kernels/kernels.h: one table of operations, run over rings and random trials.
 *
 * `ref` is checked against naive formulas written from the contract alone; every backend that this machine can run
 * must then leave the same bits as `ref` in all of its memory, gaps between operands included. The emulated CUDA
 * kernels and CUDA itself also have programs of their own, of the same parts.
 *
 * Usage: conformance [operation], where the name may contain * and ?.
 */
#include "conformance/program.h"

/* Checks residues of dst against the formula, and that nothing outside dst has changed. */
static void verify_residues(rig *r, const operation *op, const call *c, int trial) {
  const uint32_t limbs = umbra_view_limbs(&c->dst);
  place at;
  for (uint32_t item = 0; item < limbs * c->dst.polys; item++) {
    at.poly = item / limbs;
    at.limb = item % limbs;
    const uint32_t *after = limb_in(r, r->after, &c->dst, at.poly, at.limb, &at.position);
    at.q = r->ring.prime[at.position];
    for (at.i = item % op->stride; at.i < r->n; at.i += op->stride) {
      const uint32_t want = op->want(r, c, &at);
      if (after[at.i] == want) continue;
      fail_msg("n = %u, trial %d, polynomial %u, limb %u (q = %u), index %u: %u, should be %u", r->n, trial, at.poly,
               at.limb, at.q, at.i, after[at.i], want);
    }
  }
  for (uint32_t item = 0; item < limbs * c->dst.polys; item++) {
    const uint32_t *after = limb_in(r, r->after, &c->dst, item / limbs, item % limbs, &at.position);
    memcpy(limb_in(r, r->before, &c->dst, item / limbs, item % limbs, &at.position), after, r->n * sizeof *after);
  }
  assert_memory_equal(r->before, r->after, r->used * sizeof *r->before);
}

static void test_formulas(void **state) {
  const subject *s = *state;
  skip_if_absent(s);
  call *c = malloc(sizeof *c);
  assert_non_null(c);
  for (int i = 0; i < s->setting->rings; i++) {
    const ring_case *ring = &s->setting->ring[i];
    rig r;
    rig_open(&r, s->kernels, ring, 3);
    for (int trial = 0; trial < ring->trials; trial++) {
      perform(&r, s->op, trial, c);
      if (s->op->verify) s->op->verify(&r, c);
      else verify_residues(&r, s->op, c, trial);
    }
    rig_close(&r);
  }
  free(c);
}

int main(int argc, char **argv) {
  if (program_start(argc, argv) < 0) return EXIT_FAILURE;
  const umbra_kernels *ref = umbra_kernels_get("ref");
  const setting formula_setting = {full_rings, FORMULA_RINGS};
  int failures = run_group("ref against the formulas", ref, &formula_setting, test_formulas);
  for (const char *const *name = umbra_kernels_names(); *name; name++) {
    const umbra_kernels *kernels = umbra_kernels_get(*name);
    if (kernels && kernels != ref) failures += run_backend(kernels);
    printf("backend %s: %s\n", *name, kernels ? "run" : "not run, this machine lacks its instructions or device");
  }
  return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
