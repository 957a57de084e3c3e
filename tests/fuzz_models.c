/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=100000 */
/*
 * Mutated ONNX files and external data: no crash, no loop, an untouched model and a text on failure, and a model that can
 * be computed otherwise. Half of the files are mutated byte by byte; the others while they are written, so that only
 * numbers, names and fields change and most of the importer is reached.
 */
#include "tests/fuzz/models.h"

#include <string.h>
#include <unistd.h>

#include "host/base/memory.h"

enum { ROOM = 8192, WEIGHTS = 256 };

/* ---- chance ---- */

static unsigned rate; /* of 65536: how often a field is mutated while it is written */

static int strikes(void) { return below(65536) < rate; }

/* ---- a writer of protobuf that makes mistakes ---- */

typedef struct bytes {
  size_t size;
  uint8_t at[ROOM];
} bytes;

static void put(bytes *b, const void *from, size_t size) {
  assert_true(b->size + size <= ROOM);
  memcpy(b->at + b->size, from, size);
  b->size += size;
}

static void put_varint(bytes *b, uint64_t value) {
  for (; value > 127; value >>= 7) put(b, &(uint8_t){(uint8_t)(value | 128)}, 1);
  put(b, &(uint8_t){(uint8_t)value}, 1);
}

static void put_number(bytes *b, unsigned field, int64_t value) {
  static const int64_t odd[] = {0, 1, 2, 3, 5, 7, 8, 16, 64, -1, -2, -3, 1 << 20, 1LL << 40, INT64_MAX, INT64_MIN};
  if (strikes()) value = odd[below(sizeof odd / sizeof *odd)];
  for (size_t times = strikes() ? below(3) : 1; times-- > 0;) {
    put_varint(b, (strikes() ? below(24) : field) << 3);
    put_varint(b, (uint64_t)value);
  }
}

static void put_part(bytes *b, unsigned field, const void *part, size_t size) {
  for (size_t times = strikes() ? below(3) : 1; times-- > 0;) {
    put_varint(b, (strikes() ? below(24) : field) << 3 | 2);
    put_varint(b, size);
    put(b, part, size);
  }
}

static void put_text(bytes *b, unsigned field, const char *text) {
  static const char *const odd[] = {"x",    "a",         "b",      "w",       "",          "y",   "Relu",
                                    "Mul",  "Add",       "Sub",    "Pad",     "Transpose", "Pow", "Slice",
                                    "Gemm", "ReduceSum", "Concat", "Reshape", "Gather"};
  if (strikes()) text = odd[below(sizeof odd / sizeof *odd)];
  put_part(b, field, text, strlen(text));
}

/* ---- models ---- */

typedef enum where { RAW, TYPED, OUTSIDE } where;

static void put_entry(bytes *tensor, const char *key, const char *value) {
  bytes entry = {0};
  put_text(&entry, 1, key);
  put_text(&entry, 2, value);
  put_part(tensor, 13, entry.at, entry.size);
}

/* A tensor with the given dims, at most two, of floats or (integers != NULL) of int64. */
static bytes tensor(const char *name, const int64_t *dims, size_t rank, const int64_t *integers, where where) {
  bytes t = {0};
  size_t count = 1;
  double number[ROOM / 8];
  for (size_t d = 0; d < rank; d++) {
    put_number(&t, 1, dims[d]);
    count *= (size_t)dims[d];
  }
  put_number(&t, 2, integers ? 7 : 1);
  put_text(&t, 8, name);
  float *floats = (float *)number;
  for (size_t i = 0; i < count && !integers; i++) floats[i] = (float)(i % 7) - 2.5f;
  if (where == OUTSIDE) {
    put_entry(&t, "location", "weights.bin");
    put_entry(&t, "offset", "16");
    put_entry(&t, "length", "80");
    put_number(&t, 14, 1);
  } else if (integers) {
    put_part(&t, 9, integers, count * sizeof *integers);
  } else {
    put_part(&t, where == RAW ? 9 : 4, floats, count * sizeof *floats);
  }
  return t;
}

static void put_tensor(bytes *graph, const char *name, int64_t a, int64_t b, where where) {
  const bytes t = tensor(name, (const int64_t[]){a, b}, b ? 2 : 1, NULL, where);
  put_part(graph, 5, t.at, t.size);
}

static void put_integers(bytes *graph, const char *name, const int64_t *values, int64_t count) {
  const bytes t = tensor(name, &count, 1, values, RAW);
  put_part(graph, 5, t.at, t.size);
}

/* "axis=1" or "axes=[1" or "pads=[1,1,0,0" or "norm=L1" or "scale=0.5,0.5," (a comma at the end: floats) */
static void put_attribute(bytes *node, const char *text) {
  bytes a = {0};
  char name[32];
  const char *value = strchr(text, '=') + 1;
  snprintf(name, sizeof name, "%.*s", (int)(value - 1 - text), text);
  put_text(&a, 1, name);
  int floats = value[strlen(value) - 1] == ',', list = *value == '[';
  value += list;
  if (*value >= 'A') {
    put_text(&a, 4, value);
    put_number(&a, 20, 3);
  } else {
    for (const char *next = value; next && *next; next = strchr(next, ',') ? strchr(next, ',') + 1 : NULL) {
      float x = strtof(next, NULL);
      if (floats) put_part(&a, 7, &x, sizeof x);
      else put_number(&a, list ? 8 : 3, strtoll(next, NULL, 10));
    }
    put_number(&a, 20, floats ? 6 : list ? 7 : 2);
  }
  put_part(node, 5, a.at, a.size);
}

/* "Conv x,k c pads=[1,1,1,1 group=1": type, inputs, outputs and attributes. '!' before the type: of ai.onnx.ml. */
static void put_node(bytes *graph, const char *text) {
  bytes n = {0};
  char copy[256], *rest = copy, *save;
  snprintf(copy, sizeof copy, "%s", text);
  char *words[8] = {0};
  for (size_t i = 0; i < 8 && (words[i] = strtok_r(rest, " ", &save)); i++) rest = NULL;
  for (char *in = strtok_r(words[1], ",", &save); in; in = strtok_r(NULL, ",", &save)) put_text(&n, 1, in);
  for (char *out = strtok_r(words[2], ",", &save); out; out = strtok_r(NULL, ",", &save)) put_text(&n, 2, out);
  put_text(&n, 4, words[0] + (*text == '!'));
  for (size_t i = 3; i < 8 && words[i]; i++) put_attribute(&n, words[i]);
  if (*text == '!') put_text(&n, 7, "ai.onnx.ml");
  put_part(graph, 1, n.at, n.size);
}

static void put_value(bytes *graph, unsigned field, const char *name, const int64_t *dims, size_t rank) {
  bytes shape = {0}, type = {0}, outer = {0}, value = {0};
  for (size_t d = 0; d < rank; d++) {
    bytes dim = {0};
    put_number(&dim, 1, dims[d]);
    put_part(&shape, 1, dim.at, dim.size);
  }
  put_number(&type, 1, 1);
  put_part(&type, 2, shape.at, shape.size);
  put_part(&outer, 1, type.at, type.size);
  put_text(&value, 1, name);
  put_part(&value, 2, outer.at, outer.size);
  put_part(graph, field, value.at, value.size);
}

static void put_nodes(bytes *graph, const char *const *nodes) {
  for (; *nodes; nodes++) put_node(graph, *nodes);
}

static void image_graph(bytes *g) {
  static const char *const nodes[] = {"Pad x,p a mode=constant",
                                      "Conv a,k,b c strides=[2,1 group=1 dilations=[1,1",
                                      "BatchNormalization c,b,b,b,v d",
                                      "Sigmoid d e",
                                      "Mul d,e f",
                                      "AveragePool f h kernel_shape=[2,2 pads=[0,1,0,0 count_include_pad=1",
                                      "Transpose h i perm=[0,2,3,1",
                                      "Shape i s",
                                      "Slice s,z,o t",
                                      "Concat t,m u axis=0",
                                      "Reshape i,u j",
                                      "Slice j,z,o,o,o j2",
                                      "ReduceMean j l axes=[1 keepdims=1",
                                      "Concat j,j2,l n axis=1",
                                      "Relu n q",
                                      "Softmax q y axis=1",
                                      NULL};
  const bytes kernel = tensor("k", (const int64_t[]){2, 3, 2, 2}, 4, NULL, RAW);
  put_part(g, 5, kernel.at, kernel.size);
  put_tensor(g, "b", 2, 0, TYPED);
  put_integers(g, "p", (const int64_t[]){0, 0, 1, 0, 0, 0, 0, 1}, 8);
  put_integers(g, "z", (const int64_t[]){0}, 1);
  put_integers(g, "o", (const int64_t[]){1}, 1);
  put_integers(g, "m", (const int64_t[]){-1}, 1);
  put_integers(g, "v", (const int64_t[]){3, 4}, 2);
  put_nodes(g, nodes);
  put_value(g, 11, "x", (const int64_t[]){0, 3, 5, 5}, 4);
}

static void learned_graph(bytes *g) {
  static const char classifier[] =
      "!LinearClassifier s l,p coefficients=1,2,3,4,5, intercepts=0.5, classlabels_ints=[3,9 post_transform=LOGISTIC";
  static const char *const nodes[] = {
      "Flatten x f axis=1", "Gather f,i h axis=1",     "!Scaler h s offset=0.5, scale=2,0.5,1,1,0.25,",
      classifier,           "!Normalizer p y norm=L1", NULL};
  put_integers(g, "i", (const int64_t[]){5, 4, 3, 2, 1}, 5);
  put_nodes(g, nodes);
  put_value(g, 11, "x", (const int64_t[]){2, 3, 5, 5}, 4);
}

static void row_graph(bytes *g) {
  static const char *const nodes[] = {"Flatten x f axis=1",
                                      "Split f,sizes a,r axis=1",
                                      "Gemm a,w,c d transB=1",
                                      "Mul d,d e",
                                      "Unsqueeze e,one u",
                                      "Squeeze u,one v",
                                      "Pow v,two q",
                                      "Add q,e h",
                                      "ArgMax h y axis=1 keepdims=0",
                                      NULL};
  put_tensor(g, "w", 4, 5, OUTSIDE);
  put_tensor(g, "c", 4, 0, RAW);
  put_integers(g, "sizes", (const int64_t[]){5, 70}, 2);
  put_integers(g, "one", (const int64_t[]){1}, 1);
  put_integers(g, "two", (const int64_t[]){2}, 1);
  put_nodes(g, nodes);
  put_value(g, 11, "x", (const int64_t[]){0, 3, 5, 5}, 4);
}

static bytes model(size_t which) {
  static void (*const graphs[])(bytes *) = {image_graph, learned_graph, row_graph};
  bytes m = {0}, g = {0}, standard = {0}, learning = {0};
  graphs[which](&g);
  put_value(&g, 12, "y", NULL, 0);
  put_number(&m, 1, 8);
  put_part(&m, 7, g.at, g.size);
  put_number(&standard, 2, 13);
  put_part(&m, 8, standard.at, standard.size);
  put_text(&learning, 1, "ai.onnx.ml");
  put_number(&learning, 2, 1);
  put_part(&m, 8, learning.at, learning.size);
  return m;
}

static void mutate(bytes *b) {
  for (size_t times = 1 + below(4); times-- > 0 && b->size;) {
    size_t at = below(b->size);
    switch (below(5)) {
      case 0: b->at[at] = (uint8_t)below(256); break;
      case 1: b->at[at] ^= (uint8_t)(1u << below(8)); break;
      case 2: b->size = at; break;
      case 3: memmove(b->at + at, b->at + at + 1, --b->size - at); break;
      default: b->at[at] = 0xff;
    }
  }
}

/* ---- files ---- */

static mutations wanted;
static char folder[64];
static char path[128], weights_path[128];

static void start(unsigned long i) {
  static const unsigned rates[] = {0, 50, 200, 1000};
  begin_mutation(i);
  rate = rates[i / 2 % 4];
}

static void mutated_models(void **state) {
  (void)state;
  unsigned long read = 0;
  uint8_t weights[WEIGHTS] = {0};
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    start(i);
    bytes m = model(i % 3);
    if (rate == 0 || i % 2) mutate(&m);
    write_file(path, m.at, m.size);
    for (size_t k = 0; k < WEIGHTS; k++) weights[k] = (uint8_t)(below(16) ? below(64) : below(256));
    write_file(weights_path, weights, below(4) ? WEIGHTS : below(WEIGHTS));
    read += (unsigned long)check(i, path);
  }
  if (wanted.count >= 2000) assert_true(read > wanted.count / 20); /* many of the mistakes are harmless */
}

static void models_without_mistakes(void **state) {
  (void)state;
  const float weights[WEIGHTS / 4] = {0};
  write_file(weights_path, weights, sizeof weights);
  rate = 0;
  for (size_t which = 0; which < 3; which++) {
    const bytes m = model(which);
    write_file(path, m.at, m.size);
    if (!check(0, path)) fail_msg("model %zu: %s", which, umbra_last_error());
  }
}

/* Memory that is out at any point leaves nothing behind. */
static void memory_that_is_out(void **state) {
  (void)state;
  rate = 0;
  for (size_t which = 0; which < 3; which++) {
    const bytes m = model(which);
    write_file(path, m.at, m.size);
    umbra_status status = UMBRA_ERROR_OUT_OF_MEMORY;
    for (long countdown = 0; status == UMBRA_ERROR_OUT_OF_MEMORY; countdown++) {
      umbra_model *made = NULL;
      umbra_alloc_fail_after(countdown);
      status = umbra_model_import(&made, path);
      umbra_alloc_fail_after(-1);
      assert_true(status == UMBRA_OK || !made);
      umbra_model_destroy(made);
    }
    assert_int_equal(status, UMBRA_OK);
  }
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-fuzz-models-XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/model.onnx", folder);
  snprintf(weights_path, sizeof weights_path, "%s/weights.bin", folder);
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  remove(path);
  remove(weights_path);
  return rmdir(folder);
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(2000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(models_without_mistakes), cmocka_unit_test(memory_that_is_out),
                                     cmocka_unit_test(mutated_models)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
