/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "markup.h"
#include "quick.h"
#include "target.h"

/* Pixels. Bars begin at a microsecond, and a tenfold time is so much longer. */
enum { LEFT = 300, TOP = 64, BAR = 12, BETWEEN = 10, TENFOLD = 60, DECADES = 8, RIGHT = 90, ROW = 18, BELOW = 20 };
static const double shortest = 1e-6;
static const char *const colours[] = {"#1565c0", "#9e9e9e", "#c62828", "#2e7d32", "#6a1b9a", "#ef6c00"};
enum { COLOURS = sizeof colours / sizeof *colours };

typedef struct canvas {
  FILE *file;
  const cli_quick_result *results;
  const char *machine;
} canvas;

/* Machine 0 is this one. */
static size_t machines(void) { return 1 + cli_known_machine_count; }
static const char *colour_of(size_t machine) { return colours[machine % COLOURS]; }
static int height_of_operation(void) { return (int)machines() * BAR + BETWEEN; }
static int below_operations(void) { return TOP + CLI_QUICK_COUNT * height_of_operation(); }

static double seconds_of(const canvas *c, size_t machine, size_t operation) {
  return machine ? cli_known_machines[machine - 1].seconds[operation] : c->results[operation].seconds;
}

static void put_bar(const canvas *c, double seconds, int y, const char *colour) {
  char text[CLI_UNITS];
  const double decades = fmin(fmax(log10(seconds / shortest), 0), DECADES);
  fprintf(c->file, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", LEFT, y, decades * TENFOLD,
          BAR - 2, colour);
  fprintf(c->file, "<text x=\"%.1f\" y=\"%d\" font-size=\"10\">%s</text>\n", LEFT + decades * TENFOLD + 4, y + BAR - 3,
          cli_duration_text(text, seconds));
}

static void put_operation(const canvas *c, size_t operation) {
  const int top = TOP + (int)operation * height_of_operation();
  fprintf(c->file, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 8, top + BAR,
          cli_quick_names[operation].what);
  for (size_t m = 0; m < machines(); m++)
    if (seconds_of(c, m, operation) > 0) put_bar(c, seconds_of(c, m, operation), top + (int)m * BAR, colour_of(m));
}

static void put_key(const canvas *c, size_t machine) {
  const int y = below_operations() + ROW * (int)(machine + 1);
  fprintf(c->file, "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>\n<text x=\"%d\" y=\"%d\">", LEFT,
          y - 9, colour_of(machine), LEFT + 16, y);
  cli_put_text(c->file, machine ? cli_known_machines[machine - 1].name : c->machine);
  if (machine) fprintf(c->file, ", %s", cli_known_machines[machine - 1].date);
  fputs("</text>\n", c->file);
}

static void put_all(const canvas *c) {
  const int width = LEFT + DECADES * TENFOLD + RIGHT, height = below_operations() + ROW * (int)machines() + BELOW;
  fprintf(c->file,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\" role=\"img\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n<title>umbra bench --quick</title>\n<rect width=\"%d\" "
          "height=\"%d\" fill=\"white\"/>\n",
          width, height, width, height, width, height);
  fprintf(c->file,
          "<text x=\"16\" y=\"24\" font-size=\"15\">umbra %s: ten operations on encrypted numbers</text>\n"
          "<text x=\"16\" y=\"44\">each %d pixels are ten times as long; shorter is faster</text>\n",
          umbra_version(), TENFOLD);
  for (size_t i = 0; i < CLI_QUICK_COUNT; i++) put_operation(c, i);
  for (size_t m = 0; m < machines(); m++) put_key(c, m);
  fputs("</svg>", c->file);
}

static bool put_drawing(FILE *file, const void *drawing) {
  canvas c = *(const canvas *)drawing;
  c.file = file;
  put_all(&c);
  return true;
}

bool cli_quick_draw(const cli_quick_result *results, const char *machine, const char *path) {
  const canvas drawing = {.results = results, .machine = machine};
  return cli_write_printed("--svg", path, put_drawing, &drawing);
}
