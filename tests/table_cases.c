/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * Files as tools for data write them, where the folder ../shared/data/csv-cases is (or UMBRA_DATA names another data
 * folder): how many records of how many features each has, what is noted, or why it is refused. Skipped without the
 * data.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <umbra/records.h>

typedef struct file_case {
  const char *file;
  size_t rows, columns; /* 0: it is refused */
  const char *said;     /* part of a note or of the error; NULL: nothing */
  const char *label;
  umbra_missing_rule missing;
} file_case;

#define PLAIN(file) \
  { (file), 24, 2, NULL, NULL, UMBRA_MISSING_REFUSE }
#define NOTED(file, rows, columns, said) \
  { (file), (rows), (columns), (said), NULL, UMBRA_MISSING_REFUSE }
#define REFUSED(file, said) \
  { (file), 0, 0, (said), NULL, UMBRA_MISSING_REFUSE }

static const file_case cases[] = {
    PLAIN("ok.csv"),
    PLAIN("bom.csv"),
    PLAIN("crlf.csv"),
    PLAIN("lead_space.csv"),
    PLAIN("trailing_space.csv"),
    PLAIN("comment.csv"),
    PLAIN("sci.csv"),
    PLAIN("label_float.csv"),
    PLAIN("label_sci.csv"),
    PLAIN("label_plus1.csv"),
    PLAIN("quoted_hdr_comma.csv"),
    PLAIN("blank_end.csv"),
    PLAIN("dup_names.csv"),
    PLAIN("quoted_all.csv"),
    PLAIN("quoted_number_one.csv"),
    PLAIN("quoted_hdr_newline.csv"),
    PLAIN("blank_mid.csv"),
    PLAIN("blank_first.csv"),
    PLAIN("blank_after_header.csv"),
    PLAIN("blank_spaces_mid.csv"),
    PLAIN("cr_only.csv"),
    PLAIN("nan_header.csv"),
    PLAIN("inf_header.csv"),
    PLAIN("semicolon.csv"),
    PLAIN("semicolon_nohdr.csv"),
    PLAIN("tab.csv"),
    PLAIN("space.csv"),
    PLAIN("utf16.csv"),
    PLAIN("utf16be_nobom.csv"),
    PLAIN("ctrlz.csv"),
    PLAIN("trailing_comma.csv"),
    PLAIN("nbsp.csv"),
    PLAIN("unicode_minus.csv"),
    PLAIN("ok.csv.gz"),
    PLAIN("ok.npy"),
    PLAIN("okF.npy"),
    PLAIN("ok_be.npy"),
    PLAIN("ok_f16.npy"),
    PLAIN("ok.npz"),
    PLAIN("swapped.csv"),
    PLAIN("ok_bool.npy"),
    NOTED("latin1.csv", 24, 2, "line 1 is not UTF-8"),
    NOTED("comment_mid.csv", 24, 2, "begin with #"),
    NOTED("dup_header.csv", 24, 2, "repeat the header"),
    NOTED("year_header.csv", 24, 2, "taken for the header"),
    NOTED("pandas_nohdr.csv", 24, 2, "taken for the header"),
    NOTED("pandas_numhdr_2col.csv", 24, 1, "taken for the header"),
    {"pandas_numhdr_labelfirst.csv", 24, 2, "taken for the header", "1", UMBRA_MISSING_REFUSE},
    NOTED("pandas_index.csv", 24, 2, "left out"),
    NOTED("id_col.csv", 24, 3, "feature 'id' rises by 1"),
    NOTED("const_col.csv", 24, 3, "feature 'k' is 7 in every record"),
    NOTED("const_big.csv", 24, 3, "feature 'k' is 1234567.1 in every record"),
    NOTED("v1e300.csv", 24, 2, "1e+300 in record 6"),
    NOTED("semicolon_decimal_comma.csv", 24, 2, "decimal commas"),
    NOTED("semicolon_decimal_comma_1col.csv", 24, 1, "decimal commas"),
    NOTED("dc_nohdr_1col.csv", 24, 1, "decimal commas"),
    NOTED("label12.csv", 24, 2, "'2' is the positive one"),
    NOTED("boollabel.csv", 24, 2, "'True' is the positive one"),
    NOTED("textlabel.csv", 24, 2, "'yes' is the positive one"),
    NOTED("quoted_textcol.csv", 24, 2, "as identifiers are; it is left out"),
    NOTED("textcol.csv", 24, 4, NULL),
    NOTED("imbalance.csv", 400, 3, NULL),
    NOTED("order_train.csv", 300, 3, NULL),
    {"twobinary.csv", 400, 3, NULL, "outcome", UMBRA_MISSING_REFUSE},
    {"missing.csv", 23, 2, "1 of 24 records", NULL, UMBRA_MISSING_DROP},
    {"missing_NA.csv", 24, 2, "filled by the mean", NULL, UMBRA_MISSING_MEAN},
    {"missing_q.csv", 24, 2, "filled by the median", NULL, UMBRA_MISSING_MEDIAN},
    {"nan.csv", 24, 3, "filled by the median", NULL, UMBRA_MISSING_CATEGORY},
    REFUSED("missing.csv", "line 7, column 1 (age): a value is missing"),
    REFUSED("missing_NA.csv", "line 7, column 1 (age): a value is missing"),
    REFUSED("missing_q.csv", "line 7, column 1 (age): a value is missing"),
    REFUSED("nan.csv", "line 7, column 1 (age): a value is missing"),
    REFUSED("currency.csv", "line 7, column 1 (age): '$12.5' is not a number; it is an amount of money"),
    REFUSED("percent.csv", "line 7, column 1 (age): '12%' is not a number; it is a percentage"),
    REFUSED("thousands.csv", "line 7, column 1 (age): '1,234' is not a number; it has separators of thousands"),
    REFUSED("date.csv", "line 7, column 1 (age): '2024-01-05' is not a number; it is a date"),
    REFUSED("hex.csv", "line 7, column 1 (age): '0x10'"),
    REFUSED("fortran_d.csv", "line 7, column 1 (age): '1.5D+00'"),
    REFUSED("inf.csv", "line 7, column 1 (age): the value is not finite"),
    REFUSED("overflow.csv", "line 7, column 1 (age): the value is not finite"),
    REFUSED("nul.csv", "line 7, column 1 (age)"),
    REFUSED("short_row.csv", "line 7 has 2 fields; the lines before have 3"),
    REFUSED("long_row.csv", "line 7 has 4 fields; the lines before have 3"),
    REFUSED("semi_in_field.csv", "line 7 has 1 fields"),
    REFUSED("quote_unclosed.csv", "line 1, column 2: a quote begins here"),
    REFUSED("sas_title.csv", "--skip 1"),
    REFUSED("two_headers.csv", "--header 2"),
    REFUSED("label012.csv", "line 4, column 3 (label): the label is 2, a third class beside 0 and 1; --labels classes"),
    REFUSED("label_mixed.csv", "line 5, column 3 (label): the label is 0, but in line 4"),
    REFUSED("label_m1_0.csv", "line 4, column 3 (label): the label is -1, but in line 2"),
    REFUSED("one_class.csv", "all 24 labels are 1"),
    REFUSED("one_row.csv", "all 1 labels are 1"),
    REFUSED("one_col.csv", "there are no features"),
    REFUSED("empty.csv", "there is no line of numbers"),
    REFUSED("header_only.csv", "there is no line of numbers"),
    REFUSED("ok_obj.npy", "array.astype('f8')"),
    REFUSED("ok_rec.npy", "array.astype('f8')"),
};

static char folder[512], notes[4096];

static void take_note(void *user, const char *text) {
  (void)user;
  snprintf(notes + strlen(notes), sizeof notes - strlen(notes), "%s\n", text);
}

static void check(const file_case *c) {
  char path[640];
  umbra_records *records = NULL;
  const umbra_table_options table = {UMBRA_TABLE_OPTIONS_INIT, .missing = c->missing, .note = take_note};
  const umbra_records_options options = {UMBRA_RECORDS_OPTIONS_INIT, .label = c->label, .table = &table};
  snprintf(path, sizeof path, "%s/%s", folder, c->file);
  *notes = '\0';
  umbra_status status = umbra_records_read(&records, path, &options);
  const char *said = status == UMBRA_OK ? notes : umbra_last_error();
  if ((status == UMBRA_OK) != (c->rows > 0)) fail_msg("%s: %s", c->file, said);
  if (c->said ? !strstr(said, c->said) : *notes != '\0') fail_msg("%s: \"%s\", not \"%s\"", c->file, said, c->said);
  if (status != UMBRA_OK) return;
  if (umbra_records_rows(records) != c->rows || umbra_records_columns(records) != c->columns)
    fail_msg("%s: %zu records of %zu features", c->file, umbra_records_rows(records), umbra_records_columns(records));
  umbra_records_destroy(records);
}

static void each_file(void **state) {
  (void)state;
  char path[640];
  const char *data = getenv("UMBRA_DATA");
  snprintf(folder, sizeof folder, "%s/csv-cases", data ? data : UMBRA_SOURCE_DIR "/../shared/data");
  snprintf(path, sizeof path, "%s/ok.csv", folder);
  FILE *there = fopen(path, "rb");
  if (!there) skip();
  fclose(there);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check(&cases[i]);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(each_file)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
