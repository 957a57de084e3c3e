/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "output.h"

static const double moment = 1.0, interval = 0.1; /* seconds */
enum { BAR = 40 };

static volatile sig_atomic_t interrupted;
static bool held;

/* Nobody waits any longer for what standard input may still bring; later the descriptor may be something else. */
static void note(int signal) {
  if (!interrupted) close(STDIN_FILENO);
  interrupted = signal;
}

static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { SIGNALS = sizeof signals / sizeof *signals };

/* A signal that is ignored, as in the background, stays so. Reading does not go on behind a signal. */
static void set_handlers(void (*handler)(int)) {
  struct sigaction action = {.sa_handler = handler}, before;
  for (int i = 0; i < SIGNALS; i++)
    if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN) sigaction(signals[i], &action, NULL);
}

/* Blocked ones are inherited, and would stop nothing. */
static void unblock_signals(void) {
  sigset_t set;
  sigemptyset(&set);
  for (int i = 0; i < SIGNALS; i++) sigaddset(&set, signals[i]);
  pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

bool cli_interrupts_hold(void) {
  const bool before = held;
  held = true;
  if (before) return false;
  set_handlers(note);
  unblock_signals();
  return true;
}

bool cli_interrupted(void) { return interrupted != 0; }

bool cli_goes_on(void) { return !interrupted || cli_error("interrupted"); }

void cli_interrupts_release(void) {
  set_handlers(SIG_DFL);
  held = false;
  if (interrupted) raise(interrupted);
}

static void draw(cli_progress *progress, double fraction) {
  double now = cli_seconds(), done = fraction - progress->first;
  if (now - progress->started < moment || now - progress->drawn < interval) return;
  progress->drawn = now;
  int filled = (int)(fraction * BAR);
  char left[CLI_UNITS] = "";
  if (done > 0) cli_duration_text(left, (now - progress->started) * (1 - fraction) / done);
  fprintf(stderr, "\r%s [%.*s%*s] %3.0f %%%s%s%s\033[K", progress->label, filled,
          "########################################", BAR - filled, "", 100 * fraction, *left ? ", " : "", left,
          *left ? " left" : "");
}

/* Where whoever started the program wants to be told: -1 is nowhere. */
static int listener(void) {
  const char *text = getenv("UMBRA_PROGRESS");
  const size_t digits = text ? strspn(text, "0123456789") : 0;
  return digits && digits < 5 && !text[digits] ? atoi(text) : -1;
}

static void tell(cli_progress *progress, double fraction) {
  const double now = cli_seconds();
  if (progress->listener < 0 || (fraction < 1 && now - progress->told < interval)) return;
  progress->told = now;
  if (dprintf(progress->listener, "%.4f %s\n", fraction, progress->label) < 0) progress->listener = -1;
}

static int report(void *user, double fraction) {
  if (isatty(STDERR_FILENO)) draw(user, fraction);
  tell(user, fraction);
  return cli_interrupted();
}

umbra_progress cli_progress_open(cli_progress *progress, const char *label) {
  *progress = (cli_progress){.label = label, .started = cli_seconds(), .listener = listener()};
  return (umbra_progress){.report = report, .user = progress};
}

void cli_progress_close(cli_progress *progress) {
  if (progress->drawn > 0) fputs("\r\033[K", stderr);
}

bool cli_progress_check(cli_progress *progress, umbra_status status, const char *option) {
  cli_progress_close(progress);
  return cli_check(status, option);
}
