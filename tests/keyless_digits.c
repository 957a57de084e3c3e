/* SPDX-License-Identifier: Apache-2.0 */
/* labels: full */
/* labels: slow UMBRA_TEST_IMAGES=10000 */
/*
 * What the preset n12-d3-s21-k2 is for: a square network 784-128-10 on encrypted digits, one ciphertext a pixel and one
 * image a slot. Two products with plain matrices around a square at a level without keys; the three parts of the squares
 * go through the second one, and one relinearisation for each output ends it. Its labels against those of the same
 * network in double, encrypted and simulated (skipped without the data: UMBRA_DATA, or ../shared/data).
 */
#include <unistd.h>

#include "scheme.h"

enum { PIXELS = 784, HIDDEN = 128, LABELS = 10, BATCH = 128, TRAINED = 60000, TESTED = 10000, SLOTS = 2048 };

/* Pixels go in as multiples of this, so that the noise of encryption and of three parts is small beside them. */
#define AMPLIFIED 128.0f

typedef struct network {
  float first[PIXELS][HIDDEN], first_bias[HIDDEN], second[HIDDEN][LABELS], second_bias[LABELS];
} network;

static network trained;
static uint8_t *images; /* of the test set; NULL: there is no data */

/* ---- data ---- */

/* The bytes after an IDX header of `skip` bytes. */
static uint8_t *read_idx(const char *folder, const char *name, size_t skip, size_t count) {
  char command[700];
  snprintf(command, sizeof command, "gzip -dc '%s/%s'", folder, name);
  FILE *pipe = popen(command, "r");
  uint8_t *bytes_read = malloc(skip + count);
  assert_non_null(pipe);
  assert_non_null(bytes_read);
  assert_int_equal(fread(bytes_read, 1, skip + count, pipe), skip + count);
  assert_int_equal(pclose(pipe), 0);
  memmove(bytes_read, bytes_read + skip, count);
  return bytes_read;
}

/* ---- the network in the clear ---- */

static void hidden_of(float *h, const uint8_t *image) {
  memcpy(h, trained.first_bias, sizeof trained.first_bias);
  for (int p = 0; p < PIXELS; p++)
    for (int j = 0; j < HIDDEN && image[p]; j++) h[j] += (float)image[p] / 255 * trained.first[p][j];
}

static void logits_of(double *z, const float *h) {
  for (int o = 0; o < LABELS; o++) z[o] = trained.second_bias[o];
  for (int j = 0; j < HIDDEN; j++)
    for (int o = 0; o < LABELS; o++) z[o] += (double)h[j] * h[j] * trained.second[j][o];
}

static int label_of(const double *z) {
  int best = 0;
  for (int o = 1; o < LABELS; o++)
    if (z[o] > z[best]) best = o;
  return best;
}

/* Adds the gradient of the cross-entropy of one image. */
static void add_gradient(network *gradient, const uint8_t *image, int label) {
  float h[HIDDEN], back[HIDDEN];
  double z[LABELS], sum = 0;
  hidden_of(h, image);
  logits_of(z, h);
  const double largest = z[label_of(z)];
  for (int o = 0; o < LABELS; o++) sum += z[o] = exp(z[o] - largest);
  for (int o = 0; o < LABELS; o++) gradient->second_bias[o] += (float)(z[o] = (z[o] / sum - (o == label)) / BATCH);
  for (int j = 0; j < HIDDEN; j++) {
    double of_square = 0;
    for (int o = 0; o < LABELS; o++) {
      gradient->second[j][o] += (float)(h[j] * h[j] * z[o]);
      of_square += trained.second[j][o] * z[o];
    }
    gradient->first_bias[j] += back[j] = (float)(2 * h[j] * of_square);
  }
  for (int p = 0; p < PIXELS; p++)
    for (int j = 0; j < HIDDEN && image[p]; j++) gradient->first[p][j] += (float)image[p] / 255 * back[j];
}

/* One epoch of plain stochastic gradient descent in the order of the file. */
static void train(const uint8_t *pixels, const uint8_t *labels) {
  static network gradient;
  const float rate = 0.1f;
  uint64_t state = 1;
  for (int p = 0; p < PIXELS; p++)
    for (int j = 0; j < HIDDEN; j++) trained.first[p][j] = (float)uniform(&state) / 16;
  for (int j = 0; j < HIDDEN; j++)
    for (int o = 0; o < LABELS; o++) trained.second[j][o] = (float)uniform(&state) / 6;
  for (size_t i = 0; i + BATCH <= TRAINED; i += BATCH) {
    gradient = (network){0};
    for (size_t k = i; k < i + BATCH; k++) add_gradient(&gradient, pixels + k * PIXELS, labels[k]);
    float *weight = &trained.first[0][0];
    const float *by = &gradient.first[0][0];
    for (size_t w = 0; w < sizeof trained / sizeof *weight; w++) weight[w] -= rate * by[w];
  }
}

static int open_data(void **state) {
  (void)state;
  char folder[512], file[600];
  const char *data = getenv("UMBRA_DATA");
  snprintf(folder, sizeof folder, "%s/mnist", data ? data : UMBRA_SOURCE_DIR "/../shared/data");
  snprintf(file, sizeof file, "%s/train-images-idx3-ubyte.gz", folder);
  if (access(file, R_OK) != 0) return 0;
  uint8_t *pixels = read_idx(folder, "train-images-idx3-ubyte.gz", 16, (size_t)TRAINED * PIXELS);
  uint8_t *labels = read_idx(folder, "train-labels-idx1-ubyte.gz", 8, TRAINED);
  images = read_idx(folder, "t10k-images-idx3-ubyte.gz", 16, (size_t)TESTED * PIXELS);
  train(pixels, labels);
  free(pixels);
  free(labels);
  return 0;
}

static int close_data(void **state) {
  (void)state;
  free(images);
  return 0;
}

/* ---- the network on ciphertexts ---- */

/* One column a pixel, one row an image. */
static umbra_matrix *encrypt_pixels(const scheme *s, size_t first, size_t count) {
  umbra_matrix *x = NULL;
  const umbra_matrix_layout layout = {UMBRA_MATRIX_LAYOUT_INIT, .order = UMBRA_MATRIX_BY_COLUMNS, .stride = SLOTS};
  double *pixels = malloc(count * PIXELS * sizeof *pixels);
  assert_non_null(pixels);
  for (size_t i = 0; i < count * PIXELS; i++) pixels[i] = images[first * PIXELS + i] / 255.0 * AMPLIFIED;
  const umbra_array values = {UMBRA_ARRAY_INIT, .data = pixels, .rows = count, .columns = PIXELS};
  if (s->secret) assert_ok(umbra_matrix_encrypt_symmetric(&x, s->secret, &values, &layout, NULL));
  else assert_ok(umbra_sim_matrix(&x, s->context, pixels, count, PIXELS, &layout));
  free(pixels);
  return x;
}

/* The transposed weights of a layer, where they lie; biases in units of the values that they are added to. */
static umbra_weights *layer(const scheme *s, const float *w, size_t inputs, size_t outputs, const float *bias,
                            float unit, uint32_t level, double magnitude) {
  float biases[HIDDEN];
  umbra_weights *weights = NULL;
  for (size_t i = 0; i < outputs; i++) biases[i] = bias[i] * unit;
  const umbra_array values = {UMBRA_ARRAY_INIT,  .data = w,       .type = UMBRA_ARRAY_FLOAT,          .rows = outputs,
                              .columns = inputs, .row_stride = 1, .column_stride = (ptrdiff_t)outputs},
                    constants = {UMBRA_ARRAY_INIT, .data = biases, .type = UMBRA_ARRAY_FLOAT, .rows = outputs,
                                 .columns = 1};
  umbra_weights_desc desc = {UMBRA_WEIGHTS_DESC_INIT, .values = &values, .bias = &constants};
  desc.level = level;
  desc.magnitude = magnitude;
  assert_ok(umbra_weights_create(&weights, s->context, &desc, NULL));
  return weights;
}

/* x becomes the logits, times the square of what pixels are amplified by. */
static void run_network(const scheme *s, umbra_matrix **x) {
  umbra_weights *first = layer(s, &trained.first[0][0], PIXELS, HIDDEN, trained.first_bias, AMPLIFIED, 3, 0);
  umbra_weights *second = layer(s, &trained.second[0][0], HIDDEN, LABELS, trained.second_bias, AMPLIFIED * AMPLIFIED, 1,
                                60 * AMPLIFIED * AMPLIFIED);
  assert_ok(umbra_matrix_apply(s->evaluator, x, *x, first));
  assert_ok(umbra_matrix_mul(s->evaluator, x, *x, *x));
  assert_ok(umbra_matrix_apply(s->evaluator, x, *x, second));
  assert_ok(umbra_matrix_relinearize(s->evaluator, x, *x));
  assert_int_equal(umbra_matrix_level(*x), 0);
  umbra_weights_destroy(first);
  umbra_weights_destroy(second);
}

/* Labels that agree; the largest error of a logit goes up to *worst. */
static size_t compare(const scheme *s, const umbra_matrix *z, size_t first, size_t count, double *worst) {
  double *found = malloc(count * LABELS * sizeof *found);
  size_t equal = 0;
  assert_non_null(found);
  if (s->secret) assert_ok(umbra_matrix_decrypt(z, found, s->secret, NULL));
  else assert_ok(umbra_sim_matrix_decode(found, z));
  for (size_t i = 0; i < count; i++) {
    float h[HIDDEN];
    double expected[LABELS], *logits = found + i * LABELS;
    hidden_of(h, images + (first + i) * PIXELS);
    logits_of(expected, h);
    for (int o = 0; o < LABELS; o++) {
      logits[o] /= AMPLIFIED * AMPLIFIED;
      *worst = fmax(*worst, fabs(logits[o] - expected[o]));
    }
    equal += label_of(expected) == label_of(logits);
  }
  free(found);
  return equal;
}

static void classify(const scheme *s, const char *how, size_t count) {
  size_t equal = 0;
  double worst = 0;
  for (size_t first = 0; first < count; first += SLOTS) {
    const size_t batch = count - first < SLOTS ? count - first : SLOTS;
    umbra_matrix *x = encrypt_pixels(s, first, batch);
    run_network(s, &x);
    equal += compare(s, x, first, batch, &worst);
    umbra_matrix_destroy(x);
  }
  print_message("%s: %zu of %zu labels, largest error of a logit 2^%.2f\n", how, equal, count, log2(worst));
  assert_true(equal * 1000 >= count * 995);
}

static umbra_params *preset(void) {
  umbra_params *params = NULL;
  assert_ok(umbra_params_from_preset(&params, "n12-d3-s21-k2"));
  return params;
}

static void encrypted(void **state) {
  (void)state;
  scheme s;
  if (!images) skip();
  scheme_open(&s, preset(), NULL, NULL, 0);
  classify(&s, "encrypted", count_from_environment("UMBRA_TEST_IMAGES", SLOTS));
  scheme_close(&s);
}

static void simulated(void **state) {
  (void)state;
  scheme s;
  if (!images) skip();
  scheme_open_sim(&s, preset(), 0, 1);
  classify(&s, "simulated", count_from_environment("UMBRA_TEST_IMAGES", SLOTS));
  scheme_close(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encrypted),
      cmocka_unit_test(simulated),
  };
  return cmocka_run_group_tests(tests, open_data, close_data);
}
