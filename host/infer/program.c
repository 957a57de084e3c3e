/* SPDX-License-Identifier: Apache-2.0 */
#include "program.h"

#include <string.h>
#include <umbra/fit.h>

#include "../base/arrays.h"
#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"

/* ---- life ---- */

void umbra_step_clear(umbra_step *step) {
  for (size_t i = 0; i < step->term_count; i++) {
    umbra_free(step->terms[i].weights);
    umbra_free(step->terms[i].window);
  }
  umbra_free(step->terms);
  umbra_free(step->bias);
  umbra_free(step->coefficients);
  umbra_sign_plan_destroy(step->sign);
}

static void destroy(void *object) {
  umbra_program *program = object;
  for (size_t i = 0; i < program->step_count; i++) umbra_step_clear(&program->steps[i]);
  umbra_free(program->steps);
  umbra_free(program);
}

umbra_status umbra_program_create(umbra_program **program, size_t input_count) {
  UMBRA_TRY(umbra_alloc(program, 1, sizeof **program, "a network"));
  (*program)->counted = UMBRA_COUNTED(destroy);
  (*program)->input_count = input_count;
  return UMBRA_OK;
}

umbra_program *umbra_program_share(const umbra_program *program) { return umbra_share(program); }
void umbra_program_destroy(umbra_program *program) { umbra_release(program); }

/* ---- steps ---- */

/* Levels between the input and a value. */
static uint32_t below_of(const umbra_program *program, uint32_t value) {
  return value ? program->steps[value - 1].below : 0;
}

static void find_below(const umbra_program *program, umbra_step *step) {
  step->below = 0;
  for (size_t t = 0; t < step->term_count; t++)
    step->below = umbra_max_u32(step->below, below_of(program, step->terms[t].value));
  step->below += umbra_step_depth(step);
}

void umbra_program_find_depths(umbra_program *program) {
  for (size_t i = 0; i < program->step_count; i++) find_below(program, &program->steps[i]);
}

umbra_status umbra_program_put(umbra_program *program, uint32_t *value, umbra_step *step) {
  umbra_status status = UMBRA_OK;
  if (program->step_count == UMBRA_PROGRAM_MAX_STEPS)
    status = umbra_fail(UMBRA_ERROR_RANGE, "a network of more than %d steps", UMBRA_PROGRAM_MAX_STEPS);
  if (status == UMBRA_OK)
    status =
        umbra_make_room(&program->steps, &program->step_room, program->step_count, sizeof *program->steps, "a network");
  if (status != UMBRA_OK) {
    umbra_step_clear(step);
    return status;
  }
  find_below(program, step);
  program->steps[program->step_count++] = *step;
  *value = (uint32_t)program->step_count;
  return UMBRA_OK;
}

umbra_status umbra_step_add_term(umbra_step *step, uint32_t value) {
  umbra_term *made;
  UMBRA_TRY(umbra_alloc(&made, step->term_count + 1, sizeof *made, "a network"));
  if (step->term_count) memcpy(made, step->terms, step->term_count * sizeof *made);
  made[step->term_count++] = (umbra_term){.value = value, .factor = 1};
  umbra_free(step->terms);
  step->terms = made;
  return UMBRA_OK;
}

static umbra_status strip_step(umbra_step *bare, const umbra_step *step) {
  *bare = *step;
  bare->terms = NULL;
  bare->bias = bare->coefficients = NULL;
  bare->term_count = 0;
  bare->sign = step->sign ? umbra_sign_plan_share(step->sign) : NULL;
  for (size_t t = 0; t < step->term_count; t++) UMBRA_TRY(umbra_step_add_term(bare, step->terms[t].value));
  if (!step->coefficients) return UMBRA_OK;
  return umbra_copy_bytes(&bare->coefficients, step->coefficients, step->degree + 1, sizeof *bare->coefficients);
}

static umbra_status strip_steps(umbra_program *bare, const umbra_program *program) {
  uint32_t value;
  for (size_t i = 0; i < program->step_count; i++) {
    umbra_step step;
    const umbra_status status = strip_step(&step, &program->steps[i]);
    if (status != UMBRA_OK) {
      umbra_step_clear(&step);
      return status;
    }
    UMBRA_TRY(umbra_program_put(bare, &value, &step));
  }
  return UMBRA_OK;
}

umbra_status umbra_program_strip(umbra_program **bare, const umbra_program *program) {
  umbra_program *made = NULL;
  UMBRA_TRY(umbra_program_create(&made, program->input_count));
  made->bare = 1;
  const umbra_status status = strip_steps(made, program);
  if (status == UMBRA_OK) *bare = made;
  else umbra_program_destroy(made);
  return status;
}

/* ---- what it is ---- */

size_t umbra_program_count(const umbra_program *program, uint32_t value) {
  return value ? program->steps[value - 1].count : program->input_count;
}

umbra_image umbra_program_image(const umbra_program *program, uint32_t value) {
  return value ? program->steps[value - 1].image : program->image;
}

size_t umbra_program_weights(const umbra_program *program, const umbra_step *step, const umbra_term *term) {
  const umbra_model_window *w = term->window;
  if (w)
    return w->channels * (umbra_program_image(program, term->value).channels / w->groups) * w->kernel[0] * w->kernel[1];
  return step->kind == UMBRA_STEP_LINEAR ? step->count * umbra_program_count(program, term->value) : 0;
}

size_t umbra_step_biases(const umbra_step *step) {
  return step->kind == UMBRA_STEP_CONVOLUTION ? step->image.channels : step->count;
}

/* ---- images ---- */

size_t umbra_image_count(umbra_image image) { return (size_t)image.channels * image.height * image.width; }

int umbra_image_same(umbra_image a, umbra_image b) {
  return a.channels == b.channels && a.height == b.height && a.width == b.width;
}

umbra_image umbra_image_after(umbra_image image, const umbra_model_window *w) {
  const umbra_image made = {(uint32_t)w->channels, (uint32_t)umbra_window_positions(w, 0, image.height),
                            (uint32_t)umbra_window_positions(w, 1, image.width)};
  const int fits = image.channels % w->groups == 0 && w->channels % w->groups == 0;
  return made.height && made.width && fits ? made : (umbra_image){0};
}

/* ---- depth ---- */

static uint32_t depth_of_relu(const umbra_sign_plan *plan) {
  umbra_sign_report report = {UMBRA_SIGN_REPORT_INIT};
  return umbra_sign_plan_report(plan, &report) == UMBRA_OK ? report.depth + 1 : 0;
}

static uint32_t depth_of_convolution(const umbra_step *step) {
  for (size_t t = 0; t < step->term_count; t++)
    if (step->terms[t].window || step->terms[t].factor != 1) return 1;
  return 0;
}

uint32_t umbra_step_depth(const umbra_step *step) {
  switch (step->kind) {
    case UMBRA_STEP_CONVOLUTION: return depth_of_convolution(step);
    case UMBRA_STEP_CHEBYSHEV: return umbra_chebyshev_depth(step->degree);
    case UMBRA_STEP_RELU: return depth_of_relu(step->sign);
    default: return 1;
  }
}

int umbra_step_scales(const umbra_step *step) {
  return step->kind == UMBRA_STEP_LINEAR || step->kind == UMBRA_STEP_CHEBYSHEV || step->kind == UMBRA_STEP_CONVOLUTION;
}

uint32_t umbra_program_depth(const umbra_program *program) { return below_of(program, (uint32_t)program->step_count); }

const char *umbra_step_kind_name(umbra_step_kind kind) {
  static const char *const names[] = {"linear", "square", "chebyshev", "relu", "conv"};
  return names[kind];
}
