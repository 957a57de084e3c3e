/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick fuzz-regress */
/* labels: slow fuzz-regress UMBRA_FUZZ_COUNT=1000000 */
/*
 * Mutated tables of every kind, as numbers and as records: no crash, an untouched output and a text on failure, finite
 * values otherwise. What was read as records is read again by its schema, which is written as JSON and parsed, and then
 * mutated itself.
 */
#include "tests/fuzz/tables.h"

#include <unistd.h>
#include <zlib.h>

enum { KINDS = 4 };

#define TEXT(text) \
  { (text), sizeof(text) - 1 }
static const struct {
  const char *text;
  size_t size;
} texts[] = {
    TEXT("x,y\n1,2.5\n-3e2,.5\n"),
    TEXT("\xef\xbb\xbf# comment\r\n\"a, b\",c\r\n1,1e-300\r\n123456789,0.000001\r\n"),
    TEXT("a;s;l\n1,5;\"u \"\"v\"\"\nw\";0\n2,5;x;1\n,x;1\n?;x;0\n"),
    TEXT("id\tyes\tn\tl\nP1\tTRUE\t0x10\tb\nP2\tfalse\t$5\ta\nP2\tNA\t1\ta\n"),
    TEXT("0,1,2\n5,6,0\n7,8,1\n,,\n0.5,6,1\n"),
    TEXT("\xff\xfe"
         "a\0,\0b\0\n\0001\0,\0000\0\n\0002\0,\0001\0\n\0"),
};
static const char *const npy_headers[] = {
    "{'descr': '<f8', 'fortran_order': False, 'shape': (2, 3), }  \n",
    "{'shape': (48,), 'fortran_order': False, 'descr': '|u1'}",
    "{'descr': '>i4', 'fortran_order': True, 'shape': (4, 3), }  \n",
};
static const char *const endings[KINDS] = {"csv", "npy", "csv.gz", "npz"};

static size_t start_npy(uint8_t *bytes) {
  const char *header = npy_headers[below(3)];
  const size_t length = strlen(header);
  memcpy(bytes, "\x93NUMPY\x01\x00", 8);
  bytes[8] = (uint8_t)length;
  bytes[9] = 0;
  memcpy(bytes + 10, header, length);
  memset(bytes + 10 + length, 0, 48);
  return 10 + length + 48;
}

static size_t start_gzip(uint8_t *bytes, const char *text, size_t size) {
  z_stream stream = {.next_in = (z_const Bytef *)text, .avail_in = (uInt)size, .next_out = bytes, .avail_out = ROOM};
  assert_int_equal(deflateInit2(&stream, 0, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK); /* it stays in sight */
  assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
  deflateEnd(&stream);
  return ROOM - stream.avail_out;
}

static void put_bytes(uint8_t *to, const char *from, size_t count) {
  for (size_t i = 0; i < count; i++) to[i] = (uint8_t)from[i];
}

/* One stored member, whose sum is right as long as nothing changes. */
static size_t start_npz(uint8_t *bytes) {
  uint8_t file[256];
  const size_t size = start_npy(file), offset = 35 + size;
  const uint32_t crc = (uint32_t)crc32(0, file, (uInt)size), sums[] = {crc, (uint32_t)size, (uint32_t)size, 5};
  memset(bytes, 0, offset + 46 + 5 + 22);
  put_bytes(bytes, "PK\3\4", 4);
  memcpy(bytes + 14, sums, sizeof sums);
  put_bytes(bytes + 30, "x.npy", 5);
  memcpy(bytes + 35, file, size);
  put_bytes(bytes + offset, "PK\1\2", 4);
  memcpy(bytes + offset + 16, sums, sizeof sums);
  put_bytes(bytes + offset + 46, "x.npy", 5);
  put_bytes(bytes + offset + 51, "PK\5\6", 4);
  bytes[offset + 61] = 1;
  memcpy(bytes + offset + 67, &(uint32_t){(uint32_t)offset}, 4);
  return offset + 51 + 22;
}

static size_t start(uint8_t *bytes, int kind) {
  const size_t which = below(sizeof texts / sizeof *texts);
  switch (kind) {
    case 0: memcpy(bytes, texts[which].text, texts[which].size); return texts[which].size;
    case 1: return start_npy(bytes);
    case 2: return start_gzip(bytes, texts[which].text, texts[which].size);
    default: return start_npz(bytes);
  }
}

static mutations wanted;
static char folder[64];

static void mutated_tables(void **state) {
  (void)state;
  for (unsigned long i = wanted.first; i < wanted.first + wanted.count; i++) {
    uint8_t bytes[ROOM];
    char path[128];
    begin_mutation(i);
    const int kind = (int)(i % KINDS);
    size_t size = mutate(bytes, start(bytes, kind));
    snprintf(path, sizeof path, "%s/table.%s", folder, endings[kind]);
    write_file(path, bytes, size);
    check_table(i, path);
    check_records(i, path);
    remove(path);
  }
}

static int set_up(void **state) {
  (void)state;
  strcpy(folder, "/tmp/umbra-fuzz-tables-XXXXXX");
  return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state) {
  (void)state;
  return rmdir(folder);
}

int main(int argc, char **argv) {
  wanted = mutations_wanted(20000, argc, argv);
  const struct CMUnitTest tests[] = {cmocka_unit_test(mutated_tables)};
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
