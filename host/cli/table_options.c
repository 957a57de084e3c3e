/* SPDX-License-Identifier: Apache-2.0 */
#include "table_options.h"

#include <stdlib.h>
#include <string.h>

/* As umbra_missing_rule numbers them. */
static const char *const rules[] = {"refuse", "drop", "mean", "median", "category", NULL};

/* As umbra_label_kind numbers them. */
static const char *const label_kinds[] = {"two", "classes", "values", NULL};

umbra_label_kind cli_label_kind(const cli_table_options *table) {
  return (umbra_label_kind)cli_choice("labels", table->labels, label_kinds);
}

static char separator_of(const char *text) {
  static const struct {
    const char *name;
    char separator;
  } kinds[] = {{"comma", ','}, {",", ','},   {"semicolon", ';'}, {";", ';'},      {"tab", '\t'}, {"\\t", '\t'},
               {"\t", '\t'},   {"bar", '|'}, {"|", '|'},         {"blanks", ' '}, {" ", ' '}};
  for (size_t k = 0; text && k < sizeof kinds / sizeof *kinds; k++)
    if (strcmp(text, kinds[k].name) == 0) return kinds[k].separator;
  if (text) cli_usage("--separator: \"%s\" is none of comma, semicolon, tab, bar, blanks", text);
  return 0;
}

static char decimal_of(const char *text) {
  if (text && strcmp(text, ".") != 0 && strcmp(text, ",") != 0) cli_usage("--decimal: \"%s\" is neither . nor ,", text);
  return text ? *text : 0;
}

static int32_t header_of(const char *text) {
  char *end;
  if (!text) return 0;
  const unsigned long lines = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end || lines > 100)
    cli_usage("--header: \"%s\" is not a number of lines, 0 to 100", text);
  return lines ? (int32_t)lines : -1;
}

static void tell(void *user, const char *text) { cli_report_note(user, text); }

umbra_table_options cli_table_take(const cli_table_options *table, cli_report *report) {
  return (umbra_table_options){UMBRA_TABLE_OPTIONS_INIT,
                               .read_limit = table->read_limit,
                               .skip = table->skip,
                               .header = header_of(table->header),
                               .separator = separator_of(table->separator),
                               .decimal = decimal_of(table->decimal),
                               .missing = (umbra_missing_rule)cli_choice("missing", table->missing, rules),
                               .columns = table->columns,
                               .without = table->without,
                               .text = table->text,
                               .array = table->array,
                               .note = tell,
                               .user = report};
}

bool cli_table_given(const cli_table_options *t) {
  return t->label || t->positive || t->labels || t->separator || t->decimal || t->header || t->missing || t->columns ||
         t->without || t->text || t->array || t->skip || t->read_limit;
}

bool cli_records_load(umbra_records **records, const char *option, const char *path, const cli_table_options *table,
                      const umbra_schema *schema, cli_report *report) {
  const umbra_table_options how = cli_table_take(table, report);
  const umbra_records_options options = {
      UMBRA_RECORDS_OPTIONS_INIT, .label = table->label, .positive = table->positive,
      .schema = schema,           .table = &how,         .labels = cli_label_kind(table)};
  return cli_check(umbra_records_read(records, path, &options), option);
}

bool cli_records_load_like(umbra_records **records, const umbra_records *others, const char *option, const char *path,
                           const cli_table_options *table, cli_report *report) {
  cli_table_options again = *table;
  again.label = again.positive = again.labels = again.columns = again.without = NULL; /* they are the others' */
  return cli_records_load(records, option, path, &again, umbra_records_schema(others), report);
}
