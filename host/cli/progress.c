/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

#include "output.h"

static const double moment = 1.0, interval = 0.1; /* seconds */
enum { BAR = 40 };

static int draw(void *user, double fraction) {
  cli_progress *progress = user;
  double now = cli_seconds();
  if (now - progress->started < moment || now - progress->drawn < interval) return 0;
  progress->drawn = now;
  int filled = (int)(fraction * BAR);
  fprintf(stderr, "\r%s [%.*s%*s] %3.0f %%", progress->label, filled, "########################################",
          BAR - filled, "", 100 * fraction);
  return 0;
}

umbra_progress cli_progress_open(cli_progress *progress, const char *label) {
  *progress = (cli_progress){.label = label, .started = cli_seconds()};
  return (umbra_progress){.report = isatty(STDERR_FILENO) ? draw : NULL, .user = progress};
}

void cli_progress_close(cli_progress *progress) {
  if (progress->drawn > 0) fputs("\r\033[K", stderr);
}
