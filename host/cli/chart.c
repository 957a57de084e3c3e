/* SPDX-License-Identifier: Apache-2.0 */
#include "chart.h"

#include <math.h>

#include "format.h"
#include "markup.h"

/* Pixels: of the whole, around the place between the axes, and of the legend below, which has two columns. */
enum { WIDTH = 460, HEIGHT = 372, LEFT = 62, RIGHT = 16, TOP = 36, BELOW = 86, KEYS = 36, ROW = 18, COLUMN = 200 };
enum { MARKS = 6 };

static double x_of(const cli_chart *c, double x) {
  return LEFT + (WIDTH - LEFT - RIGHT) * (x - c->left) / (c->right - c->left);
}

static double y_of(const cli_chart *c, double y) {
  return HEIGHT - BELOW - (HEIGHT - TOP - BELOW) * (y - c->bottom) / (c->top - c->bottom);
}

/* 1, 2 or 5 times a power of ten, so that an axis of that length has at most MARKS steps. */
static double step_of(double length) {
  const double least = length / MARKS, power = pow(10, floor(log10(least)));
  return least <= power ? power : least <= 2 * power ? 2 * power : least <= 5 * power ? 5 * power : 10 * power;
}

/* The value at step k; of -0 it is 0. */
static double mark(double k, double step) { return k * step + 0.0; }

static void put_marks(const cli_chart *c) {
  char text[CLI_UNITS];
  const double across = step_of(c->right - c->left), up = step_of(c->top - c->bottom);
  for (double k = ceil(c->left / across); k * across <= c->right; k++)
    fprintf(c->file, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x_of(c, k * across),
            HEIGHT - BELOW + 16, cli_number_text(text, mark(k, across), 6));
  for (double k = ceil(c->bottom / up); k * up <= c->top; k++) {
    cli_chart_line(c, c->left, k * up, c->right, k * up, "stroke=\"#e0e0e0\"");
    fprintf(c->file, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6, y_of(c, k * up) + 4,
            cli_number_text(text, mark(k, up), 6));
  }
}

static void put_text(const cli_chart *c, const char *place, const char *text) {
  fprintf(c->file, "<text %s>", place);
  cli_put_text(c->file, text);
  fputs("</text>\n", c->file);
}

void cli_chart_begin(const cli_chart *c) {
  char place[128];
  fprintf(c->file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n<title>",
          WIDTH, HEIGHT, WIDTH, HEIGHT);
  cli_put_text(c->file, c->title);
  fputs("</title>\n", c->file);
  snprintf(place, sizeof place, "x=\"%d\" y=\"20\" font-size=\"14\"", LEFT);
  put_text(c, place, c->title);
  put_marks(c);
  cli_chart_line(c, c->left, c->bottom, c->right, c->bottom, "stroke=\"#444\"");
  cli_chart_line(c, c->left, c->bottom, c->left, c->top, "stroke=\"#444\"");
  snprintf(place, sizeof place, "x=\"%d\" y=\"%d\" text-anchor=\"middle\"", (WIDTH + LEFT - RIGHT) / 2,
           HEIGHT - BELOW + 34);
  put_text(c, place, c->across);
  snprintf(place, sizeof place, "transform=\"translate(14 %d) rotate(-90)\" text-anchor=\"middle\"",
           (HEIGHT + TOP - BELOW) / 2);
  put_text(c, place, c->up);
}

void cli_chart_end(const cli_chart *c) { fputs("</svg>\n", c->file); }

void cli_chart_line(const cli_chart *c, double x0, double y0, double x1, double y1, const char *look) {
  fprintf(c->file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x_of(c, x0), y_of(c, y0),
          x_of(c, x1), y_of(c, y1), look);
}

void cli_chart_path(const cli_chart *c, const double *x, const double *y, size_t count, const char *look) {
  fputs("<polyline fill=\"none\" points=\"", c->file);
  for (size_t i = 0; i < count; i++) fprintf(c->file, "%s%.1f,%.1f", i ? " " : "", x_of(c, x[i]), y_of(c, y[i]));
  fprintf(c->file, "\" %s/>\n", look);
}

void cli_chart_dot(const cli_chart *c, double x, double y, double radius, const char *look) {
  fprintf(c->file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\" %s/>\n", x_of(c, x), y_of(c, y), radius, look);
}

void cli_chart_bar(const cli_chart *c, double x0, double x1, double from, double to, const char *look) {
  fprintf(c->file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" %s/>\n", x_of(c, x0), y_of(c, to),
          x_of(c, x1) - x_of(c, x0), y_of(c, from) - y_of(c, to), look);
}

void cli_chart_legend(const cli_chart *c, int entry, const char *look, const char *text) {
  const int x = LEFT + COLUMN * (entry % 2), y = HEIGHT - KEYS + ROW * (entry / 2);
  char place[64];
  fprintf(c->file, "<line x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\" %s/>\n", x, y, x + 24, y, look);
  snprintf(place, sizeof place, "x=\"%d\" y=\"%d\"", x + 30, y + 4);
  put_text(c, place, text);
}
