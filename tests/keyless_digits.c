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
#define AMPLIFIED 128.0

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

static void encrypt_pixels(umbra_ciphertext **x, const scheme *s, size_t first, size_t count) {
  vector v = vector_make(SLOTS);
  for (int p = 0; p < PIXELS; p++) {
    for (size_t i = 0; i < count; i++) v.value[i] = images[(first + i) * PIXELS + p] / 255.0L * AMPLIFIED;
    x[p] = encrypt_vector(s, &v, UMBRA_TOP_LEVEL);
  }
  vector_destroy(&v);
}

/* out = sum of columns of a matrix with `stride` columns, + bias: one output of a plain layer. */
static void dense(const scheme *s, umbra_ciphertext **out, umbra_ciphertext *const *in, int count, const float *column,
                  int stride, double bias) {
  double pairs[2 * PIXELS] = {0};
  for (int i = 0; i < count; i++) pairs[2 * i] = column[i * stride];
  assert_ok(umbra_dot_constants(s->evaluator, out, (const umbra_ciphertext *const *)in, pairs, (size_t)count));
  assert_ok(umbra_add_constant(s->evaluator, out, *out, bias, 0));
}

static void run_network(const scheme *s, umbra_ciphertext **z, umbra_ciphertext *const *x) {
  umbra_ciphertext *square[HIDDEN] = {NULL};
  for (int j = 0; j < HIDDEN; j++) {
    dense(s, &square[j], x, PIXELS, &trained.first[0][j], HIDDEN, trained.first_bias[j] * AMPLIFIED);
    assert_ok(umbra_square(s->evaluator, &square[j], square[j]));
  }
  for (int o = 0; o < LABELS; o++) {
    dense(s, &z[o], square, HIDDEN, &trained.second[0][o], LABELS, trained.second_bias[o] * AMPLIFIED * AMPLIFIED);
    assert_int_equal(umbra_ciphertext_parts(z[o]), 3);
    assert_ok(umbra_relinearize(s->evaluator, &z[o], z[o]));
    const umbra_declaration range = {UMBRA_DECLARATION_INIT, .magnitude = 60 * AMPLIFIED * AMPLIFIED, .real = 1};
    assert_ok(umbra_ciphertext_declare(z[o], &range));
  }
  for (int j = 0; j < HIDDEN; j++) umbra_ciphertext_destroy(square[j]);
}

/* Labels that agree; the largest error of a logit goes up to *worst. */
static size_t compare(const scheme *s, umbra_ciphertext *const *z, size_t first, size_t count, double *worst) {
  double *opened[LABELS];
  size_t equal = 0;
  for (int o = 0; o < LABELS; o++) opened[o] = opened_slots(s, z[o]);
  for (size_t i = 0; i < count; i++) {
    float h[HIDDEN];
    double expected[LABELS], found[LABELS];
    hidden_of(h, images + (first + i) * PIXELS);
    logits_of(expected, h);
    for (int o = 0; o < LABELS; o++) {
      found[o] = opened[o][2 * i] / (AMPLIFIED * AMPLIFIED);
      *worst = fmax(*worst, fabs(found[o] - expected[o]));
    }
    equal += label_of(expected) == label_of(found);
  }
  for (int o = 0; o < LABELS; o++) free(opened[o]);
  return equal;
}

static void classify(const scheme *s, const char *how, size_t count) {
  umbra_ciphertext *x[PIXELS] = {NULL}, *z[LABELS] = {NULL};
  size_t equal = 0;
  double worst = 0;
  for (size_t first = 0; first < count; first += SLOTS) {
    const size_t batch = count - first < SLOTS ? count - first : SLOTS;
    encrypt_pixels(x, s, first, batch);
    run_network(s, z, x);
    equal += compare(s, z, first, batch, &worst);
    for (int p = 0; p < PIXELS; p++) umbra_ciphertext_destroy(x[p]);
  }
  for (int o = 0; o < LABELS; o++) umbra_ciphertext_destroy(z[o]);
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
