/* SPDX-License-Identifier: Apache-2.0 */
#include "network_svg.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "markup.h"
#include "output.h"
#include "target.h"

/* Pixels: around the two charts, which lie below each other, their heights, and how wide layers are. */
enum {
  LEFT = 64,
  RIGHT = 24,
  TOP = 72,
  LEVELS = 220,
  BETWEEN = 36,
  TIMES = 130,
  BELOW = 100,
  NARROW = 36,
  WIDE = 200,
  LEAST = 760
};
enum { LEVELS_END = TOP + LEVELS, TIMES_END = LEVELS_END + BETWEEN + TIMES, HEIGHT = TIMES_END + BELOW, LINES = 8 };

#define LEVEL_COLOUR "#1565c0"
#define REFRESH_COLOUR "#c62828"

typedef struct canvas {
  FILE *file;
  const cli_network_drawing *of;
  double slowest, total; /* seconds of a layer, and of all */
  double width, column;  /* of the whole, and of a layer */
} canvas;

static double seconds_of(const umbra_inference_layer *layer) { return layer->seconds + layer->refresh_seconds; }
static double x_of(const canvas *c, size_t layer) { return LEFT + c->column * (double)layer; }
static double y_of_level(const canvas *c, uint32_t level) {
  return LEVELS_END - (double)LEVELS * level / c->of->levels;
}

static double y_of_time(const canvas *c, double seconds) {
  return c->slowest > 0 ? TIMES_END - TIMES * seconds / c->slowest : TIMES_END;
}

static void put_line(const canvas *c, double x0, double y0, double x1, double y1, const char *style) {
  fprintf(c->file, "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" %s/>\n", x0, y0, x1, y1, style);
}

static void put_bar(const canvas *c, size_t layer, double from, double to, const char *colour) {
  const double top = y_of_time(c, to);
  fprintf(c->file, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
          x_of(c, layer) + c->column / 6, top, c->column * 2 / 3, y_of_time(c, from) - top, colour);
}

/* ---- around the charts ---- */

static void put_title(const canvas *c) {
  char total[CLI_UNITS];
  fprintf(c->file, "<text x=\"%d\" y=\"24\" font-size=\"15\">", LEFT);
  cli_put_text(c->file, c->of->title);
  fprintf(c->file,
          "</text>\n<text x=\"%d\" y=\"46\"><tspan fill=\"" LEVEL_COLOUR
          "\">levels</tspan>, <tspan fill=\"" REFRESH_COLOUR
          "\">refreshes</tspan>, and seconds of each layer: %s in all on ",
          LEFT, cli_duration_text(total, c->total));
  cli_put_text(c->file, c->of->machine);
  fputs("</text>\n", c->file);
}

static void put_mark(const canvas *c, double y, double value) {
  char text[CLI_UNITS];
  put_line(c, LEFT, y, c->width - RIGHT, y, "stroke=\"#ddd\"");
  fprintf(c->file, "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>\n", LEFT - 6, y + 4,
          cli_number_text(text, value, 3));
}

static void put_axes(const canvas *c) {
  for (uint32_t level = 0; level <= c->of->levels; level += 1 + c->of->levels / LINES)
    put_mark(c, y_of_level(c, level), level);
  for (int half = 0; half <= 2; half++) put_mark(c, y_of_time(c, c->slowest * half / 2), c->slowest * half / 2);
  fprintf(c->file, "<text x=\"%d\" y=\"%d\">level</text>\n<text x=\"%d\" y=\"%d\">seconds</text>\n", 8, TOP - 8, 8,
          TIMES_END - TIMES - 12);
}

/* ---- layers ---- */

/* From where the value before is to where the layer begins, through it, and up again where it is refreshed. */
static void put_levels(const canvas *c, size_t i, uint32_t before) {
  const umbra_inference_layer *l = &c->of->layers[i];
  const double x = x_of(c, i), end = x_of(c, i + 1), low = y_of_level(c, l->result_level);
  if (before != l->level)
    put_line(c, x, y_of_level(c, before), x, y_of_level(c, l->level), "stroke=\"#999\" stroke-dasharray=\"3 3\"");
  put_line(c, x, y_of_level(c, l->level), end, low, "stroke=\"" LEVEL_COLOUR "\" stroke-width=\"2\"");
  fprintf(c->file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"" LEVEL_COLOUR "\"/>\n", end, low);
  if (!l->refreshed_level) return;
  const double high = y_of_level(c, l->refreshed_level);
  put_line(c, end, low, end, high, "stroke=\"" REFRESH_COLOUR "\" stroke-width=\"2\"");
  fprintf(c->file, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"" REFRESH_COLOUR "\"/>\n", end, high);
}

static void put_times(const canvas *c, size_t i) {
  const umbra_inference_layer *l = &c->of->layers[i];
  put_bar(c, i, 0, l->seconds, LEVEL_COLOUR);
  if (l->refreshed_level) put_bar(c, i, l->seconds, seconds_of(l), REFRESH_COLOUR);
}

/* Under its column; the whole of it when pointed at. */
static void put_label(const canvas *c, size_t i) {
  char seconds[CLI_UNITS];
  const umbra_inference_layer *l = &c->of->layers[i];
  const double x = x_of(c, i) + c->column / 2 + 4;
  fprintf(c->file, "<text transform=\"translate(%.1f %d) rotate(-60)\" text-anchor=\"end\">%zu ", x, TIMES_END + 14,
          i + 1);
  cli_put_text(c->file, l->what);
  fprintf(c->file, "<title>layer %zu: ", i + 1);
  cli_put_text(c->file, l->what);
  fprintf(c->file, ", %zu elements, from level %" PRIu32 " to %" PRIu32, l->elements, l->level, l->result_level);
  if (l->degree) fprintf(c->file, ", degree %" PRIu32, l->degree);
  fprintf(c->file, ", %s", cli_duration_text(seconds, l->seconds));
  if (l->refreshed_level)
    fprintf(c->file, "; refreshed to level %" PRIu32 ", %s", l->refreshed_level,
            cli_duration_text(seconds, l->refresh_seconds));
  fputs("</title></text>\n", c->file);
}

static uint32_t level_before(const canvas *c, size_t i) {
  if (!i) return c->of->levels;
  const umbra_inference_layer *before = &c->of->layers[i - 1];
  return before->refreshed_level ? before->refreshed_level : before->result_level;
}

static void put_layer(const canvas *c, size_t i) {
  put_levels(c, i, level_before(c, i));
  put_times(c, i);
  put_label(c, i);
}

/* ---- all of it ---- */

static void measure(canvas *c) {
  for (size_t i = 0; i < c->of->count; i++) {
    c->total += seconds_of(&c->of->layers[i]);
    c->slowest = fmax(c->slowest, seconds_of(&c->of->layers[i]));
  }
  c->column = fmax(NARROW, fmin(WIDE, (LEAST - LEFT - RIGHT) / (double)c->of->count));
  c->width = fmax(LEAST, x_of(c, c->of->count) + RIGHT);
}

static void put_all(const canvas *c) {
  fprintf(c->file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %d\" width=\"%.0f\" height=\"%d\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"%.0f\" height=\"%d\" fill=\"white\"/>\n",
          c->width, HEIGHT, c->width, HEIGHT, c->width, HEIGHT);
  put_title(c);
  put_axes(c);
  for (size_t i = 0; i < c->of->count; i++) put_layer(c, i);
  fputs("</svg>", c->file);
}

static bool put_drawing(FILE *file, const void *drawing) {
  canvas c = {.file = file, .of = drawing};
  measure(&c);
  put_all(&c);
  return true;
}

bool cli_network_draw(const cli_network_drawing *drawing, const char *option, const char *path) {
  return cli_write_printed(option, path, put_drawing, drawing);
}
