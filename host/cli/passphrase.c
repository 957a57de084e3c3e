/* SPDX-License-Identifier: Apache-2.0 */
#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "output.h"
#include "progress.h"
#include "target.h"

/* The line up to its newline. Not by stdio, whose buffers would keep a copy. */
static bool read_line(char line[CLI_PASSPHRASE], int file, const char *name) {
  ssize_t count = 0, got;
  while (count < CLI_PASSPHRASE && (got = read(file, line + count, CLI_PASSPHRASE - (size_t)count)) != 0) {
    if (got < 0) return cli_error("%s: %s", name, errno == EINTR ? "interrupted" : strerror(errno));
    count += got;
    if (memchr(line, '\n', (size_t)count)) break;
  }
  char *end = memchr(line, '\n', (size_t)count);
  if (!end && count == CLI_PASSPHRASE)
    return cli_error("%s: a passphrase has at most %d bytes", name, CLI_PASSPHRASE - 1);
  if (!end) end = line + count;
  if (memchr(line, '\0', (size_t)(end - line))) return cli_error("%s: a passphrase is text, without zero bytes", name);
  if (end > line && end[-1] == '\r') end--;
  *end = '\0';
  return *line || cli_error("%s: the passphrase is empty", name);
}

bool cli_passphrase_read(char passphrase[CLI_PASSPHRASE], const char *option, const char *file) {
  char name[4096 + 32];
  const bool standard = strcmp(file, "-") == 0;
  snprintf(name, sizeof name, "%s: %s", option, standard ? "standard input" : file);
  if (standard) return read_line(passphrase, STDIN_FILENO, name);
  int descriptor = cli_open_input(option, file);
  if (descriptor < 0) return false;
  bool read = read_line(passphrase, descriptor, name);
  close(descriptor);
  return read;
}

/* Reads without echo. A signal ends the reading, so that the echo is back before the program dies of it. */
static bool read_hidden(char line[CLI_PASSPHRASE], int terminal) {
  struct termios before, hidden;
  if (tcgetattr(terminal, &before) != 0) return cli_error("the terminal cannot be set: %s", strerror(errno));
  hidden = before;
  hidden.c_lflag &= ~(tcflag_t)ECHO;
  const bool holds = cli_interrupts_hold();
  tcsetattr(terminal, TCSAFLUSH, &hidden);
  bool read = read_line(line, terminal, "terminal");
  tcsetattr(terminal, TCSAFLUSH, &before);
  if (holds) cli_interrupts_release();
  return read;
}

bool cli_passphrase_ask(char passphrase[CLI_PASSPHRASE], const char *prompt, const char *instead) {
  int terminal = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return cli_error("there is no terminal to ask for a passphrase; give %s FILE", instead);
  dprintf(terminal, "%s: ", prompt);
  bool read = read_hidden(passphrase, terminal);
  dprintf(terminal, "\n");
  close(terminal);
  return read;
}

bool cli_passphrase_choose(char passphrase[CLI_PASSPHRASE]) {
  char again[CLI_PASSPHRASE];
  bool chosen = cli_passphrase_ask(passphrase, "Passphrase for the new secret key", CLI_PASSPHRASE_FILE) &&
                cli_passphrase_ask(again, "The same again", CLI_PASSPHRASE_FILE) &&
                (strcmp(passphrase, again) == 0 || cli_error("the two passphrases differ"));
  explicit_bzero(again, sizeof again);
  return chosen;
}
