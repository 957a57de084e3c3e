/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/* Files of every kind of object: round trips, refusals, and what is said about malformed ones. */
#include "tests/file_objects.h"
#include "tests/folder.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/base/error.h"
#include "host/base/memory.h"

static file_objects objects;
static char folder[64];

static int set_up(void **state) {
  (void)state;
  make_objects(&objects);
  strcpy(folder, "/tmp/umbra-files-XXXXXX");
  return mkdtemp(folder) == NULL;
}

static const char *in_folder(const char *name) { return path_in(folder, name); }

static int tear_down(void **state) {
  (void)state;
  destroy_objects(&objects);
  empty_folder(folder);
  return rmdir(folder);
}

static void assert_fails(umbra_status status, umbra_status expected, const char *text) {
  if (status != expected || !strstr(umbra_last_error(), text))
    fail_msg("status '%s', text \"%s\"; expected '%s' and \"...%s...\"", umbra_status_string(status),
             umbra_last_error(), umbra_status_string(expected), text);
}

/* ---- round trips ---- */

static void assert_writes(const file_kind *kind, const void *object, const uint8_t *bytes, size_t size) {
  uint8_t *again = malloc(size);
  size_t written = size;
  assert_non_null(again);
  assert_ok(kind->write(object, again, &written));
  assert_int_equal(written, size);
  assert_memory_equal(again, bytes, size);
  free(again);
}

static void memory_gives_the_same_bytes_again(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    void *read = NULL;
    assert_ok(file_kinds[k].read(&read, objects.context, objects.bytes[k], objects.size[k]));
    assert_writes(&file_kinds[k], read, objects.bytes[k], objects.size[k]);
    file_kinds[k].destroy(read);
  }
}

static void files_hold_what_memory_holds(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    const char *path = in_folder("object");
    assert_ok(file_kinds[k].save(objects.object[k], path));
    assert_int_equal(count_files(folder), 1);
    uint8_t *bytes = malloc(objects.size[k] + 1);
    FILE *file = fopen(path, "rb");
    assert_int_equal(fread(bytes, 1, objects.size[k] + 1, file), objects.size[k]);
    assert_memory_equal(bytes, objects.bytes[k], objects.size[k]);
    fclose(file);
    free(bytes);
    void *loaded = NULL;
    assert_ok(file_kinds[k].load(&loaded, objects.context, path));
    assert_writes(&file_kinds[k], loaded, objects.bytes[k], objects.size[k]);
    file_kinds[k].destroy(loaded);
    remove(path);
  }
}

static void loaded_objects_work(void **state) {
  (void)state;
  void *secret = NULL, *public = NULL, *keys = NULL, *seeded = NULL;
  const struct {
    int kind;
    void **object;
  } wanted[] = {{SECRET_KEY, &secret}, {PUBLIC_KEY, &public}, {EVAL_KEYS, &keys}, {SEEDED, &seeded}};
  for (size_t i = 0; i < 4; i++)
    assert_ok(file_kinds[wanted[i].kind].read(wanted[i].object, objects.context, objects.bytes[wanted[i].kind],
                                              objects.size[wanted[i].kind]));
  umbra_ciphertext *fresh = NULL;
  umbra_evaluator *evaluator = NULL;
  assert_ok(umbra_encrypt(&fresh, public, objects.object[PLAINTEXT]));
  assert_ok(umbra_evaluator_create(&evaluator, objects.context, keys));
  assert_ok(umbra_rotate(evaluator, &fresh, fresh, 1));
  assert_ok(umbra_mul(evaluator, &fresh, fresh, seeded));
  double values[3], expected[] = {-1.25 * 0.5, 3 * -1.25, 0.125 * 3};
  assert_ok(umbra_decrypt_decode(values, 3, fresh, secret));
  for (int i = 0; i < 3; i++) assert_true(fabs(values[i] - expected[i]) < 1e-3);
  umbra_evaluator_destroy(evaluator);
  umbra_ciphertext_destroy(fresh);
  for (size_t i = 4; i-- > 0;) file_kinds[wanted[i].kind].destroy(*wanted[i].object);
}

/* Every kind that is public: what is read in the place of an object is the only one that is left to destroy. */
static void outputs_are_replaced(void **state) {
  (void)state;
  for (int kind = 0; kind < PUBLIC_OBJECTS; kind++) {
    void *object = NULL;
    for (int i = 0; i < 2; i++)
      assert_ok(file_kinds[kind].read(&object, objects.context, objects.bytes[kind], objects.size[kind]));
    assert_writes(&file_kinds[kind], object, objects.bytes[kind], objects.size[kind]);
    file_kinds[kind].destroy(object);
  }
}

static void seeds_halve_files(void **state) {
  (void)state;
  size_t poly = objects.size[PLAINTEXT];
  assert_true(objects.size[CIPHERTEXT] > 2 * poly - 1024);
  assert_true(objects.size[SEEDED] < poly + 1024);
  assert_true(objects.size[EVAL_KEYS] < 5 * umbra_params_key_bytes(objects.object[PARAMS], 2) / 2);
}

static void buffers_that_are_too_small(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    uint8_t buffer[64], before[64];
    memset(buffer, 0x5a, sizeof buffer);
    memcpy(before, buffer, sizeof buffer);
    size_t size = sizeof buffer;
    assert_fails(file_kinds[k].write(objects.object[k], buffer, &size), UMBRA_ERROR_RANGE, "64 bytes");
    assert_int_equal(size, objects.size[k]);
    assert_memory_equal(buffer, before, sizeof buffer);
    size = 0;
    assert_ok(file_kinds[k].write(objects.object[k], NULL, &size));
    assert_int_equal(size, objects.size[k]);
    uint8_t *larger = malloc(size += 10);
    assert_ok(file_kinds[k].write(objects.object[k], larger, &size));
    assert_int_equal(size, objects.size[k]);
    assert_memory_equal(larger, objects.bytes[k], size);
    free(larger);
  }
}

/* ---- malformed bytes ---- */

/* Reading must fail like that and leave the output alone, also from a file. */
static void assert_refused_by(const umbra_context *context, int kind, const uint8_t *bytes, size_t size,
                              umbra_status expected, const char *text) {
  void *untouched = &objects, *output = untouched;
  uint64_t memory = umbra_context_memory(objects.context);
  assert_fails(file_kinds[kind].read(&output, context, bytes, size), expected, text);
  assert_ptr_equal(output, untouched);
  const char *path = in_folder("refused");
  FILE *file = fopen(path, "wb");
  assert_int_equal(fwrite(bytes, 1, size, file), size);
  fclose(file);
  assert_fails(file_kinds[kind].load(&output, context, path), expected, text);
  assert_ptr_equal(output, untouched);
  remove(path);
  assert_int_equal(umbra_context_memory(objects.context), memory);
}

static void assert_refused(int kind, const uint8_t *bytes, size_t size, umbra_status expected, const char *text) {
  assert_refused_by(objects.context, kind, bytes, size, expected, text);
}

static uint8_t *copy_of(int kind, size_t extra) {
  uint8_t *bytes = calloc(objects.size[kind] + extra, 1);
  assert_non_null(bytes);
  memcpy(bytes, objects.bytes[kind], objects.size[kind]);
  return bytes;
}

static void truncated(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++)
    for (size_t size = 0; size < objects.size[k]; size += size < 300 ? 1 : 1 + objects.size[k] / 23)
      assert_refused(k, objects.bytes[k], size, UMBRA_ERROR_FORMAT,
                     size < sizeof(umbra_header) ? "less than" : "trunc");
}

static void continued(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    uint8_t *bytes = copy_of(k, 1);
    assert_refused(k, bytes, objects.size[k] + 1, UMBRA_ERROR_FORMAT, "bytes after the end");
    umbra_header *header = (umbra_header *)bytes;
    header->bytes++;
    fix_checksums(bytes, objects.size[k]);
    assert_refused(k, bytes, objects.size[k] + 1, UMBRA_ERROR_FORMAT,
                   k < PUBLIC_OBJECTS ? "1 bytes after the last section" : "bytes; by the plan this");
    free(bytes);
  }
}

static void damaged(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++)
    for (size_t at = 0; at < objects.size[k]; at += 1 + objects.size[k] / 41) {
      uint8_t *bytes = copy_of(k, 0);
      bytes[at] ^= 0x10;
      assert_refused(k, bytes, objects.size[k], UMBRA_ERROR_FORMAT, "");
      free(bytes);
    }
}

/* A word of the header or of a section's payload is replaced, and checksums are right again. */
typedef struct fault {
  int kind;
  int section; /* -1: the header */
  size_t at;
  uint32_t word;
  umbra_status status;
  const char *text;
} fault;

static const fault faults[] = {
    {PARAMS, -1, 0, 0, UMBRA_ERROR_FORMAT, "not an Umbra file"},
    {PARAMS, -1, 8, 0, UMBRA_ERROR_FORMAT, "format version 0"},
    {PARAMS, -1, 8, 4, UMBRA_ERROR_FORMAT, "format version 4; this library reads versions 1 to 3"},
    {PARAMS, -1, 8, 3, UMBRA_ERROR_FORMAT, "format version 3 is not defined for parameters"},
    {EVAL_KEYS, -1, 8, 2, UMBRA_ERROR_FORMAT, "format version 2 is not defined for evaluation keys"},
    {PARAMS, -1, 8, 2, UMBRA_ERROR_FORMAT, "format version 2: parameters with keyless levels have version 2"},
    {CIPHERTEXT, -1, 8, 2, UMBRA_ERROR_FORMAT, "holds residues where the number of parts must be"},
    {MATRIX, -1, 8, 2, UMBRA_ERROR_FORMAT, "format version 2 is not defined for encrypted matrix"},
    {TRAIN_PLAN, -1, 8, 2, UMBRA_ERROR_FORMAT, "format version 2 is not defined for training plan"},
    {PARAMS, -1, 12, 99, UMBRA_ERROR_FORMAT, "unknown kind of object 99"},
    {PARAMS, -1, 12, 25, UMBRA_ERROR_FORMAT, "unknown kind of object 25"},
    {PARAMS, -1, 12, 13, UMBRA_ERROR_UNSUPPORTED, "kind 'share of a secret key', which this version"},
    {PARAMS, -1, 12, 14, UMBRA_ERROR_UNSUPPORTED, "kind 'session'"},
    {PARAMS, -1, 12, 15, UMBRA_ERROR_UNSUPPORTED, "kind 'transcript'"},
    {PARAMS, -1, 12, UMBRA_KIND_MANIFEST, UMBRA_ERROR_FORMAT, "flags 0x2 are not defined for manifest"},
    {PUBLIC_KEY, -1, 16, UMBRA_CONTAINER_STORED, UMBRA_ERROR_FORMAT, "flags 0x8 are not defined for public key"},
    {SECRET_KEY, -1, 16, UMBRA_CONTAINER_STORED | UMBRA_CONTAINER_SEALED, UMBRA_ERROR_FORMAT, "sealed in two ways"},
    {SECRET_KEY, -1, 20, 2, UMBRA_ERROR_FORMAT,
     "holds secret coefficients where when a key was made and expires must be"},
    {EVAL_KEYS, -1, 20, 5, UMBRA_ERROR_FORMAT, "where when a key was made and expires must be"},
    {PARAMS, -1, 12, 17, UMBRA_ERROR_UNSUPPORTED, "kind 'commitment'"},
    {PARAMS, -1, 12, 18, UMBRA_ERROR_UNSUPPORTED, "kind 're-encryption key'"},
    {PARAMS, -1, 12, 0, UMBRA_ERROR_FORMAT, "unknown kind of object 0"},
    {PARAMS, -1, 12, UMBRA_KIND_PLAINTEXT, UMBRA_ERROR_FORMAT, "flags 0x2"},
    {CIPHERTEXT, -1, 12, UMBRA_KIND_PUBLIC_KEY, UMBRA_ERROR_FORMAT, "kind 'public key', not 'ciphertext'"},
    {PUBLIC_KEY, -1, 16, 1, UMBRA_ERROR_FORMAT, "flags 0x1 are not defined for public key"},
    {PARAMS, -1, 20, 0xffffffff, UMBRA_ERROR_FORMAT, "4294967295 sections do not fit"},
    {PARAMS, -1, 20, 1, UMBRA_ERROR_FORMAT, "the file ends after 1 sections"},
    {PLAINTEXT, -1, 24, 0xffffffff, UMBRA_ERROR_FORMAT, "truncated"},
    {PLAINTEXT, -1, 32, 1, UMBRA_ERROR_MISMATCH, "other parameters"},
    {PARAMS, -1, 32, 1, UMBRA_ERROR_FORMAT, "digest"},
    {PLAINTEXT, -1, 64, 1, UMBRA_ERROR_FORMAT, "have no owner"},
    {PARAMS, -1, 16, 0, UMBRA_ERROR_INSECURE, "UMBRA_INSECURE_FOR_TESTS"},
    {TRAIN_PLAN, -1, 12, UMBRA_KIND_PARAMS, UMBRA_ERROR_FORMAT, "kind 'parameters', not 'training plan'"},
    {TRAIN_PLAN, -1, 16, 0, UMBRA_ERROR_INSECURE, "UMBRA_INSECURE_FOR_TESTS"},
    {TRAIN_PLAN, -1, 32, 1, UMBRA_ERROR_FORMAT, "the digest in the header is not that of the parameters"},
    {TRAIN_PLAN, -1, 64, 1, UMBRA_ERROR_FORMAT, "have no owner"},
    {TRAIN_PLAN, -1, 20, 4, UMBRA_ERROR_FORMAT, "the file ends after 4 sections"},
    {TRAIN_PLAN, 0, 0, 10, UMBRA_ERROR_FORMAT, "log_n is 10"},
    {TRAIN_PLAN, 3, 0, 6, UMBRA_ERROR_FORMAT, "the digest is not that"},
    {TRAIN_PLAN, 3, 8, 0, UMBRA_ERROR_FORMAT, "batch is 0"},
    {TRAIN_PLAN, 3, 32, 2, UMBRA_ERROR_FORMAT, "each is 0 or 1"},
    {TRAIN_PLAN, 3, 36, 3, UMBRA_ERROR_FORMAT, "each is 0 or 1"},
    {TRAIN_PLAN, 3, 44, 0, UMBRA_ERROR_FORMAT, "degree is 0"},
    {TRAIN_PLAN, 3, 44, 64, UMBRA_ERROR_FORMAT, "degree is 64"},
    {TRAIN_PLAN, 3, 44, 5, UMBRA_ERROR_FORMAT, "section 4 (coefficients of a polynomial) has"},
    {TRAIN_PLAN, 3, 52, 2, UMBRA_ERROR_FORMAT, "each is 0 or 1"},
    {TRAIN_PLAN, 3, 104, 4, UMBRA_ERROR_UNSUPPORTED, "kind is 4: this version trains logistic regression"},
    {TRAIN_PLAN, 3, 104, 1, UMBRA_ERROR_FORMAT, "the digest is not that"},
    {TRAIN_PLAN, 3, 108, 0, UMBRA_ERROR_FORMAT, "a plan of version 0; this library computes other bits"},
    {TRAIN_PLAN, 3, 108, 2, UMBRA_ERROR_FORMAT, "plan anew"},
    {TRAIN_PLAN, 3, 108, 0x20001, UMBRA_ERROR_FORMAT, "target is 2"},
    {TRAIN_PLAN, 3, 112, 1, UMBRA_ERROR_FORMAT, "the digest is not that"},
    {TRAIN_PLAN, 4, 0, 1, UMBRA_ERROR_FORMAT, "the digest is not that"},
    {TRAIN_PLAN, 4, 12, 0x7ff00000, UMBRA_ERROR_FORMAT, "coefficient 1 of the polynomial"},
    {PARAMS, 0, 0, 10, UMBRA_ERROR_FORMAT, "log_n is 10"},
    {PARAMS, 0, 4, 41, UMBRA_ERROR_FORMAT, "scale_bits is 41"},
    {PARAMS, 0, 8, 1000, UMBRA_ERROR_FORMAT, "1000 + "},
    {PARAMS, 0, 12, 0x80000000, UMBRA_ERROR_FORMAT, "primes; there may be"},
    {PARAMS, 0, 20, 131, UMBRA_ERROR_FORMAT, "131 levels"},
    {PARAMS, 0, 24, 33, UMBRA_ERROR_FORMAT, "33 digits"},
    {PARAMS, 0, 24, 31, UMBRA_ERROR_FORMAT, "section 1 (primes, levels and digits) has"},
    {PARAMS, 1, 0, 12345, UMBRA_ERROR_FORMAT, "12345"},
    {SECRET_KEY, 0, 400, 0x00020000, UMBRA_ERROR_FORMAT, "none of -1, 0, 1"},
    {SECRET_KEY, 0, 404, 0x80000000, UMBRA_ERROR_FORMAT, "none of -1, 0, 1"},
    {PUBLIC_KEY, 1, 0, 0xffffffff, UMBRA_ERROR_FORMAT, "residue 0 of polynomial 0 modulo the prime"},
    {EVAL_KEYS, 0, 0, 3, UMBRA_ERROR_FORMAT, "unknown kind 3 of evaluation key"},
    {EVAL_KEYS, 0, 4, 1, UMBRA_ERROR_FORMAT, "rotation by 1"},
    {EVAL_KEYS, 4, 4, 0, UMBRA_ERROR_FORMAT, "rotation by 0"},
    {EVAL_KEYS, 4, 4, 1024, UMBRA_ERROR_FORMAT, "rotations by 1 to 1023"},
    {EVAL_KEYS, 6, 4, 1, UMBRA_ERROR_FORMAT, "two evaluation keys for the same rotation by 1"},
    {EVAL_KEYS, 0, 8, 3, UMBRA_ERROR_FORMAT, "level 3: the parameters' highest is 2"},
    {EVAL_KEYS, 0, 12, 99, UMBRA_ERROR_FORMAT, "with 99 auxiliary primes: such keys have"},
    {EVAL_KEYS, 2, 8, 2, UMBRA_ERROR_FORMAT, "section 3 (residues) has"},
    {EVAL_KEYS, 3, 2048 * 4 - 4, 0x7fffffff, UMBRA_ERROR_FORMAT, "residue 2047 of polynomial 0"},
    {PLAINTEXT, 0, 0, 3, UMBRA_ERROR_FORMAT, "level 3 does not exist"},
    {PLAINTEXT, 0, 0, 0, UMBRA_ERROR_FORMAT, "section 1 (residues) has"},
    {PLAINTEXT, 0, 4, 0, UMBRA_ERROR_FORMAT, "0 slots"},
    {PLAINTEXT, 0, 4, 48, UMBRA_ERROR_FORMAT, "48 slots"},
    {PLAINTEXT, 0, 4, 2048, UMBRA_ERROR_FORMAT, "2048 slots"},
    {PLAINTEXT, 0, 12, 0x7ff00000, UMBRA_ERROR_FORMAT, "finite"},
    {PLAINTEXT, 0, 20, 0xbff00000, UMBRA_ERROR_FORMAT, "not negative"},
    {PLAINTEXT, 0, 24, 1, UMBRA_ERROR_FORMAT, "plaintexts have no seed"},
    {CIPHERTEXT, 0, 24, 2, UMBRA_ERROR_FORMAT, "no value for 'seeded'"},
    {CIPHERTEXT, 0, 28, 1, UMBRA_ERROR_FORMAT, "doubts"},
    {CIPHERTEXT, 0, 68, 0x3ff00000, UMBRA_ERROR_FORMAT, "1 is no probability"},
    {CIPHERTEXT, 0, 68, 0x7ff80000, UMBRA_ERROR_FORMAT, "is no probability"},
    {CIPHERTEXT, 0, 24, 1, UMBRA_ERROR_FORMAT, "section 1 holds residues where a seed must be"},
    {SEEDED, 0, 24, 0, UMBRA_ERROR_FORMAT, "section 1 holds a seed where residues must be"},
    {MATRIX, -1, 20, 1, UMBRA_ERROR_FORMAT, "the file ends after 1 sections"},
    {MATRIX, 0, 16, 2, UMBRA_ERROR_FORMAT, "stride 2, 1024 slots"},
    {MATRIX, 0, 32, 2, UMBRA_ERROR_FORMAT, "marks 0, 2"},
    {MATRIX, 0, 36, UMBRA_MATRIX_TILES, UMBRA_ERROR_FORMAT, "has order 2, stride"},
    {MATRIX, 0, 36, UMBRA_MATRIX_TILES_LEFT, UMBRA_ERROR_FORMAT, "has order 3, stride"},
    {MATRIX, 0, 36, UMBRA_MATRIX_TILES_RIGHT, UMBRA_ERROR_FORMAT, "has order 4, stride"},
    {MATRIX, 0, 36, UMBRA_MATRIX_DIAGONALS, UMBRA_ERROR_FORMAT, "has order 5, stride"},
    {MATRIX, 0, 36, UMBRA_MATRIX_SHIFTED, UMBRA_ERROR_FORMAT, "has order 6, stride"},
    {MATRIX, 0, 36, UMBRA_MATRIX_INTERLEAVED, UMBRA_ERROR_FORMAT, "has order 7, stride"},
    {MATRIX, 0, 36, UMBRA_MATRIX_WRAPPED, UMBRA_ERROR_FORMAT, "has order 8, stride"},
    {MATRIX, 0, 36, 99, UMBRA_ERROR_UNSUPPORTED, "a matrix of order 99, which this version does not know"},
    {LOGISTIC, -1, 20, 1, UMBRA_ERROR_FORMAT, "the file ends after 1 sections"},
    {FEATURE_MAP, -1, 8, 2, UMBRA_ERROR_FORMAT, "format version 2 is not defined for encrypted feature map"},
    {FEATURE_MAP, -1, 20, 1, UMBRA_ERROR_FORMAT, "the file ends after 1 sections"},
    {FEATURE_MAP, 0, 0, 0, UMBRA_ERROR_FORMAT, "a feature map of 0 channels of 1 x 3 has"},
    {FEATURE_MAP, 0, 0, 0x7fffffff, UMBRA_ERROR_FORMAT, "a feature map of 2147483647 channels"},
    {FEATURE_MAP, 0, 0, 4096, UMBRA_ERROR_FORMAT, "512 ciphertexts of a feature map do not go with 4 sections"},
    {FEATURE_MAP, 0, 8, 7, UMBRA_ERROR_FORMAT, "channels of 1 x 7 has 32 slots, planes of 8, rows of 6"},
    {FEATURE_MAP, 0, 12, 0, UMBRA_ERROR_FORMAT, "has 0 slots"},
    {FEATURE_MAP, 0, 12, 2048, UMBRA_ERROR_FORMAT, "has 2048 slots"},
    {FEATURE_MAP, 0, 12, 64, UMBRA_ERROR_FORMAT, "a part of a feature map has 32 slots instead of 64"},
    {FEATURE_MAP, 0, 16, 0, UMBRA_ERROR_FORMAT, "planes of 0"},
    {FEATURE_MAP, 0, 16, 7, UMBRA_ERROR_FORMAT, "planes of 7"},
    {FEATURE_MAP, 0, 24, 0, UMBRA_ERROR_FORMAT, "gaps of 0 x 2"},
    {FEATURE_MAP, 0, 36, 3, UMBRA_ERROR_FORMAT, "gaps of 2 x 2, 1 x 3"},
    {INFERENCE_WEIGHTS, -1, 20, 1, UMBRA_ERROR_FORMAT, "2 matrices do not go with 1 sections"},
    {INFERENCE_WEIGHTS, 0, 32, 0, UMBRA_ERROR_FORMAT, "0 matrices do not go with"},
    {INFERENCE_WEIGHTS, 0, 32, 1000, UMBRA_ERROR_FORMAT, "1000 matrices do not go with"},
    {INFERENCE_WEIGHTS, 0, 36, 1, UMBRA_ERROR_FORMAT, "4294967298 matrices do not go with"},
    {INFERENCE_WEIGHTS, 0, 32, 1, UMBRA_ERROR_FORMAT, "13 sections; the object has 10"},
    {INFERENCE_WEIGHTS, 1, 0, 1u << 30, UMBRA_ERROR_FORMAT, "rows do not go with"},
    {TRAIN_DATA, -1, 64, 1, UMBRA_ERROR_MISMATCH, "is of another owner"},
    {TRAIN_DATA, 0, 0, 0, UMBRA_ERROR_MISMATCH, "is of another plan"},
    {TRAIN_DATA, 0, 32, 0, UMBRA_ERROR_MISMATCH, "is of another data set"},
    {TRAIN_DATA, 0, 48, 2, UMBRA_ERROR_FORMAT, "2 blocks; the plan has 1"},
    {TRAIN_DATA, 1, 4, TRAINING_SLOTS, UMBRA_ERROR_FORMAT, "weights of 8 slots at level 1; by the plan they have 4"},
    {TRAIN_DATA, 1, 24, 1, UMBRA_ERROR_FORMAT, "section 2 holds residues where a seed must be"},
    {TRAIN_BLOCK, -1, 64, 1, UMBRA_ERROR_MISMATCH, "is of another owner"},
    {TRAIN_BLOCK, 0, 0, 0, UMBRA_ERROR_MISMATCH, "is of another plan"},
    {TRAIN_BLOCK, 0, 32, 0, UMBRA_ERROR_MISMATCH, "is of another data set"},
    {TRAIN_BLOCK, 0, 48, 1, UMBRA_ERROR_MISMATCH, "is number 1, not 0"},
    {TRAIN_BLOCK, 1, 0, 6, UMBRA_ERROR_FORMAT, "6 records of 3 columns; by the plan this block has 5 of 3"},
    {TRAIN_BLOCK, 1, 8, 2, UMBRA_ERROR_FORMAT, "5 records of 2 columns; by the plan this block has 5 of 3"},
    {TRAIN_BLOCK, 1, 0, 0x7fffffff, UMBRA_ERROR_FORMAT, "rows do not go with 6 sections"},
    {TRAIN_BLOCK, 1, 24, 2, UMBRA_ERROR_FORMAT, "not laid out as the plan says"},
    {TRAIN_BLOCK, 1, 32, 0, UMBRA_ERROR_FORMAT, "not laid out as the plan says"},
    {TRAIN_BLOCK, 2, 0, 0, UMBRA_ERROR_FORMAT, "section 3 (residues) has"},
    {CHECKPOINT, -1, 64, 1, UMBRA_ERROR_MISMATCH, "is of another owner"},
    {CHECKPOINT, 0, 0, 0, UMBRA_ERROR_MISMATCH, "is of another plan"},
    {CHECKPOINT, 0, 32, 0, UMBRA_ERROR_MISMATCH, "is of another data set"},
    {CHECKPOINT, 0, 48, 0, UMBRA_ERROR_FORMAT, "0 iterations done; the plan has 2"},
    {CHECKPOINT, 0, 48, 3, UMBRA_ERROR_FORMAT, "3 iterations done; the plan has 2"},
    {CHECKPOINT, 0, 48, 2, UMBRA_ERROR_FORMAT, "by the plan this checkpoint has"},
    {CHECKPOINT, 0, 52, 1, UMBRA_ERROR_FORMAT, "4294967297 iterations done; the plan has 2"},
    {CHECKPOINT, 3, 4, TRAINING_SLOTS, UMBRA_ERROR_FORMAT, "weights of 8 slots at level 1; by the plan they have 4"},
};

static void each_fault_is_named(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    const fault *f = &faults[i];
    uint8_t *bytes = copy_of(f->kind, 0);
    section s[MAX_SECTIONS] = {0};
    assert_true(find_sections(s, bytes, objects.size[f->kind]) > f->section);
    memcpy(f->section < 0 ? bytes + f->at : payload(bytes, &s[f->section]) + f->at, &f->word, sizeof f->word);
    fix_checksums(bytes, objects.size[f->kind]);
    assert_refused(f->kind, bytes, objects.size[f->kind], f->status, f->text);
    free(bytes);
  }
}

/* Data sets and checkpoints of plans that promised other bits. */
static void stamps_of_earlier_versions(void **state) {
  (void)state;
  const int kinds[] = {TRAIN_DATA, TRAIN_BLOCK, CHECKPOINT};
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    uint8_t *bytes = copy_of(kinds[i], 0);
    section s[MAX_SECTIONS] = {0};
    find_sections(s, bytes, objects.size[kinds[i]]);
    const uint32_t type = UMBRA_SECTION_EARLIER_STAMP;
    memcpy(bytes + s[0].at, &type, sizeof type);
    fix_checksums(bytes, objects.size[kinds[i]]);
    assert_refused(kinds[i], bytes, objects.size[kinds[i]], UMBRA_ERROR_FORMAT,
                   "planned by an earlier version (plan anew, encrypt again)");
    free(bytes);
  }
}

static void sections_have_their_places(void **state) {
  (void)state;
  uint8_t *bytes = copy_of(EVAL_KEYS, 0);
  section s[MAX_SECTIONS] = {0};
  find_sections(s, bytes, objects.size[EVAL_KEYS]);
  memcpy(bytes + s[0].at, objects.bytes[EVAL_KEYS] + s[2].at, section_size(&s[0]));
  assert_refused(EVAL_KEYS, bytes, objects.size[EVAL_KEYS], UMBRA_ERROR_FORMAT, "section 0 is numbered 2");
  free(bytes);
}

static void objects_of_other_parameters(void **state) {
  (void)state;
  umbra_params *params = small_params(1);
  umbra_context *context = small_context(params, 0);
  for (int k = SECRET_KEY; k < OBJECTS; k++)
    assert_refused_by(context, k, objects.bytes[k], objects.size[k], UMBRA_ERROR_MISMATCH, "other parameters");
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static void objects_of_another_kind(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++)
    for (int other = 0; other < OBJECTS; other++)
      if (file_kinds[k].kind != file_kinds[other].kind)
        assert_refused(k, objects.bytes[other], objects.size[other], UMBRA_ERROR_FORMAT, "this is a file of kind");
}

/* ---- parameters ---- */

static void insecure_parameters_stay_insecure(void **state) {
  (void)state;
  umbra_params *loaded = NULL;
  char text[4096];
  assert_ok(umbra_params_read(&loaded, objects.bytes[PARAMS], objects.size[PARAMS]));
  assert_int_equal(umbra_params_security(loaded), umbra_params_security(objects.object[PARAMS]));
  assert_ok(umbra_params_describe(loaded, text, &(size_t){sizeof text}));
  if (umbra_params_security(loaded) == 0) assert_non_null(strstr(text, "INSECURE"));
  umbra_params_destroy(loaded);
}

static void secure_parameters_carry_no_flag(void **state) {
  (void)state;
  umbra_params *secure = NULL, *loaded = NULL;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 1};
  assert_ok(umbra_params_from_need(&secure, &need));
  uint8_t bytes[4096];
  size_t size = sizeof bytes;
  assert_ok(umbra_params_write(secure, bytes, &size));
  umbra_header *header = (umbra_header *)bytes;
  assert_int_equal(header->flags, 0);
  assert_ok(umbra_params_read(&loaded, bytes, size));
  assert_int_equal(umbra_params_security(loaded), umbra_params_security(secure));
  umbra_params_destroy(loaded);
  umbra_params_destroy(secure);
  header->flags = UMBRA_CONTAINER_INSECURE;
  fix_checksums(bytes, size);
  assert_refused(PARAMS, bytes, size, UMBRA_ERROR_FORMAT, "secure parameters are insecure");
}

/* ---- secret keys ---- */

static void secret_keys_are_private_and_never_replace(void **state) {
  (void)state;
  const char *path = in_folder("secret");
  mode_t before = umask(0);
  assert_ok(umbra_secret_key_save(objects.object[SECRET_KEY], path, NULL));
  umask(before);
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  assert_int_equal(about.st_nlink, 1);
  assert_fails(umbra_secret_key_save(objects.object[SECRET_KEY], path, NULL), UMBRA_ERROR_EXISTS, path);
  assert_int_equal(count_files(folder), 1);
  assert_int_equal(symlink("nowhere", in_folder("link")), 0);
  assert_fails(umbra_secret_key_save(objects.object[SECRET_KEY], in_folder("link"), NULL), UMBRA_ERROR_EXISTS, "link");
  empty_folder(folder);
}

/* Their public keys have the primes of the ordinary levels only. */
static void public_keys_of_sets_that_refresh(void **state) {
  (void)state;
  umbra_params_need need = {UMBRA_PARAMS_NEED_INIT, .depth = 2, .log_n = 11, .flags = UMBRA_INSECURE_FOR_TESTS};
  need.bootstrap = &(umbra_bootstrap_shape){UMBRA_BOOTSTRAP_SHAPE_INIT};
  umbra_params *params = NULL;
  umbra_secret_key *secret = NULL;
  umbra_public_key *public = NULL, *loaded = NULL;
  assert_ok(umbra_params_from_need(&params, &need));
  umbra_context *context = small_context(params, 0);
  assert_ok(umbra_secret_key_generate(&secret, context));
  assert_ok(umbra_public_key_generate(&public, secret));
  size_t size, again;
  assert_ok(umbra_public_key_write(public, NULL, &size, NULL));
  uint8_t *bytes = malloc(2 * size);
  assert_non_null(bytes);
  assert_ok(umbra_public_key_write(public, bytes, &size, NULL));
  assert_ok(umbra_public_key_read(&loaded, context, bytes, size, NULL));
  again = size;
  assert_ok(umbra_public_key_write(loaded, bytes + size, &again, NULL));
  assert_int_equal(again, size);
  assert_memory_equal(bytes, bytes + size, size);
  free(bytes);
  umbra_public_key_destroy(loaded);
  umbra_public_key_destroy(public);
  umbra_secret_key_destroy(secret);
  umbra_context_destroy(context);
  umbra_params_destroy(params);
}

static void secret_keys_and_public_keys_live_apart(void **state) {
  (void)state;
  const int published[] = {PUBLIC_KEY, EVAL_KEYS, CHECKPOINT};
  for (int i = 0; i < 3; i++) {
    const file_kind *kind = &file_kinds[published[i]];
    assert_ok(kind->save(objects.object[published[i]], in_folder("named.anything")));
    assert_fails(umbra_secret_key_save(objects.object[SECRET_KEY], in_folder("secret"), NULL),
                 UMBRA_ERROR_INVALID_ARGUMENT, "named.anything");
    assert_int_equal(count_files(folder), 1);
    empty_folder(folder);
    assert_ok(umbra_secret_key_save(objects.object[SECRET_KEY], in_folder("secret"), NULL));
    assert_fails(kind->save(objects.object[published[i]], in_folder("key")), UMBRA_ERROR_INVALID_ARGUMENT, "'secret'");
    assert_ok(umbra_ciphertext_save(objects.object[CIPHERTEXT], in_folder("ciphertext"), NULL));
    empty_folder(folder);
  }
}

static umbra_status read_sealed(const char *passphrase, const uint8_t *bytes, size_t size) {
  umbra_secret_key *untouched = objects.object[SECRET_KEY], *key = umbra_secret_key_share(untouched);
  umbra_status status = umbra_secret_key_read(&key, objects.context, bytes, size, passphrase);
  if (status != UMBRA_OK) {
    assert_ptr_equal(key, untouched);
    umbra_secret_key_destroy(key);
    return status;
  }
  assert_writes(&file_kinds[SECRET_KEY], key, objects.bytes[SECRET_KEY], objects.size[SECRET_KEY]);
  umbra_secret_key_destroy(key);
  return UMBRA_OK;
}

static void sealed_keys_need_their_passphrase(void **state) {
  (void)state;
  const char *path = in_folder("sealed");
  assert_ok(umbra_secret_key_save(objects.object[SECRET_KEY], path, "correct horse"));
  uint8_t bytes[8192];
  FILE *file = fopen(path, "rb");
  size_t size = fread(bytes, 1, sizeof bytes, file), needed = 0;
  fclose(file);
  assert_ok(umbra_secret_key_write(objects.object[SECRET_KEY], NULL, &needed, "any"));
  assert_int_equal(size, needed);
  umbra_secret_key *loaded = NULL;
  assert_ok(umbra_secret_key_load(&loaded, objects.context, path, "correct horse"));
  umbra_secret_key_destroy(loaded);
  empty_folder(folder);

  assert_ok(read_sealed("correct horse", bytes, size));
  assert_fails(read_sealed("correct house", bytes, size), UMBRA_ERROR_PASSPHRASE, "wrong passphrase");
  assert_fails(read_sealed(NULL, bytes, size), UMBRA_ERROR_PASSPHRASE, "needs its passphrase");
  assert_fails(read_sealed("any", objects.bytes[SECRET_KEY], objects.size[SECRET_KEY]), UMBRA_ERROR_PASSPHRASE,
               "is not sealed");
  bytes[64] ^= 1; /* the owner */
  fix_checksums(bytes, size);
  assert_fails(read_sealed("correct horse", bytes, size), UMBRA_ERROR_PASSPHRASE, "wrong passphrase");
}

static void sealed_keys_cannot_ask_for_gigabytes(void **state) {
  (void)state;
  const struct {
    size_t at;
    uint32_t word;
  } settings[] = {{0, 0}, {0, 5}, {4, 0}, {4, 0xffffffff}, {4, (256u << 20) + 1}};
  uint8_t sealed[8192], bytes[8192];
  size_t size = sizeof sealed;
  assert_ok(umbra_secret_key_write(objects.object[SECRET_KEY], sealed, &size, "x"));
  for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
    section s[MAX_SECTIONS] = {0};
    memcpy(bytes, sealed, size);
    assert_int_equal(find_sections(s, bytes, size), 2);
    memcpy(payload(bytes, &s[0]) + settings[i].at, &settings[i].word, sizeof settings[i].word);
    fix_checksums(bytes, size);
    assert_fails(read_sealed("x", bytes, size), UMBRA_ERROR_FORMAT, "out of bounds");
  }
}

/* ---- the operating system, arguments, inspection ---- */

static void what_the_system_refuses(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    void *output = NULL;
    assert_fails(file_kinds[k].save(objects.object[k], in_folder("no/such/folder")), UMBRA_ERROR_IO, "No such file");
    assert_fails(file_kinds[k].load(&output, objects.context, in_folder("absent")), UMBRA_ERROR_IO, "absent");
    assert_fails(file_kinds[k].load(&output, objects.context, folder), UMBRA_ERROR_IO, "not a regular file");
    assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
    assert_fails(file_kinds[k].load(&output, objects.context, in_folder("pipe")), UMBRA_ERROR_IO, "not a regular file");
    empty_folder(folder);
    assert_null(output);
  }
}

static void files_are_replaced_whole(void **state) {
  (void)state;
  const char *path = in_folder("object");
  assert_ok(file_kinds[CIPHERTEXT].save(objects.object[CIPHERTEXT], path));
  assert_ok(file_kinds[PLAINTEXT].save(objects.object[PLAINTEXT], path));
  umbra_alloc_fail_after(0);
  assert_int_equal(file_kinds[CIPHERTEXT].save(objects.object[CIPHERTEXT], path), UMBRA_ERROR_OUT_OF_MEMORY);
  umbra_alloc_fail_after(-1);
  void *loaded = NULL;
  assert_ok(file_kinds[PLAINTEXT].load(&loaded, objects.context, path));
  file_kinds[PLAINTEXT].destroy(loaded);
  assert_int_equal(count_files(folder), 1);
  empty_folder(folder);
}

static void only_regular_files_are_replaced(void **state) {
  (void)state;
  const char *const others[] = {"pipe", "link", "sub"};
  assert_int_equal(mkfifo(in_folder("pipe"), 0600), 0);
  assert_int_equal(symlink("/dev/null", in_folder("link")), 0);
  assert_int_equal(mkdir(in_folder("sub"), 0700), 0);
  for (int i = 0; i < 3; i++)
    for (int k = 0; k < OBJECTS; k++)
      if (k != SECRET_KEY)
        assert_fails(file_kinds[k].save(objects.object[k], in_folder(others[i])), UMBRA_ERROR_IO, "not a regular file");
  assert_int_equal(count_files(folder), 3);
  empty_folder(folder);
}

static void modes_are_handed_down(void **state) {
  (void)state;
  const char *path = in_folder("object");
  struct stat about;
  assert_ok(file_kinds[CIPHERTEXT].save(objects.object[CIPHERTEXT], path));
  assert_int_equal(chmod(path, 0640), 0);
  assert_ok(file_kinds[CIPHERTEXT].save(objects.object[CIPHERTEXT], path));
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0640);
  empty_folder(folder);
}

static void full_disks_are_named(void **state) {
  (void)state;
  const char *path = in_folder("object");
  struct rlimit before, small = {.rlim_cur = 64};
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  small.rlim_max = before.rlim_max;
  signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  umbra_status status = file_kinds[CIPHERTEXT].save(objects.object[CIPHERTEXT], path);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
  assert_fails(status, UMBRA_ERROR_IO, path);
  assert_int_equal(count_files(folder), 0);
}

/* What was decrypted is kept as keys are: marked, also after it was loaded, for the owner alone, apart from what goes away. */
static void opened_plaintexts_are_kept_as_keys_are(void **state) {
  (void)state;
  struct stat about;
  umbra_plaintext *opened = NULL, *loaded = NULL;
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  assert_ok(umbra_decrypt(&opened, objects.object[CIPHERTEXT], objects.object[SECRET_KEY]));
  char path[PATH_MAX], again[PATH_MAX];
  snprintf(path, sizeof path, "%s", in_folder("opened"));
  snprintf(again, sizeof again, "%s", in_folder("again"));
  assert_ok(umbra_plaintext_save(opened, path, NULL));
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  assert_fails(umbra_plaintext_save(opened, path, NULL), UMBRA_ERROR_EXISTS, "replace no file");
  assert_ok(umbra_plaintext_load(&loaded, objects.context, path, NULL));
  assert_ok(umbra_file_inspect(&info, path, NULL));
  assert_ok(umbra_plaintext_save(loaded, again, NULL));
  assert_int_equal(stat(again, &about), 0);
  assert_int_equal(about.st_mode & 0777, 0600);
  empty_folder(folder);
  assert_ok(file_kinds[PUBLIC_KEY].save(objects.object[PUBLIC_KEY], in_folder("public")));
  assert_fails(umbra_plaintext_save(loaded, again, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "separate folders");
  assert_ok(file_kinds[PLAINTEXT].save(objects.object[PLAINTEXT], in_folder("plain"))); /* that was never encrypted */
  umbra_plaintext_destroy(opened);
  umbra_plaintext_destroy(loaded);
  empty_folder(folder);
}

static void missing_arguments(void **state) {
  (void)state;
  for (int k = 0; k < OBJECTS; k++) {
    void *output = NULL;
    size_t size = 0;
    const file_kind *kind = &file_kinds[k];
    assert_fails(kind->save(NULL, "x"), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
    assert_fails(kind->save(objects.object[k], NULL), UMBRA_ERROR_INVALID_ARGUMENT, "path is NULL");
    assert_fails(kind->write(NULL, NULL, &size), UMBRA_ERROR_INVALID_ARGUMENT, "NULL");
    assert_fails(kind->write(objects.object[k], NULL, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "size is NULL");
    assert_fails(kind->load(&output, objects.context, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "path is NULL");
    assert_fails(kind->read(&output, objects.context, NULL, 9), UMBRA_ERROR_INVALID_ARGUMENT, "buffer is NULL");
    if (k != PARAMS && k != TRAIN_PLAN && k != INFERENCE_PLAN && k < PUBLIC_OBJECTS)
      assert_fails(kind->read(&output, NULL, objects.bytes[k], 9), UMBRA_ERROR_INVALID_ARGUMENT, "context is NULL");
  }
  assert_fails(umbra_params_read(NULL, objects.bytes[PARAMS], objects.size[PARAMS]), UMBRA_ERROR_INVALID_ARGUMENT, "");
  assert_fails(umbra_plaintext_load(NULL, objects.context, "x", NULL), UMBRA_ERROR_INVALID_ARGUMENT, "object is NULL");
  assert_fails(umbra_secret_key_load(NULL, objects.context, "x", NULL), UMBRA_ERROR_INVALID_ARGUMENT, "key is NULL");
  assert_fails(umbra_secret_key_save(objects.object[SECRET_KEY], "x", ""), UMBRA_ERROR_INVALID_ARGUMENT, "empty");
}

/* In memory, of the header alone, of all but the last byte, of the whole and of more: what the file's inspection said. */
static void assert_buffer_inspects_alike(int k, const umbra_file_info *expected) {
  const size_t size = objects.size[k], sizes[] = {UMBRA_HEADER_BYTES, size - 1, size, size + 1};
  uint8_t *bytes = malloc(size + 1);
  assert_non_null(bytes);
  memcpy(bytes, objects.bytes[k], size);
  bytes[size] = 9;
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    umbra_file_info info = {UMBRA_FILE_INFO_INIT};
    assert_ok(umbra_buffer_inspect(&info, bytes, sizes[i]));
    assert_memory_equal(&info, expected, sizeof info);
  }
  umbra_file_info untouched = {UMBRA_FILE_INFO_INIT};
  assert_fails(umbra_buffer_inspect(&untouched, bytes, UMBRA_HEADER_BYTES - 1), UMBRA_ERROR_FORMAT,
               "less than a header");
  bytes[size - 40] ^= 1;
  assert_ok(umbra_buffer_inspect(&untouched, bytes, size - 1));
  untouched = (umbra_file_info){UMBRA_FILE_INFO_INIT};
  assert_fails(umbra_buffer_inspect(&untouched, bytes, size), UMBRA_ERROR_FORMAT, "checksum is wrong");
  bytes[20] ^= 1;
  assert_fails(umbra_buffer_inspect(&untouched, bytes, UMBRA_HEADER_BYTES), UMBRA_ERROR_FORMAT, "header is damaged");
  assert_null(untouched.kind);
  free(bytes);
}

static void inspection(void **state) {
  (void)state;
  static const char *const names[OBJECTS] = {"parameters",
                                             "training plan",
                                             "inference plan",
                                             "secret key",
                                             "public key",
                                             "evaluation keys",
                                             "plaintext",
                                             "ciphertext",
                                             "ciphertext",
                                             "encrypted matrix",
                                             "encrypted logistic model",
                                             "encrypted feature map",
                                             "encrypted inference weights",
                                             "training data",
                                             "training block",
                                             "checkpoint"};
  const uint8_t nobody[UMBRA_OWNER_BYTES] = {0};
  uint8_t digest[UMBRA_DIGEST_BYTES], owner[UMBRA_OWNER_BYTES];
  umbra_params_digest(objects.object[PARAMS], digest);
  umbra_secret_key_owner(objects.object[SECRET_KEY], owner);
  for (int k = 0; k < OBJECTS; k++) {
    umbra_file_info info = {UMBRA_FILE_INFO_INIT};
    assert_ok(file_kinds[k].save(objects.object[k], in_folder("object")));
    assert_ok(umbra_file_inspect(&info, in_folder("object"), NULL));
    assert_string_equal(info.kind, names[k]);
    assert_int_equal(info.version, k == EVAL_KEYS ? 3 : 1);
    assert_int_equal(info.bytes, objects.size[k]);
    const int is_plan = k == TRAIN_PLAN || k == INFERENCE_PLAN; /* of parameters of their own */
    if (!is_plan) assert_memory_equal(info.params_digest, digest, sizeof digest);
    const int has_owner = k != PARAMS && !is_plan && k != PLAINTEXT;
    assert_memory_equal(info.owner, has_owner ? owner : nobody, sizeof owner);
    assert_buffer_inspects_alike(k, &info);
    FILE *file = fopen(in_folder("object"), "r+b");
    fseek(file, -40, SEEK_END);
    int byte = fgetc(file);
    fseek(file, -40, SEEK_END);
    fputc(byte ^ 1, file);
    fclose(file);
    umbra_file_info untouched = {UMBRA_FILE_INFO_INIT};
    assert_fails(umbra_file_inspect(&untouched, in_folder("object"), NULL), UMBRA_ERROR_FORMAT, "checksum is wrong");
    assert_null(untouched.kind);
    empty_folder(folder);
  }
  umbra_file_info unprepared = {0};
  assert_fails(umbra_file_inspect(&unprepared, folder, NULL), UMBRA_ERROR_INVALID_ARGUMENT, "umbra_file_info_init");
  assert_fails(umbra_buffer_inspect(&unprepared, objects.bytes[0], 9), UMBRA_ERROR_INVALID_ARGUMENT, "_info_init");
  assert_fails(umbra_buffer_inspect(&unprepared, NULL, 9), UMBRA_ERROR_INVALID_ARGUMENT, "needs");
}

/* ---- no memory ---- */

/* OK or OUT_OF_MEMORY; in the latter case nothing is left behind. */
static void assert_survives(int kind, long countdown) {
  const file_kind *k = &file_kinds[kind];
  void *output = NULL;
  uint64_t memory = umbra_context_memory(objects.context);
  umbra_alloc_fail_after(countdown);
  umbra_status status = k->read(&output, objects.context, objects.bytes[kind], objects.size[kind]);
  umbra_alloc_fail_after(-1);
  if (status == UMBRA_OK) k->destroy(output);
  else assert_null(output);
  assert_int_equal(umbra_context_memory(objects.context), memory);
  assert_true(status == UMBRA_OK || status == UMBRA_ERROR_OUT_OF_MEMORY);
  umbra_alloc_fail_after(countdown);
  status = k->save(objects.object[kind], in_folder("object"));
  umbra_alloc_fail_after(-1);
  assert_true(status == UMBRA_OK || status == UMBRA_ERROR_OUT_OF_MEMORY);
  assert_int_equal(count_files(folder), status == UMBRA_OK);
  empty_folder(folder);
}

static void failing_allocations(void **state) {
  (void)state;
  enum { MOST = 32 };
  for (int k = 0; k < OBJECTS; k++)
    for (long countdown = 0; countdown < MOST; countdown++) assert_survives(k, countdown);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_gives_the_same_bytes_again),
      cmocka_unit_test(files_hold_what_memory_holds),
      cmocka_unit_test(loaded_objects_work),
      cmocka_unit_test(outputs_are_replaced),
      cmocka_unit_test(seeds_halve_files),
      cmocka_unit_test(buffers_that_are_too_small),
      cmocka_unit_test(truncated),
      cmocka_unit_test(continued),
      cmocka_unit_test(damaged),
      cmocka_unit_test(each_fault_is_named),
      cmocka_unit_test(stamps_of_earlier_versions),
      cmocka_unit_test(sections_have_their_places),
      cmocka_unit_test(objects_of_other_parameters),
      cmocka_unit_test(objects_of_another_kind),
      cmocka_unit_test(insecure_parameters_stay_insecure),
      cmocka_unit_test(secure_parameters_carry_no_flag),
      cmocka_unit_test(secret_keys_are_private_and_never_replace),
      cmocka_unit_test(public_keys_of_sets_that_refresh),
      cmocka_unit_test(secret_keys_and_public_keys_live_apart),
      cmocka_unit_test(sealed_keys_need_their_passphrase),
      cmocka_unit_test(sealed_keys_cannot_ask_for_gigabytes),
      cmocka_unit_test(what_the_system_refuses),
      cmocka_unit_test(files_are_replaced_whole),
      cmocka_unit_test(only_regular_files_are_replaced),
      cmocka_unit_test(modes_are_handed_down),
      cmocka_unit_test(full_disks_are_named),
      cmocka_unit_test(opened_plaintexts_are_kept_as_keys_are),
      cmocka_unit_test(missing_arguments),
      cmocka_unit_test(inspection),
      cmocka_unit_test(failing_allocations),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
