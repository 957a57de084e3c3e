/* SPDX-License-Identifier: Apache-2.0 */
/* Steps in files: a record each, then the terms with their weights, the bias and the coefficients, as far as it has them. */
#include <math.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/memory.h"
#include "file.h"

typedef struct step_record {
  uint64_t count;
  uint32_t kind, node, terms, degree;
  uint32_t biased, signs; /* whether there is a bias; polynomials of a composite sign */
  uint32_t degrees[UMBRA_SIGN_MAX_POLYNOMIALS];
  uint32_t image[3], reserved;
  double band, scale, shift;
} step_record;
_Static_assert(sizeof(step_record) == 32 + 4 * UMBRA_SIGN_MAX_POLYNOMIALS + 16 + 24, "no padding");

typedef struct term_record {
  uint32_t value, windowed; /* whether there is a window; else all of it is 0 */
  uint32_t channels, groups, kernel[2], stride[2], dilation[2], before[2], after[2];
  double factor;
} term_record;
_Static_assert(sizeof(term_record) == 56 + 8, "no padding");

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

static step_record record_of(const umbra_step *step, int bare) {
  step_record r = {.count = step->count,
                   .kind = (uint32_t)step->kind,
                   .node = step->node,
                   .terms = (uint32_t)step->term_count,
                   .degree = step->degree,
                   .biased = step->bias && !bare,
                   .image = {step->image.channels, step->image.height, step->image.width},
                   .scale = step->scale,
                   .shift = step->shift};
  umbra_sign_report sign = {UMBRA_SIGN_REPORT_INIT};
  if (!step->sign || umbra_sign_plan_report(step->sign, &sign) != UMBRA_OK) return r;
  r.signs = sign.count;
  r.band = sign.band;
  for (uint32_t i = 0; i < sign.count; i++) r.degrees[i] = sign.degrees[i];
  return r;
}

static term_record record_of_term(const umbra_term *term) {
  const umbra_model_window *w = term->window;
  term_record r = {.value = term->value, .windowed = w != NULL, .factor = term->factor};
  if (!w) return r;
  r.channels = (uint32_t)w->channels;
  r.groups = (uint32_t)w->groups;
  for (int d = 0; d < 2; d++) {
    r.kernel[d] = (uint32_t)w->kernel[d];
    r.stride[d] = (uint32_t)w->stride[d];
    r.dilation[d] = (uint32_t)w->dilation[d];
    r.before[d] = (uint32_t)w->before[d];
    r.after[d] = (uint32_t)w->after[d];
  }
  return r;
}

static umbra_status write_step(umbra_writer *writer, const umbra_program *program, const umbra_step *step, int bare) {
  const step_record record = record_of(step, bare);
  UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_STEP, &record, sizeof record));
  for (size_t t = 0; t < step->term_count; t++) {
    const umbra_term *term = &step->terms[t];
    const term_record of_term = record_of_term(term);
    UMBRA_TRY(umbra_write_record(writer, UMBRA_SECTION_STEP, &of_term, sizeof of_term));
    const size_t weights = umbra_program_weights(program, step, term);
    if (weights && !bare) UMBRA_TRY(umbra_write_numbers(writer, term->weights, weights));
  }
  if (record.biased) UMBRA_TRY(umbra_write_numbers(writer, step->bias, umbra_step_biases(step)));
  if (step->coefficients) UMBRA_TRY(umbra_write_numbers(writer, step->coefficients, step->degree + 1));
  return UMBRA_OK;
}

umbra_status umbra_program_write(umbra_writer *writer, const umbra_program *program, int bare) {
  for (size_t i = 0; i < program->step_count; i++) UMBRA_TRY(write_step(writer, program, &program->steps[i], bare));
  return UMBRA_OK;
}

/* ---- loading ---- */

static umbra_status check_record(const umbra_reader *reader, const step_record *r) {
  const int linear = r->kind == UMBRA_STEP_LINEAR || r->kind == UMBRA_STEP_CONVOLUTION;
  const int chebyshev = r->kind == UMBRA_STEP_CHEBYSHEV;
  const int relu = r->kind == UMBRA_STEP_RELU;
  if (r->kind >= UMBRA_STEP_KINDS) return umbra_reader_malformed(reader, "a step of kind %u", r->kind);
  if (!r->count || r->count > UMBRA_MODEL_MAX_VALUE || !r->terms || r->terms > (linear ? UMBRA_PROGRAM_MAX_TERMS : 1))
    return umbra_reader_malformed(reader, "a step with %llu elements and %u terms", (unsigned long long)r->count,
                                  r->terms);
  if (r->biased > (uint32_t)linear || (chebyshev ? r->degree < 1 || r->degree > UMBRA_MAX_DEGREE : r->degree != 0))
    return umbra_reader_malformed(reader, "a step of kind %u with mark %u and degree %u", r->kind, r->biased,
                                  r->degree);
  if (r->signs > UMBRA_SIGN_MAX_POLYNOMIALS || (r->signs > 0) != relu || (!relu && (r->band != 0 || signbit(r->band))))
    return umbra_reader_malformed(reader, "a step of kind %u with %u polynomials of a sign", r->kind, r->signs);
  for (uint32_t i = r->signs; i < UMBRA_SIGN_MAX_POLYNOMIALS; i++)
    if (r->degrees[i]) return umbra_reader_malformed(reader, "degree %u of a sign that has %u", i, r->signs);
  if (r->reserved) return umbra_reader_malformed(reader, "mark %u of a step", r->reserved);
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

/* Sizes that make no sum too large. */
static umbra_status check_window(const umbra_reader *reader, const term_record *r) {
  enum { MOST = 1 << 20 };
  int sizes = r->channels && r->channels <= UMBRA_MODEL_MAX_VALUE && r->groups;
  for (int d = 0; d < 2; d++) {
    sizes = sizes && r->kernel[d] && r->stride[d] && r->dilation[d] && r->kernel[d] <= MOST && r->stride[d] <= MOST;
    sizes = sizes && r->dilation[d] <= MOST && r->before[d] <= MOST && r->after[d] <= MOST;
  }
  if (sizes) return UMBRA_OK;
  return umbra_reader_malformed(reader, "a window of %u channels in %u groups, %u x %u pixels", r->channels, r->groups,
                                r->kernel[0], r->kernel[1]);
}

/* 0 if all sizes are 0. */
static uint32_t window_bits(const term_record *r) {
  uint32_t bits = r->channels | r->groups;
  for (int d = 0; d < 2; d++) bits |= r->kernel[d] | r->stride[d] | r->dilation[d] | r->before[d] | r->after[d];
  return bits;
}

static umbra_status take_window(umbra_term *term, const term_record *r) {
  umbra_model_window window = {UMBRA_MODEL_WINDOW_INIT, .channels = r->channels};
  window.groups = r->groups;
  for (int d = 0; d < 2; d++) {
    window.kernel[d] = r->kernel[d];
    window.stride[d] = r->stride[d];
    window.dilation[d] = r->dilation[d];
    window.before[d] = r->before[d];
    window.after[d] = r->after[d];
  }
  return umbra_copy_bytes(&term->window, &window, 1, sizeof window);
}

/* That the term's value is what the step takes. */
static umbra_status check_term(const umbra_reader *reader, const umbra_program *program, const umbra_step *step,
                               const umbra_term *term) {
  const umbra_image image = umbra_program_image(program, term->value);
  const umbra_image made = term->window ? umbra_image_after(image, term->window) : image;
  const int linear = step->kind == UMBRA_STEP_LINEAR, convolution = step->kind == UMBRA_STEP_CONVOLUTION;
  if (linear ? step->image.channels > 0 : convolution && !image.channels)
    return umbra_reader_malformed(reader, "a step of kind %d of an image, or to one", (int)step->kind);
  if (linear || (umbra_image_same(made, step->image) &&
                 (convolution || step->count == umbra_program_count(program, term->value))))
    return UMBRA_OK;
  return umbra_reader_malformed(reader, "a step to %zu elements of %zu", step->count,
                                umbra_program_count(program, term->value));
}

static umbra_status read_weights(umbra_reader *reader, const umbra_program *program, const umbra_step *step,
                                 umbra_term *term) {
  const umbra_model_window *w = term->window;
  const double columns = w ? (double)umbra_program_image(program, term->value).channels / (double)w->groups *
                                 (double)w->kernel[0] * (double)w->kernel[1]
                           : (double)umbra_program_count(program, term->value);
  const double rows = (double)(w ? w->channels : step->count);
  if (rows * columns > UMBRA_PROGRAM_MAX_WEIGHTS)
    return umbra_reader_malformed(reader, "a layer of %g x %g weights", rows, columns);
  if (program->bare) return UMBRA_OK;
  return umbra_read_numbers(reader, &term->weights, umbra_program_weights(program, step, term));
}

static umbra_status read_term(umbra_reader *reader, const umbra_program *program, umbra_step *step) {
  const int convolution = step->kind == UMBRA_STEP_CONVOLUTION;
  term_record r;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_STEP, &r, sizeof r));
  if (r.value > program->step_count)
    return umbra_reader_malformed(reader, "step %zu reads value %u, which comes later", program->step_count, r.value);
  if (r.windowed > (uint32_t)convolution || !isfinite(r.factor) || (r.factor != 1 && (r.windowed || !convolution)))
    return umbra_reader_malformed(reader, "a term with mark %u and factor %g", r.windowed, r.factor);
  UMBRA_TRY(umbra_step_add_term(step, r.value));
  umbra_term *term = &step->terms[step->term_count - 1];
  term->factor = r.factor;
  if (r.windowed) {
    UMBRA_TRY(check_window(reader, &r));
    UMBRA_TRY(take_window(term, &r));
  } else if (window_bits(&r)) {
    return umbra_reader_malformed(reader, "a term without a window has sizes of one");
  }
  UMBRA_TRY(check_term(reader, program, step, term));
  return r.windowed || step->kind == UMBRA_STEP_LINEAR ? read_weights(reader, program, step, term) : UMBRA_OK;
}

static void take_record(umbra_step *step, const step_record *r) {
  step->kind = (umbra_step_kind)r->kind;
  step->node = r->node;
  step->count = r->count;
  step->degree = r->degree;
  step->scale = r->scale;
  step->shift = r->shift;
  step->image = (umbra_image){r->image[0], r->image[1], r->image[2]};
}

static umbra_status check_image(const umbra_reader *reader, const umbra_step *step) {
  const umbra_image *i = &step->image;
  const double count = (double)i->channels * i->height * i->width; /* exact where it matters */
  const int image = count == (double)step->count, none = !i->channels && !i->height && !i->width;
  if (image || (none && step->kind != UMBRA_STEP_CONVOLUTION)) return UMBRA_OK;
  return umbra_reader_malformed(reader, "an image of %u channels of %u x %u with %zu elements", i->channels, i->height,
                                i->width, step->count);
}

static umbra_status read_step(umbra_reader *reader, const umbra_program *program, umbra_step *step) {
  step_record r;
  UMBRA_TRY(umbra_read_record(reader, UMBRA_SECTION_STEP, &r, sizeof r));
  UMBRA_TRY(check_record(reader, &r));
  take_record(step, &r);
  UMBRA_TRY(check_image(reader, step));
  if (r.biased && program->bare) return umbra_reader_malformed(reader, "a bias beside encrypted weights");
  for (uint32_t t = 0; t < r.terms; t++) UMBRA_TRY(read_term(reader, program, step));
  if (r.biased && step->kind == UMBRA_STEP_CONVOLUTION && (!step->terms || !step->terms[0].window))
    return umbra_reader_malformed(reader, "a bias of a sum without a window");
  if (r.biased) UMBRA_TRY(umbra_read_numbers(reader, &step->bias, umbra_step_biases(step)));
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
