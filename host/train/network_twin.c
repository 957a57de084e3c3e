/* SPDX-License-Identifier: Apache-2.0 */
/* Networks in the clear: their gradients by backpropagation, scores, and how good they are. */
#include <string.h>

#include "../base/error.h"
#include "../base/integers.h"
#include "../base/memory.h"
#include "network.h"
#include "twin.h"

/* ---- weights ---- */

/* The first weight of a layer; of the one after the last: all of them. */
static size_t offset_of(const umbra_train_options *o, uint32_t layer) {
  size_t offset = 0;
  for (uint32_t k = 0; k < layer; k++) offset += umbra_network_units(o, k) * umbra_network_inputs(o, k);
  return offset;
}

size_t umbra_network_weights(const umbra_train_options *o) { return offset_of(o, umbra_network_layers(o)); }

int umbra_network_is_bias(const umbra_train_options *o, size_t weight) {
  return weight < offset_of(o, 1) && weight % (o->columns + 1) == o->columns;
}

/* Sums over the units become 0, and so do those of scores. */
static void center(double *weights, size_t units, size_t inputs) {
  for (size_t i = 0; i < inputs; i++) {
    double sum = 0;
    for (size_t j = 0; j < units; j++) sum += weights[j * inputs + i];
    for (size_t j = 0; j < units; j++) weights[j * inputs + i] -= sum / (double)units;
  }
}

void umbra_network_initial(const umbra_train_options *o, double *weights) {
  const uint32_t layers = umbra_network_layers(o);
  uint64_t state = o->seed;
  for (uint32_t k = 0; layers > 1 && k < layers; k++) {
    const double factor = k + 1 == layers && o->start > 0 ? o->start : 1;
    const double most =
        factor * sqrt(3 / (double)umbra_network_inputs(o, k)); /* a uniform number's variance is a third */
    for (size_t i = offset_of(o, k); i < offset_of(o, k + 1); i++) weights[i] = most * umbra_train_draw(&state);
  }
  if (layers > 1 && o->loss == UMBRA_LOSS_SOFTMAX)
    center(weights + offset_of(o, layers - 1), umbra_network_units(o, layers - 1), umbra_network_inputs(o, layers - 1));
}

/* ---- targets ---- */

double umbra_network_target(const umbra_records *records, size_t row, size_t output, size_t outputs) {
  if (!records->classes) return records->labels[row];
  const size_t class = umbra_records_class(records, row);
  return outputs == 1 ? (double)class : class == output;
}

/* ---- one record ---- */

/* Values of a record, layer by layer. */
typedef struct passing {
  const umbra_train_plan *plan;
  double *value[UMBRA_NETWORK_MAX_LAYERS + 1]; /* inputs of each layer, and the scores */
  double *sum[UMBRA_NETWORK_MAX_LAYERS];       /* z of each layer */
  double *error[UMBRA_NETWORK_MAX_LAYERS];     /* and its error */
  double *memory;
  /* Of errors that are drawn; 0: there are none. back_error: of what comes back through a layer. */
  uint64_t *random;
  double sum_error[UMBRA_NETWORK_MAX_LAYERS], back_error[UMBRA_NETWORK_MAX_LAYERS], loss_error;
  double filled
      [UMBRA_NETWORK_MAX_LAYERS]; /* of what is refreshed with sums: how much has any; 0: they are not refreshed */
} passing;

static const umbra_train_options *options_of(const passing *p) { return &p->plan->options; }
static uint32_t layers_of(const passing *p) { return umbra_network_layers(options_of(p)); }

static umbra_status open_passing(passing *p, const umbra_train_plan *plan) {
  const umbra_train_options *o = &plan->options;
  const uint32_t layers = umbra_network_layers(o);
  size_t count = 0;
  *p = (passing){.plan = plan};
  for (uint32_t k = 0; k < layers; k++) count += umbra_network_inputs(o, k) + 3 * umbra_network_units(o, k);
  UMBRA_TRY(umbra_alloc(&p->memory, count, sizeof *p->memory, "the values of a network"));
  double *next = p->memory;
  for (uint32_t k = 0; k < layers; k++) {
    const size_t units = umbra_network_units(o, k);
    p->value[k] = next;
    p->sum[k] = next += umbra_network_inputs(o, k);
    p->error[k] = next += units;
    next += units;
  }
  p->value[layers] = next;
  return UMBRA_OK;
}

static void close_passing(passing *p) { umbra_free(p->memory); }

static double dot(const double *a, const double *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += a[i] * b[i];
  return sum;
}

/* ---- errors, if there are any ---- */

/* As diagonals have weights: a sum over the places of a run, each with a slot's error. */
static void disturb_weights(double *weights, const umbra_twin *t) {
  const umbra_train_options *o = &t->plan->options;
  for (uint32_t k = 0; k < umbra_network_layers(o); k++) {
    const double run = (double)t->plan->network.layer[k].layout.stride;
    const double error = t->errors->slot * sqrt(run) / umbra_network_factor(t->plan, k);
    for (size_t i = offset_of(o, k); i < offset_of(o, k + 1); i++)
      weights[i] += error * umbra_train_gaussian(&t->errors->random);
  }
}

/* Roundings where sums are refreshed: of what is packed, over the scale, and of what is taken out of it and repeated. */
static double pack_roundings(const umbra_train_plan *plan, uint32_t k) {
  const double scale = umbra_network_pack_scale(plan, k);
  if (!umbra_network_refreshes(&plan->network, k)) return 0;
  return scale * scale + (double)plan->network.positions / plan->network.layer[k].diagonals;
}

/* Giant steps are turned and added up, and then positions are folded. */
static double sum_error(const umbra_twin *t, uint32_t k) {
  const umbra_dense *d = &t->plan->network.layer[k];
  const double folded = (double)d->layout.slots / d->layout.stride / d->diagonals;
  const double roundings = 2 * umbra_dense_giants(d) * folded + pack_roundings(t->plan, k);
  return t->errors->slot * sqrt(roundings) / umbra_network_factor(t->plan, k);
}

/* Of a batch of so many records, as far as its first pack says. */
static double filled(const umbra_train_plan *plan, uint32_t k, uint64_t rows) {
  const uint64_t parts = umbra_quotient_above(rows, umbra_layout_rows_per_part(&plan->layout));
  const uint32_t packed = umbra_network_packed(&plan->network, k);
  if (!umbra_network_refreshes(&plan->network, k)) return 0;
  return (double)(parts < packed ? parts : packed) * plan->network.layer[k].diagonals / plan->network.positions;
}

/* What comes back through layer k: baby steps are turned and added up, and multiplied by slopes. */
static double back_error(const umbra_twin *t, uint32_t k) {
  const umbra_dense *d = &t->plan->network.layer[k];
  return t->errors->slot * sqrt(2 * umbra_dense_babies(d) + 1) / umbra_network_error_scale(t->plan, k - 1);
}

static void open_errors(passing *p, const umbra_twin *t, uint64_t rows) {
  const umbra_train_softmax *s = &t->plan->softmax;
  const double inverse =
      s->degree ? 1 / (s->unit * t->plan->options.outputs) : 0; /* what exponentials are multiplied by */
  const double polynomial = 4 + inverse;                        /* the loss's steps, and the targets, together */
  if (!t->errors) return;
  p->random = &t->errors->random;
  p->loss_error = polynomial * t->errors->slot;
  for (uint32_t k = 0; k < layers_of(p); k++) {
    p->sum_error[k] = sum_error(t, k);
    p->filled[k] = filled(t->plan, k, rows);
    if (k) p->back_error[k] = back_error(t, k);
  }
}

static double disturbed(const passing *p, double value, double error) {
  return error > 0 ? value + error * umbra_train_gaussian(p->random) : value;
}

/* A record's sums of layer k as a refresh leaves them, as if those of all records were as large. */
static void refresh_sums(const passing *p, uint32_t k) {
  if (!(p->filled[k] > 0)) return;
  const size_t units = umbra_network_units(options_of(p), k);
  const double range = umbra_network_range(p->plan, k), squares = dot(p->sum[k], p->sum[k], units);
  const double size = sqrt(squares * p->filled[k] / p->plan->network.layer[k].diagonals) / range;
  const umbra_twin_refresh of = umbra_twin_refresh_of(p->plan, size);
  for (size_t j = 0; j < units; j++) p->sum[k][j] = disturbed(p, p->sum[k][j] * (1 - of.shrunk), of.error * range);
}

static void forward(passing *p, const umbra_records *records, size_t row, const double *weights) {
  const umbra_train_options *o = options_of(p);
  const uint32_t layers = layers_of(p);
  memcpy(p->value[0], umbra_records_row(records, row), o->columns * sizeof(double));
  p->value[0][o->columns] = 1;
  for (uint32_t k = 0; k < layers; k++) {
    const size_t units = umbra_network_units(o, k), inputs = umbra_network_inputs(o, k);
    const double *w = weights + offset_of(o, k);
    for (size_t j = 0; j < units; j++)
      p->sum[k][j] = disturbed(p, dot(w + j * inputs, p->value[k], inputs), p->sum_error[k]);
    refresh_sums(p, k);
    for (size_t j = 0; j < units; j++) {
      const double z = p->sum[k][j];
      p->value[k + 1][j] = k + 1 < layers ? umbra_train_activation_value(&p->plan->activation, z) : z;
    }
  }
}

/* The errors of all layers, from those of the last. */
static void backward(passing *p, const double *weights) {
  const umbra_train_options *o = options_of(p);
  for (uint32_t k = layers_of(p) - 1; k; k--) {
    const size_t units = umbra_network_units(o, k), inputs = umbra_network_inputs(o, k);
    const double *w = weights + offset_of(o, k);
    for (size_t i = 0; i < inputs; i++) {
      double sum = 0;
      for (size_t j = 0; j < units; j++) sum += w[j * inputs + i] * p->error[k][j];
      p->error[k - 1][i] =
          umbra_train_activation_slope(&p->plan->activation, p->sum[k - 1][i]) * disturbed(p, sum, p->back_error[k]);
    }
  }
}

/* gradient -= the record's. */
static void subtract_gradient(const passing *p, double *gradient) {
  const umbra_train_options *o = options_of(p);
  for (uint32_t k = 0; k < layers_of(p); k++) {
    const size_t units = umbra_network_units(o, k), inputs = umbra_network_inputs(o, k);
    double *g = gradient + offset_of(o, k);
    for (size_t j = 0; j < units; j++)
      for (size_t i = 0; i < inputs; i++) g[j * inputs + i] -= p->error[k][j] * p->value[k][i];
  }
}

/* ---- the loss ---- */

/* What stands for the sigmoid: by its polynomial or exactly. */
static double sigmoid(const umbra_twin *t, double z) {
  const umbra_sigmoid_options *s = &t->plan->sigmoid;
  if (t->exact) return umbra_function_value(UMBRA_FUNCTION_SIGMOID, z);
  return umbra_chebyshev_value(t->plan->coefficient, s->degree, z / s->range);
}

/* The slopes at scores z; returns the range that is needed, 0 if they just have to be in it. */
static double find_slopes(double *slope, const double *z, size_t outputs, const umbra_twin *t) {
  switch (t->plan->options.loss) {
    case UMBRA_LOSS_SOFTMAX:
      if (!t->exact) return umbra_train_softmax_values(slope, z, outputs, t->plan);
      umbra_train_softmax_exactly(slope, z, outputs);
      return 0;
    case UMBRA_LOSS_SQUARED: memcpy(slope, z, outputs * sizeof *slope); return 0;
    default:
      for (size_t j = 0; j < outputs; j++) slope[j] = sigmoid(t, z[j]);
      return 0;
  }
}

/* Of a record's scores. */
static double loss_of(const umbra_train_options *o, const umbra_records *records, size_t row, const double *z,
                      size_t outputs) {
  double sum = 0;
  if (o->loss == UMBRA_LOSS_SOFTMAX) return umbra_train_softmax_loss(z, outputs, umbra_records_class(records, row));
  for (size_t j = 0; j < outputs; j++) {
    const double target = umbra_network_target(records, row, j, outputs), error = z[j] - target;
    sum += o->loss == UMBRA_LOSS_SQUARED ? error * error / 2
                                         : umbra_logistic_loss(-z[j]) - target * z[j]; /* log(1 + e^z) - t z */
  }
  return sum;
}

static double largest_of(double largest, const double *x, size_t count) {
  for (size_t i = 0; i < count; i++) largest = fmax(largest, umbra_twin_size(x[i]));
  return largest;
}

/* ---- as the kind has them ---- */

static void add_record(passing *p, const umbra_twin *t, const double *weights, umbra_train_outcome *outcome,
                       size_t row) {
  const uint32_t last = layers_of(p) - 1;
  const size_t outputs = umbra_network_units(options_of(p), last);
  forward(p, t->records, row, weights);
  outcome->largest_score = largest_of(outcome->largest_score, p->sum[last], outputs);
  for (uint32_t k = 0; k < last; k++)
    outcome->largest_hidden = largest_of(outcome->largest_hidden, p->sum[k], umbra_network_units(options_of(p), k));
  outcome->largest_score = fmax(outcome->largest_score, find_slopes(p->error[last], p->sum[last], outputs, t));
  const double weight = umbra_records_weight(t->records, row);
  for (size_t j = 0; j < outputs; j++) {
    const double error = p->error[last][j] - umbra_network_target(t->records, row, j, outputs);
    p->error[last][j] = weight * disturbed(p, error, p->loss_error);
    outcome->counted_loss += p->error[last][j] * p->error[last][j];
  }
  backward(p, weights);
  subtract_gradient(p, t->gradient);
}

static umbra_status add_records(umbra_twin *t, const double *weights, umbra_train_outcome *outcome,
                                const umbra_train_step *step) {
  passing p;
  UMBRA_TRY(open_passing(&p, t->plan));
  open_errors(&p, t, step->rows);
  umbra_status status = UMBRA_OK;
  for (uint64_t k = 0; k < step->rows && status == UMBRA_OK; k++) {
    status = umbra_watch_step(t->watch, k, step->rows);
    if (status == UMBRA_OK) add_record(&p, t, weights, outcome, t->order[step->first + k]);
  }
  outcome->counted_loss /= (double)step->rows * (double)umbra_network_units(options_of(&p), layers_of(&p) - 1);
  close_passing(&p);
  return status;
}

umbra_status umbra_network_gradient(umbra_twin *t, umbra_train_outcome *outcome, const umbra_train_step *step) {
  double *weights;
  if (!t->errors) return add_records(t, umbra_twin_point(t), outcome, step);
  UMBRA_TRY(umbra_alloc(&weights, t->count, sizeof *weights, "weights"));
  memcpy(weights, umbra_twin_point(t), t->count * sizeof *weights);
  disturb_weights(weights, t);
  umbra_status status = add_records(t, weights, outcome, step);
  umbra_free(weights);
  return status;
}

umbra_status umbra_network_scores(double *scores, const umbra_train_plan *plan, const umbra_records *records,
                                  const double *weights) {
  const umbra_train_options *o = &plan->options;
  const uint32_t last = umbra_network_layers(o) - 1;
  const size_t outputs = umbra_network_units(o, last);
  passing p;
  UMBRA_TRY(open_passing(&p, plan));
  for (size_t row = 0; row < records->rows; row++) {
    forward(&p, records, row, weights);
    memcpy(scores + row * outputs, p.sum[last], outputs * sizeof *scores);
  }
  close_passing(&p);
  return UMBRA_OK;
}

/* Of one output for two classes, or of an output for each class; of values there is no accuracy. */
static umbra_status judge_scores(umbra_train_outcome *outcome, const umbra_train_options *o,
                                 const umbra_records *judged, const double *scores, size_t outputs) {
  double loss = 0, weights = 0;
  for (size_t row = 0; row < judged->rows; row++) {
    loss += umbra_records_weight(judged, row) * loss_of(o, judged, row, scores + row * outputs, outputs);
    weights += umbra_records_weight(judged, row);
  }
  outcome->loss = loss / weights;
  if (!judged->classes) return UMBRA_OK;
  if (outputs > 1) return umbra_judge_classes(&outcome->accuracy, NULL, judged, scores);
  umbra_judgement judgement = {UMBRA_JUDGEMENT_INIT};
  UMBRA_TRY(umbra_judge_scores(&judgement, judged, scores, o->loss == UMBRA_LOSS_SQUARED ? 0.5 : 0));
  outcome->accuracy = judgement.accuracy;
  outcome->auc = judgement.auc;
  return UMBRA_OK;
}

umbra_status umbra_network_judge(umbra_train_outcome *outcome, const umbra_train_plan *plan,
                                 const umbra_records *judged, const double *weights) {
  const umbra_train_options *o = &plan->options;
  const size_t outputs = umbra_network_units(o, umbra_network_layers(o) - 1);
  double *scores;
  UMBRA_TRY(umbra_alloc(&scores, judged->rows * outputs, sizeof *scores, "scores"));
  umbra_status status = umbra_network_scores(scores, plan, judged, weights);
  if (status == UMBRA_OK) status = judge_scores(outcome, o, judged, scores, outputs);
  umbra_free(scores);
  return status;
}
