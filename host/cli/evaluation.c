/* SPDX-License-Identifier: Apache-2.0 */
#include "evaluation.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "markup.h"
#include "target.h"

/* Nothing may be loaded, by whatever the file becomes a part of. */
static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n<title>Evaluation of a logistic model</title>\n"
    "<style>\nbody { font-family: sans-serif; margin: 2em auto; max-width: 960px; padding: 0 1em; color: #222; }\n"
    "table { border-collapse: collapse; margin: 0.5em 0; }\n"
    "th, td { border: 1px solid #ccc; padding: 0.25em 0.6em; text-align: right; overflow-wrap: anywhere; }\n"
    "th:first-child, td:first-child { text-align: left; }\n.warning { color: #b71c1c; }\n"
    "</style>\n</head>\n<body>\n<h1>Evaluation of a logistic model</h1>\n";

/* ---- pieces ---- */

double cli_evaluation_fact(const cli_evaluation *e, const char *name) {
  return cJSON_GetNumberValue(cJSON_GetObjectItem(e->facts, name));
}

static const char *text_fact(const cli_evaluation *e, const char *name) {
  return cJSON_GetStringValue(cJSON_GetObjectItem(e->facts, name));
}

static void put_cell(FILE *file, const char *tag, const char *text) {
  fprintf(file, "<%s>", tag);
  cli_put_text(file, text);
  fprintf(file, "</%s>", tag);
}

/* A table's cell; one without a number is empty. */
static void put_number(FILE *file, double number) {
  char text[CLI_UNITS];
  if (isnan(number)) fputs("<td></td>", file);
  else fprintf(file, "<td>%s</td>", cli_number_text(text, number, 6));
}

/* Words of ours and texts of anyone's in turns, NULL at the end. */
static void put_sentence(FILE *file, const char *first, ...) {
  va_list texts;
  va_start(texts, first);
  fputs("<p>", file);
  for (const char *text = first; text; text = va_arg(texts, const char *)) cli_put_text(file, text);
  fputs("</p>\n", file);
  va_end(texts);
}

static void put_title(FILE *file, const char *title) {
  fputs("<h2>", file);
  cli_put_text(file, title);
  fputs("</h2>\n", file);
}

static void begin_table(FILE *file, const char *const *titles) {
  fputs("<table>\n<tr>", file);
  for (; *titles; titles++) put_cell(file, "th", *titles);
  fputs("</tr>\n", file);
}

static void end_table(FILE *file) { fputs("</table>\n", file); }

/* ---- what was judged, and what is doubtful ---- */

static void put_subject(const cli_evaluation *e, FILE *file) {
  const cli_linear *m = e->model;
  char counts[160];
  snprintf(counts, sizeof counts, ": %.0f records, %.0f of class 1 and %.0f of class 0.",
           cli_evaluation_fact(e, "records"),
           cli_evaluation_fact(e, "true_positives") + cli_evaluation_fact(e, "false_negatives"),
           cli_evaluation_fact(e, "true_negatives") + cli_evaluation_fact(e, "false_positives"));
  put_sentence(file, "Weights ", e->weights_file, " judged by ", e->data_file, counts, NULL);
  put_sentence(file, "The label is ", m->label, ": class 1 is ", m->positive, ", class 0 is ", m->negative, ".", NULL);
}

static size_t count_not_finite(const cli_evaluation *e) {
  size_t count = 0;
  for (size_t r = 0; r < umbra_records_rows(e->records); r++) count += !isfinite(e->scores[r]);
  return count;
}

static void put_warning(FILE *file, const char *text) {
  fputs("<li class=\"warning\">", file);
  cli_put_text(file, text);
  fputs("</li>\n", file);
}

static void put_warnings(const cli_evaluation *e, FILE *file) {
  const size_t odd = count_not_finite(e);
  const char *warning = text_fact(e, "warning"), *broken = text_fact(e, "broken_promise");
  const cJSON *notes = cJSON_GetObjectItem(e->facts, "notes"), *note;
  char text[96];
  if (!odd && !warning && !broken && !notes) {
    put_sentence(file, "No warnings.", NULL);
    return;
  }
  put_title(file, "Warnings");
  fputs("<ul>\n", file);
  snprintf(text, sizeof text, "scores of %zu records are not finite, and in none of the drawings", odd);
  if (odd) put_warning(file, text);
  if (broken) put_warning(file, broken);
  if (warning) put_warning(file, warning);
  cJSON_ArrayForEach(note, notes) put_warning(file, cJSON_GetStringValue(note));
  fputs("</ul>\n", file);
}

/* ---- judgements ---- */

/* Beside the weights: what else would be right so often. */
static void put_baselines(const cli_evaluation *e, FILE *file) {
  static const struct {
    const char *what, *accuracy, *auc;
  } rows[] = {{"these weights", "accuracy", "auc"},
              {"the same, encrypted records and weights", "accuracy_encrypted", "auc_encrypted"},
              {"the same training in the clear", "accuracy_twin", "auc_twin"},
              {"the same with the sigmoid itself", "accuracy_exact", "auc_exact"},
              {"the best logistic model", "accuracy_optimum", "auc_optimum"},
              {"always the larger class", "majority", NULL}};
  const char *optimum = text_fact(e, "optimum");
  put_title(file, "How good it is, and beside what");
  begin_table(file, (const char *const[]){"", "accuracy", "AUC", NULL});
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!cJSON_HasObjectItem(e->facts, rows[i].accuracy)) continue;
    fputs("<tr>", file);
    put_cell(file, "td", rows[i].what);
    put_number(file, cli_evaluation_fact(e, rows[i].accuracy));
    put_number(file, rows[i].auc ? cli_evaluation_fact(e, rows[i].auc) : 0.5);
    fputs("</tr>\n", file);
  }
  end_table(file);
  if (optimum) put_sentence(file, "The optimiser: ", optimum, ".", NULL);
  else put_sentence(file, "The best logistic model is found with --plan and --train.", NULL);
}

static void put_confusion_row(FILE *file, const char *what, double in_1, double in_0) {
  fputs("<tr>", file);
  put_cell(file, "td", what);
  for (int k = 0; k < 2; k++) {
    const double count = k ? in_0 : in_1;
    fprintf(file, "<td>%.0f (%.1f %%)</td>", count, 100 * count / (in_1 + in_0));
  }
  fputs("</tr>\n", file);
}

static void put_confusion(const cli_evaluation *e, FILE *file) {
  char title[96];
  snprintf(title, sizeof title, "Confusion matrix: class 1 from probability %.4g on", e->threshold);
  put_title(file, title);
  begin_table(file, (const char *const[]){"records of", "taken to be class 1", "taken to be class 0", NULL});
  put_confusion_row(file, e->model->positive, cli_evaluation_fact(e, "true_positives"),
                    cli_evaluation_fact(e, "false_negatives"));
  put_confusion_row(file, e->model->negative, cli_evaluation_fact(e, "false_positives"),
                    cli_evaluation_fact(e, "true_negatives"));
  end_table(file);
}

/* ---- encryption and polynomials ---- */

static void put_polynomials(const cli_evaluation *e, FILE *file) {
  static const struct {
    const char *what, *fact;
  } rows[] = {{"In the clear, and in all drawings, probabilities are by ", "sigmoid_clear"},
              {"The training was by ", "sigmoid_trained"},
              {"Encrypted records were scored by ", "sigmoid_encrypted"}};
  put_title(file, "What stands for the sigmoid");
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (text_fact(e, rows[i].fact)) put_sentence(file, rows[i].what, text_fact(e, rows[i].fact), ".", NULL);
}

static void put_differences(const cli_evaluation *e, FILE *file) {
  static const struct {
    const char *what, *fact;
  } rows[] = {{"weights: to the same training in the clear", "max_weight_difference"},
              {"weights: standard deviation of the error that the plan states", "weight_error"},
              {"probabilities: encrypted to the sigmoid itself", "max_difference"},
              {"probabilities: encrypted to the same polynomial in the clear", "max_difference_polynomial"}};
  bool any = false;
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) any = any || cJSON_HasObjectItem(e->facts, rows[i].fact);
  if (!any) return;
  put_title(file, "Encrypted against the clear");
  begin_table(file, (const char *const[]){"difference at most", "", NULL});
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    if (!cJSON_HasObjectItem(e->facts, rows[i].fact)) continue;
    fputs("<tr>", file);
    put_cell(file, "td", rows[i].what);
    put_number(file, cli_evaluation_fact(e, rows[i].fact));
    fputs("</tr>\n", file);
  }
  end_table(file);
}

/* ---- weights ---- */

static void put_weight(const cli_evaluation *e, FILE *file, size_t c) {
  const cli_linear *m = e->model;
  double least, most;
  const bool feature = c < m->columns, cut = feature && cli_linear_limits(m, c, &least, &most);
  fputs("<tr>", file);
  put_cell(file, "td", feature ? m->name[c] : "(intercept)");
  put_number(file, m->original[c]);
  put_number(file, m->weights[c]);
  put_number(file, e->twin ? e->twin[c] : NAN);
  put_number(file, e->twin ? m->weights[c] - e->twin[c] : NAN);
  put_number(file, cut ? least : NAN);
  put_number(file, cut ? most : NAN);
  fputs("</tr>\n", file);
}

static void put_weights(const cli_evaluation *e, FILE *file) {
  static const char *const titles[] = {"feature",       "weight, in the table's units",
                                       "as trained",    "trained in the clear",
                                       "difference",    "cut off below",
                                       "cut off above", NULL};
  put_title(file, "Weights");
  put_sentence(file,
               e->model->scaled ? "The scaling is undone: the sum of weights times values, and the intercept, is the "
                                  "score; beyond limits a feature counts as the limit."
                                : "There is no scaling: both are the same.",
               NULL);
  begin_table(file, titles);
  for (size_t c = 0; c <= e->model->columns; c++) put_weight(e, file, c);
  end_table(file);
}

/* ---- all of it ---- */

static bool put_page(FILE *file, const void *evaluation) {
  const cli_evaluation *e = evaluation;
  fputs(head, file);
  put_subject(e, file);
  put_warnings(e, file);
  put_baselines(e, file);
  put_confusion(e, file);
  put_title(file, "Drawings");
  const bool drawn = cli_evaluation_draw(e, file);
  put_polynomials(e, file);
  put_differences(e, file);
  put_weights(e, file);
  fputs("</body>\n</html>", file);
  return drawn && !ferror(file);
}

bool cli_evaluation_write(const cli_evaluation *e, const char *option, const char *path) {
  return cli_write_printed(option, path, put_page, e);
}
