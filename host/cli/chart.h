/* SPDX-License-Identifier: Apache-2.0 */
/* A chart in SVG: a title, two axes with marks, and what is drawn between them. All numbers are to be finite. */
#ifndef UMBRA_CLI_CHART_H
#define UMBRA_CLI_CHART_H

#include <stddef.h>
#include <stdio.h>

/* Zero-initialise; the first five say where to draw, and what values are at the ends of the axes. */
typedef struct cli_chart {
  FILE *file;
  double left, right, bottom, top;
  const char *title, *across, *up; /* of the chart, and of both axes */
} cli_chart;

void cli_chart_begin(const cli_chart *chart);
void cli_chart_end(const cli_chart *chart);

/* look: attributes of SVG, such as stroke="red". */
void cli_chart_line(const cli_chart *chart, double x0, double y0, double x1, double y1, const char *look);
void cli_chart_path(const cli_chart *chart, const double *x, const double *y, size_t count, const char *look);
void cli_chart_dot(const cli_chart *chart, double x, double y, double radius, const char *look);

/* From the value `from` on the axis that goes up to `to`. */
void cli_chart_bar(const cli_chart *chart, double x0, double x1, double from, double to, const char *look);

/* Entry 0 to 3 of the legend below. */
void cli_chart_legend(const cli_chart *chart, int entry, const char *look, const char *text);

#endif
