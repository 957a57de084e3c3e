/* SPDX-License-Identifier: Apache-2.0 */
/* Mutations of files of every kind, and what must hold when they are read: for a test and a fuzz target. */
#ifndef UMBRA_TESTS_FUZZ_FILES_H
#define UMBRA_TESTS_FUZZ_FILES_H

#include "tests/file_objects.h"

#include <stdio.h>
#include <unistd.h>

#include "host/base/error.h"
#include "host/base/memory.h"
#include "tests/mutations.h"

/* ---- the library's host allocations, counted: these stand in for host/base/memory.c ---- */

static size_t held, peak;

umbra_status umbra_alloc(void *memory, size_t count, size_t size, const char *what) {
  size_t bytes;
  size_t *block = NULL;
  if (!__builtin_mul_overflow(count, size, &bytes) && bytes < SIZE_MAX / 2) block = calloc(1, bytes + 16);
  if (!block) return umbra_fail(UMBRA_ERROR_OUT_OF_MEMORY, "cannot allocate %s", what);
  *block = bytes;
  held += bytes;
  if (held > peak) peak = held;
  block += 16 / sizeof *block;
  memcpy(memory, &block, sizeof block);
  return UMBRA_OK;
}

void umbra_free(void *memory) {
  if (!memory) return;
  size_t *block = (size_t *)memory - 16 / sizeof *block;
  held -= *block;
  free(block);
}

int umbra_alloc_must_fail(void) { return 0; }

/* ---- mutations ---- */

/* PLAN_SLACK: what a plan takes beside its file, of which its iterations and bootstrap plan are most. */
enum { SLACK = 1 << 16, PLAN_SLACK = 1 << 24, FILE_PERIOD = 16 };

static file_objects objects;
static size_t largest;

typedef struct buffer {
  uint8_t *bytes; /* room for 4 of the largest object */
  size_t size;
} buffer;

static size_t room(void) { return 4 * largest + SLACK; }

static uint32_t interesting_word(uint32_t old) {
  switch (below(8)) {
    case 0: return 0;
    case 1: return 0xffffffff;
    case 2: return 0x7fffffff;
    case 3: return old + 1;
    case 4: return old - 1;
    case 5: return 1u << below(32);
    case 6: return (uint32_t)below(16);
    default: return any_word();
  }
}

static void change_word(buffer *b, size_t at) {
  uint32_t word;
  at &= ~(size_t)3;
  if (at + sizeof word > b->size) return;
  memcpy(&word, b->bytes + at, sizeof word);
  word = interesting_word(word);
  memcpy(b->bytes + at, &word, sizeof word);
}

static void truncate_bytes(buffer *b) { b->size = below(b->size); }

static void flip_bit(buffer *b) {
  if (b->size) b->bytes[below(b->size)] ^= (uint8_t)(1u << below(8));
}

static void change_header(buffer *b) { change_word(b, below(sizeof(umbra_header))); }

static void append_bytes(buffer *b) {
  for (size_t count = below(64); count-- > 0 && b->size < room();) b->bytes[b->size++] = (uint8_t)any_word();
}

/* A section of the buffer; 0 if there is none. */
static int choose_section(section *chosen, const buffer *b) {
  section s[MAX_SECTIONS];
  size_t count = (size_t)find_sections(s, b->bytes, b->size);
  if (count) *chosen = s[below(count)];
  return count > 0;
}

static void change_section_head(buffer *b) {
  section s;
  if (choose_section(&s, b)) change_word(b, s.at + below(sizeof(umbra_section_head)));
}

static void change_record(buffer *b) {
  section s;
  if (choose_section(&s, b)) change_word(b, s.at + sizeof(umbra_section_head) + below(s.length < 64 ? s.length : 64));
}

static void change_payload(buffer *b) {
  section s;
  if (choose_section(&s, b)) change_word(b, s.at + sizeof(umbra_section_head) + below(s.length));
}

static void remove_bytes(buffer *b, size_t at, size_t count) {
  memmove(b->bytes + at, b->bytes + at + count, b->size - at - count);
  b->size -= count;
}

static void insert_bytes(buffer *b, size_t at, const uint8_t *bytes, size_t count) {
  if (b->size + count > room()) return;
  memmove(b->bytes + at + count, b->bytes + at, b->size - at);
  memcpy(b->bytes + at, bytes, count);
  b->size += count;
}

static void remove_section(buffer *b) {
  section s;
  if (choose_section(&s, b)) remove_bytes(b, s.at, section_size(&s));
}

/* Copies a section of any object before one of this. */
static void insert_section(buffer *b) {
  int kind = (int)below(OBJECTS);
  buffer other = {objects.bytes[kind], objects.size[kind]};
  section from, to;
  if (choose_section(&from, &other) && choose_section(&to, b))
    insert_bytes(b, to.at, other.bytes + from.at, section_size(&from));
}

static void move_section(buffer *b) {
  section from, to;
  if (!choose_section(&from, b)) return;
  size_t size = section_size(&from);
  uint8_t *copy = malloc(size);
  assert_non_null(copy);
  memcpy(copy, b->bytes + from.at, size);
  remove_bytes(b, from.at, size);
  insert_bytes(b, choose_section(&to, b) ? to.at : from.at, copy, size);
  free(copy);
}

static void (*const ways[])(buffer *) = {
    truncate_bytes, flip_bit,       change_header,  append_bytes,   change_section_head, change_record,
    change_record,  change_payload, remove_section, insert_section, move_section,
};

/* Makes the header and the numbering agree with the sections that are there. */
static void fix_counts(buffer *b) {
  if (b->size < sizeof(umbra_header)) return;
  section s[MAX_SECTIONS];
  umbra_header header;
  memcpy(&header, b->bytes, sizeof header);
  header.sections = (uint32_t)find_sections(s, b->bytes, b->size);
  header.bytes = b->size;
  memcpy(b->bytes, &header, sizeof header);
  for (uint32_t i = 0; i < header.sections; i++)
    memcpy(b->bytes + s[i].at + offsetof(umbra_section_head, index), &i, sizeof i);
}

static void mutate(buffer *b) {
  for (size_t times = 1 + below(3); times-- > 0;) ways[below(sizeof ways / sizeof *ways)](b);
  if (below(2)) return;
  if (below(4)) fix_counts(b);
  fix_checksums(b->bytes, b->size);
}

/* ---- what must hold ---- */

static umbra_context *contexts[OBJECTS]; /* which may hold little more than twice the object's file */
static char path[64];

static void assert_failure_is_clean(unsigned long i, umbra_status status, const void *output) {
  if (output) fail_msg("mutation %lu: the output changed", i);
  if (status == UMBRA_ERROR_OUT_OF_MEMORY || status == UMBRA_ERROR_INTERNAL || status == UMBRA_ERROR_IO)
    fail_msg("mutation %lu: %s: %s", i, umbra_status_string(status), umbra_last_error());
  if (!*umbra_last_error() || strcmp(umbra_last_error(), "unset") == 0) fail_msg("mutation %lu: no text", i);
}

static void assert_accepted_is_canonical(unsigned long i, int kind, const void *object, const buffer *b) {
  size_t size = b->size;
  uint8_t *again = malloc(size + 1);
  assert_non_null(again);
  assert_ok(file_kinds[kind].write(object, again, &size));
  if (size != b->size || memcmp(again, b->bytes, size) != 0)
    fail_msg("mutation %lu: a %s was accepted whose bytes are not those that it is saved as", i, file_kinds[kind].name);
  free(again);
}

static void assert_file_is_alike(unsigned long i, int kind, const buffer *b, umbra_status expected) {
  void *output = NULL;
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  assert_int_equal(fwrite(b->bytes, 1, b->size, file), b->size);
  fclose(file);
  umbra_status status = file_kinds[kind].load(&output, contexts[kind], path);
  if (status != expected) fail_msg("mutation %lu: memory '%s'", i, umbra_status_string(expected));
  if (status == UMBRA_OK) file_kinds[kind].destroy(output);
}

static int read_on(void *user, void *bytes, size_t size) {
  buffer *left = user;
  if (size > left->size) return -1;
  memcpy(bytes, left->bytes, size);
  left->bytes += size;
  left->size -= size;
  return 0;
}

/* A stream is read up to its end by its own account; that it ends before is an error of the callback. */
static void assert_stream_is_alike(unsigned long i, int kind, const buffer *b, umbra_status expected) {
  buffer left = *b;
  void *output = NULL;
  size_t before = peak = held;
  umbra_set_error("unset");
  umbra_status status = file_kinds[kind].receive(&output, contexts[kind], read_on, &left, b->size);
  if (peak - before > 2 * b->size + SLACK) fail_msg("mutation %lu: a stream made it allocate %zu", i, peak - before);
  if (status == UMBRA_OK) {
    const buffer taken = {b->bytes, b->size - left.size};
    if (expected != UMBRA_OK && !left.size) fail_msg("mutation %lu: memory '%s'", i, umbra_status_string(expected));
    assert_accepted_is_canonical(i, kind, output, &taken);
    file_kinds[kind].destroy(output);
  } else {
    if (expected == UMBRA_OK) fail_msg("mutation %lu: the stream gives '%s'", i, umbra_status_string(status));
    assert_failure_is_clean(i, status == UMBRA_ERROR_IO ? UMBRA_ERROR_FORMAT : status, output);
  }
  if (held != before || umbra_context_memory(contexts[kind])) fail_msg("mutation %lu: memory was leaked", i);
}

/* Of the bytes, and of as many of them as chance has it: what can be read can be inspected, and is what it is. */
static void check_inspection(unsigned long i, int kind, const buffer *b, int readable) {
  umbra_file_info info = {UMBRA_FILE_INFO_INIT};
  const size_t part = below(b->size + 1);
  uint8_t *beginning = malloc(part ? part : 1);
  assert_non_null(beginning);
  memcpy(beginning, b->bytes, part);
  umbra_status status = umbra_buffer_inspect(&info, beginning, part);
  if (status == UMBRA_OK && part < UMBRA_HEADER_BYTES) fail_msg("mutation %lu: inspected without a header", i);
  if (status == UMBRA_OK && !info.kind) fail_msg("mutation %lu: inspected, and of no kind", i);
  if (status != UMBRA_OK) assert_failure_is_clean(i, status, info.kind);
  free(beginning);
  info = (umbra_file_info){UMBRA_FILE_INFO_INIT};
  status = umbra_buffer_inspect(&info, b->bytes, b->size);
  if (status != UMBRA_OK) assert_failure_is_clean(i, status, info.kind);
  if (readable && (status != UMBRA_OK || info.bytes != b->size)) fail_msg("mutation %lu: %s", i, file_kinds[kind].name);
}

/* Returns whether the bytes were accepted. */
static int check(unsigned long i, int kind, const buffer *b) {
  void *output = NULL;
  size_t before = peak = held;
  umbra_set_error("unset");
  umbra_status status = file_kinds[kind].read(&output, contexts[kind], b->bytes, b->size);
  if (peak - before > 2 * b->size + (kind == TRAIN_PLAN ? PLAN_SLACK : SLACK))
    fail_msg("mutation %lu: %zu bytes allocated for %zu", i, peak - before, b->size);
  if (status == UMBRA_OK) {
    assert_accepted_is_canonical(i, kind, output, b);
    file_kinds[kind].destroy(output);
  } else {
    assert_failure_is_clean(i, status, output);
  }
  if (held != before || umbra_context_memory(contexts[kind])) fail_msg("mutation %lu: memory was leaked", i);
  check_inspection(i, kind, b, status == UMBRA_OK);
  if (i % FILE_PERIOD == 0) assert_file_is_alike(i, kind, b, status);
  if (file_kinds[kind].receive) assert_stream_is_alike(i, kind, b, status);
  return status == UMBRA_OK;
}

/* ---- the objects that are mutated ---- */

/* Not random at all, so that the objects are the same every time. */
static const char *predictable_name(void) { return "predictable"; }

static void predictable_bytes(void *const bytes, const size_t size) {
  for (size_t i = 0; i < size; i++) ((uint8_t *)bytes)[i] = (uint8_t)random_word();
}

static uint32_t predictable_word(void) { return random_word(); }

static randombytes_implementation predictable = {
    .implementation_name = predictable_name, .random = predictable_word, .buf = predictable_bytes};

/* In a block of its size, so that a sanitizer sees reads beyond the end. */
static inline buffer exact_copy(const buffer *b) {
  buffer exact = {malloc(b->size ? b->size : 1), b->size};
  assert_non_null(exact.bytes);
  memcpy(exact.bytes, b->bytes, b->size);
  return exact;
}

static inline void begin_files(void) {
  randombytes_set_implementation(&predictable);
  make_objects(&objects);
  for (int k = 0; k < OBJECTS; k++) {
    contexts[k] = small_context(objects.object[PARAMS], 2 * objects.size[k] + SLACK);
    if (objects.size[k] > largest) largest = objects.size[k];
  }
  strcpy(path, "/tmp/umbra-fuzz-XXXXXX");
  const int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
}

static inline void end_files(void) {
  for (int k = 0; k < OBJECTS; k++) umbra_context_destroy(contexts[k]);
  destroy_objects(&objects);
  remove(path);
}

#endif
