/* SPDX-License-Identifier: Apache-2.0 */
/* Steps in files: a record each, then the terms' weights, the bias and the coefficients, as far as the step has them. */
#include <math.h>

#include "../base/error.h"
#include "../base/memory.h"
#include "file.h"

typedef struct step_record {
  uint64_t count;
  uint32_t kind, node, terms, degree;
  uint32_t biased, signs; /* whether there is a bias; polynomials of a composite sign */
  uint32_t degrees[UMBRA_SIGN_MAX_POLYNOMIALS];
  double band, scale, shift;
} step_record;
_Static_assert(sizeof(step_record) == 32 + 4 * UMBRA_SIGN_MAX_POLYNOMIALS + 24, "no padding");

/* ---- numbers ---- */

umbra_status umbra_write_numbers(umbra_writer *writer, const double *numbers, size_t count) {
  return umbra_write_record(writer, UMBRA_SECTION_NUMBERS, numbers, count * sizeof *numbers);
}

static umbra_status check_numbers(const umbra_reader *reader, const double *numbers, size_t count) {
  for (size_t i = 0; i < count; i++)
    if (!isfinite(numbers[i])) return umbra_reader_malformed(reader, "number %zu of a section is not finite", i);
  return UMBRA_OK;
}

umbra_status umbra_read_numbers(umbra_reader *reader, double **numbers, size_t count) {
  UMBRA_TRY(umbra_read_begin(reader, UMBRA_SECTION_NUMBERS, count * sizeof **numbers));
  UMBRA_TRY(umbra_alloc(numbers, count, sizeof **numbers, "numbers of a network"));
  UMBRA_TRY(umbra_read_bytes(reader, *numbers, count * sizeof **numbers));
  UMBRA_TRY(umbra_read_end(reader));
  return check_numbers(reader, *numbers, count);
}

/* ---- saving ---- */

static step_record record_of(const umbra_step *step) {
  step_record r = {.count = step->count,
                   .kind = (uint32_t)step->kind,
                   .node = step->node,
                   .terms = (uint32_t)step->term_count,
                   .degree = step->degree,
                   .biased = step->bias != NULL,
                   .scale = step->scale,
                   .shift = step->shift};
  umbra_sign_report sign = {UMBRA_SIGN_REPORT_INIT};
  if (!step->sign || umbra_sign_plan_report(step->sign, &sign) != UMBRA_OK) return r;
  r.signs = sign.count;
  r.band = sign.band;
  for (uint32_t i = 0; i < sign.count; i++) r.degrees[i] = sign.degrees[i];
  return r;
}

static umbra_status write_step(umbra_writer *writer, const umbra_program *program, const umbra_step *step) {
  const step_record record = record_of(step);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_STEP, &record, sizeof record));
  for (size_t t = 0; t < step->term_count; t++) {
    const umbra_term *term = &step->terms[t];
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_STEP, &term->value, sizeof term->value));
    const size_t columns = umbra_program_count(program, term->value);
    if (term->weights) UMBRA_TRY(umbra_write_numbers(writer, term->weights, step->count * columns));
  }
  if (step->bias) UMBRA_TRY(umbra_write_numbers(writer, step->bias, step->count));
  if (step->coefficients) UMBRA_TRY(umbra_write_numbers(writer, step->coefficients, step->degree + 1));
  return UMBRA_OK;
}

umbra_status umbra_program_write(umbra_writer *writer, const umbra_program *program) {
  for (size_t i = 0; i < program->step_count; i++) UMBRA_TRY(write_step(writer, program, &program->steps[i]));
  return UMBRA_OK;
}

/* ---- loading ---- */

static umbra_status check_record(const umbra_reader *reader, const step_record *r) {
  const int linear = r->kind == UMBRA_STEP_LINEAR, chebyshev = r->kind == UMBRA_STEP_CHEBYSHEV;
  const int relu = r->kind == UMBRA_STEP_RELU;
  if (r->kind >= UMBRA_STEP_KINDS) return umbra_reader_malformed(reader, "a step of kind %u", r->kind);
  if (!r->count || r->count > UMBRA_MODEL_MAX_VALUE || !r->terms || r->terms > (linear ? UMBRA_PROGRAM_MAX_TERMS : 1))
    return umbra_reader_malformed(reader, "a step with %llu elements and %u terms", (unsigned long long)r->count,
                                  r->terms);
  if (r->biased > (uint32_t)linear || (chebyshev ? r->degree < 1 || r->degree > UMBRA_MAX_DEGREE : r->degree != 0))
    return umbra_reader_malformed(reader, "a step of kind %u with mark %u and degree %u", r->kind, r->biased,
                                  r->degree);
  if (r->signs > UMBRA_SIGN_MAX_POLYNOMIALS || (r->signs > 0) != relu || (!relu && r->band != 0))
    return umbra_reader_malformed(reader, "a step of kind %u with %u polynomials of a sign", r->kind, r->signs);
  for (uint32_t i = r->signs; i < UMBRA_SIGN_MAX_POLYNOMIALS; i++)
    if (r->degrees[i]) return umbra_reader_malformed(reader, "degree %u of a sign that has %u", i, r->signs);
  if (isfinite(r->scale) && r->scale != 0 && isfinite(r->shift) && isfinite(r->band)) return UMBRA_OK;
  return umbra_reader_malformed(reader, "a step with scale %g and shift %g", r->scale, r->shift);
}

static umbra_status read_sign(umbra_reader *reader, umbra_step *step, const step_record *r) {
  umbra_sign_options options = {UMBRA_SIGN_OPTIONS_INIT, .degrees = r->degrees, .count = r->signs, .band = r->band};
  umbra_sign_report report = {UMBRA_SIGN_REPORT_INIT};
  const umbra_status status = umbra_sign_plan_create(&step->sign, &options);
  if (status == UMBRA_ERROR_INVALID_ARGUMENT || status == UMBRA_ERROR_RANGE)
    return umbra_reader_malformed(reader, "%s", umbra_last_error());
  UMBRA_TRY(status);
  UMBRA_TRY(umbra_sign_plan_report(step->sign, &report));
  if (report.band == r->band) return UMBRA_OK;
  return umbra_reader_malformed(reader, "a sign with band %g, which this version makes %g", r->band, report.band);
}

static umbra_status read_term(umbra_reader *reader, const umbra_program *program, umbra_step *step) {
  uint32_t value;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_STEP, &value, sizeof value));
  if (value > program->step_count)
    return umbra_reader_malformed(reader, "step %zu reads value %u, which comes later", program->step_count, value);
  const size_t columns = umbra_program_count(program, value);
  UMBRA_TRY(umbra_step_add_term(step, value));
  if (step->kind == UMBRA_STEP_LINEAR) {
    if (columns > UMBRA_PROGRAM_MAX_WEIGHTS / step->count)
      return umbra_reader_malformed(reader, "a layer of %zu x %zu weights", step->count, columns);
    return umbra_read_numbers(reader, &step->terms[step->term_count - 1].weights, step->count * columns);
  }
  if (columns == step->count) return UMBRA_OK;
  return umbra_reader_malformed(reader, "an activation of %zu elements of %zu", step->count, columns);
}

static umbra_status read_step(umbra_reader *reader, const umbra_program *program, umbra_step *step) {
  step_record r;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_STEP, &r, sizeof r));
  UMBRA_TRY(check_record(reader, &r));
  step->kind = (umbra_step_kind)r.kind;
  step->node = r.node;
  step->count = r.count;
  step->degree = r.degree;
  step->scale = r.scale;
  step->shift = r.shift;
  for (uint32_t t = 0; t < r.terms; t++) UMBRA_TRY(read_term(reader, program, step));
  if (r.biased) UMBRA_TRY(umbra_read_numbers(reader, &step->bias, step->count));
  if (step->kind == UMBRA_STEP_CHEBYSHEV) UMBRA_TRY(umbra_read_numbers(reader, &step->coefficients, step->degree + 1));
  return step->kind == UMBRA_STEP_RELU ? read_sign(reader, step, &r) : UMBRA_OK;
}

umbra_status umbra_program_read(umbra_reader *reader, umbra_program *program, size_t steps) {
  uint32_t value;
  for (size_t i = 0; i < steps; i++) {
    umbra_step step = {.scale = 1};
    const umbra_status status = read_step(reader, program, &step);
    if (status != UMBRA_OK) {
      umbra_step_clear(&step);
      return status;
    }
    UMBRA_TRY(umbra_program_put(program, &value, &step));
  }
  return UMBRA_OK;
}
