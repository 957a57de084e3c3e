/* SPDX-License-Identifier: Apache-2.0 */
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEAD "umbra releases 1 "
#define OPTION "--publish"

enum { MOST_BYTES = 1 << 26, LINE = 256 };

static bool refused(const cli_journal *j, const char *what) {
  return cli_error(OPTION ": cannot %s the journal %s: %s", what, j->path, strerror(errno));
}

static bool malformed(const cli_journal *j, size_t line) {
  return cli_error(OPTION ": line %zu of the journal %s is none that this program writes; what was shown cannot be "
                          "counted, and nothing is shown. What would do: a copy that is whole, or a new key",
                   line, j->path);
}

/* ---- lines ---- */

typedef struct entry {
  char id[CLI_HEX];
  double statistical;
  uint64_t releases, ciphertexts;
  double epsilon, delta; /* what was promised of the records; 0: nothing */
} entry;

static void write_line(char line[LINE], const entry *e) {
  int length =
      snprintf(line, LINE, "%s %.17g %" PRIu64 " %" PRIu64, e->id, e->statistical, e->releases, e->ciphertexts);
  if (e->epsilon > 0) length += snprintf(line + length, LINE - length, " private %.17g %.17g", e->epsilon, e->delta);
  snprintf(line + length, LINE - length, "\n");
}

/* Only what write_line makes. */
static bool read_line(entry *e, const char *line, size_t length) {
  char copy[LINE], again[LINE];
  if (length >= LINE) return false;
  memcpy(copy, line, length);
  copy[length] = '\0';
  *e = (entry){0};
  const int read = sscanf(copy, "%64[0-9a-f] %lf %" SCNu64 " %" SCNu64 " private %lf %lf", e->id, &e->statistical,
                          &e->releases, &e->ciphertexts, &e->epsilon, &e->delta);
  if (read != 4 && read != 6) return false;
  write_line(again, e);
  return strlen(e->id) == 2 * UMBRA_DISCLOSURE_ID_BYTES && e->releases && e->ciphertexts && isfinite(e->statistical) &&
         strcmp(copy, again) == 0;
}

static bool is_same(const entry *a, const entry *b) {
  return strcmp(a->id, b->id) == 0 && a->statistical == b->statistical && a->releases == b->releases &&
         a->ciphertexts == b->ciphertexts && a->epsilon == b->epsilon && a->delta == b->delta;
}

static double share(const entry *e) { return (double)e->ciphertexts / (double)e->releases * exp2(-e->statistical); }

/* What was shown so far, and whether that release was. */
typedef struct tally {
  double spent, epsilon, delta;
  uint64_t ciphertexts, unpromised; /* unpromised: of them, without a promise about records */
  bool known;
} tally;

static void count(tally *sum, const entry *e) {
  sum->spent += share(e);
  sum->ciphertexts += e->ciphertexts;
  sum->epsilon += e->epsilon;
  sum->delta += e->delta;
  if (!(e->epsilon > 0)) sum->unpromised += e->ciphertexts;
}

static bool add_up(tally *sum, const cli_journal *j, const entry *asked) {
  *sum = (tally){0};
  const char *end = j->text + j->size;
  size_t line = 2;
  for (const char *at = j->text, *next; at < end; at = next, line++) {
    entry e;
    next = (const char *)memchr(at, '\n', (size_t)(end - at)) + 1; /* the last line has its end, too */
    if (!read_line(&e, at, (size_t)(next - at))) return malformed(j, line);
    count(sum, &e);
    sum->known |= is_same(&e, asked);
  }
  return true;
}

/* ---- the file ---- */

/* Beside the file itself, not a link to it: one key, one journal. */
static bool find_path(cli_journal *j, const char *key_file) {
  char *real = realpath(key_file, NULL);
  if (!real) return cli_error("--secret: %s: %s", key_file, strerror(errno));
  const int length = snprintf(j->path, sizeof j->path, "%s.releases", real);
  free(real);
  return (length > 0 && length < CLI_PATH) || cli_error("--secret: the path is too long");
}

static void head_of(char head[LINE], const umbra_secret_key *key) {
  uint8_t owner[UMBRA_OWNER_BYTES];
  char hex[CLI_HEX];
  umbra_secret_key_owner(key, owner);
  cli_hex(hex, owner, sizeof owner);
  snprintf(head, LINE, HEAD "%s\n", hex);
}

static bool sync_folder(const cli_journal *j) {
  char copy[CLI_PATH];
  memcpy(copy, j->path, sizeof copy);
  const int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = folder >= 0 && fsync(folder) == 0;
  if (folder >= 0) close(folder);
  return synced || refused(j, "make");
}

/* A line reaches the disk as a whole, or the end of the file is as before. */
static bool append(const cli_journal *j, const char *line) {
  const size_t length = strlen(line);
  return (write(j->file, line, length) == (ssize_t)length && fsync(j->file) == 0) || refused(j, "write");
}

static bool lock(cli_journal *j, int file) {
  j->file = file;
  j->is_open = true;
  if (flock(j->file, LOCK_EX | LOCK_NB) == 0) return true;
  return errno == EWOULDBLOCK ? cli_error(OPTION ": the journal %s is in use: another release is being made", j->path)
                              : refused(j, "lock");
}

static bool none(const cli_journal *j) {
  return cli_error(OPTION ": there is no journal %s, so nobody knows what was shown before: with --new-journal one "
                          "begins; if this key has been used for releases elsewhere, bring its journal here instead",
                   j->path);
}

/* how: 0, or O_CREAT if there need be none. */
static bool open_file(cli_journal *j, int how) {
  struct stat about;
  const int file = open(j->path, O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | how, 0600);
  if (file < 0) return errno == ENOENT && !how ? none(j) : refused(j, how ? "make" : "open");
  if (!lock(j, file)) return false;
  if (fstat(file, &about) != 0 || !S_ISREG(about.st_mode))
    return cli_error(OPTION ": the journal %s is no regular file", j->path);
  if (about.st_size > MOST_BYTES) return cli_error(OPTION ": the journal %s is larger than any", j->path);
  j->size = (size_t)about.st_size;
  return true;
}

static bool read_text(cli_journal *j) {
  j->text = malloc(j->size + 1); /* with room for the end of a line */
  if (!j->text) return cli_error("out of memory");
  return pread(j->file, j->text, j->size, 0) == (ssize_t)j->size || refused(j, "read");
}

/* A journal that was made and has no first line yet, as a process that was killed leaves it: nothing is counted in it. */
static bool is_begun(const cli_journal *j, const char *head) {
  return j->size < strlen(head) && memcmp(j->text, head, j->size) == 0;
}

static bool begin(cli_journal *j, const char *head) {
  if (!is_begun(j, head))
    return cli_error("--new-journal: there is a journal, %s, and it goes on without this option", j->path);
  j->size = 0;
  return (ftruncate(j->file, 0) == 0 || refused(j, "write")) && append(j, head) && sync_folder(j);
}

static bool check_head(cli_journal *j, const char *head) {
  const size_t length = strlen(head);
  if (is_begun(j, head))
    return cli_error(OPTION
                     ": the journal %s was begun, and has no line: with --new-journal it begins again, if nothing "
                     "was shown of this key before; else bring a whole copy of it here instead",
                     j->path);
  if (j->size < length || memcmp(j->text, HEAD, strlen(HEAD)) != 0) return malformed(j, 1);
  if (memcmp(j->text, head, length) != 0) return cli_error(OPTION ": the journal %s is of another key", j->path);
  j->size -= length;
  memmove(j->text, j->text + length, j->size);
  return true;
}

/*
 * Behind the first line. The last one may lack its end: as a whole it counts, since editors take ends away; what a line
 * without the rest was to count was never shown, and goes.
 */
static bool end_lines(cli_journal *j) {
  entry e;
  size_t last = j->size;
  while (last && j->text[last - 1] != '\n') last--;
  if (last == j->size) return true;
  j->text[j->size] = '\n';
  if (read_line(&e, j->text + last, j->size + 1 - last)) {
    j->size++;
    return append(j, "\n");
  }
  const off_t whole = lseek(j->file, 0, SEEK_END) - (off_t)(j->size - last);
  j->size = last;
  return ftruncate(j->file, whole) == 0 || refused(j, "write");
}

bool cli_journal_open(cli_journal *journal, const char *key_file, const umbra_secret_key *key, bool is_new) {
  const entry nothing = {0};
  tally sum;
  char head[LINE];
  head_of(head, key);
  if (!find_path(journal, key_file) || !open_file(journal, is_new ? O_CREAT : 0) || !read_text(journal)) return false;
  if (is_new) return begin(journal, head);
  return check_head(journal, head) && end_lines(journal) && add_up(&sum, journal, &nothing);
}

void cli_journal_close(cli_journal *journal) {
  free(journal->text);
  if (journal->is_open) close(journal->file);
  *journal = (cli_journal){0};
}

/* ---- counting ---- */

static bool refuse(const tally *sum, const entry *e) {
  const double all = exp2(-e->statistical);
  return cli_error("--releases: %" PRIu64 " ciphertexts have been shown before, which took %.4g of what s = %g allows; "
                   "this release of %" PRIu64 " takes %.4g more, as one of %" PRIu64
                   ", and the sum would be above 1. What would do: more --releases, from the first one on; a lower "
                   "--statistical, which says that more may be learnt; or a new key, and data encrypted with it",
                   sum->ciphertexts, sum->spent / all, e->statistical, e->ciphertexts, share(e) / all, e->releases);
}

/* Promises about records add up, over all releases that know the same ones. */
static void report_promises(const tally *sum, cli_report *report) {
  if (!(sum->epsilon > 0)) return;
  cli_report_number(report, "epsilon_of_all", sum->epsilon);
  cli_report_number(report, "delta_of_all", sum->delta);
  if (sum->unpromised)
    cli_report_warning(report,
                       "values were shown under this key without a promise about records: if they followed from "
                       "the same records, no promise of this key says what is known of these");
}

bool cli_journal_count(cli_journal *journal, const umbra_disclosure *made, const umbra_disclosure_options *options,
                       const umbra_privacy *promise, cli_report *report) {
  entry e = {.statistical = options->statistical, .releases = options->releases, .ciphertexts = made->ciphertexts};
  const double rounding = 1 + 0x1p-20;
  char line[LINE];
  tally sum;
  if (promise) {
    e.epsilon = promise->epsilon;
    e.delta = promise->delta;
  }
  cli_hex(e.id, made->id, sizeof made->id);
  write_line(line, &e);
  if (!add_up(&sum, journal, &e)) return false;
  if (!sum.known && !(sum.spent + share(&e) <= exp2(-e.statistical) * rounding)) return refuse(&sum, &e);
  if (!sum.known && !append(journal, line)) return false;
  cli_report_number(report, "shown_before", (double)sum.ciphertexts);
  if (!sum.known) count(&sum, &e);
  cli_report_number(report, "spent", sum.spent / exp2(-e.statistical));
  if (sum.known) cli_report_text(report, "shown_again", "the same release as before: it counts once");
  report_promises(&sum, report);
  return true;
}
