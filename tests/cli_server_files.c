/* SPDX-License-Identifier: Apache-2.0 */
/* labels: quick */
/*
 * The server opens parameters, evaluation keys, model, records and its output, and nothing else of the job. Watched
 * with strace; skipped where that is missing or may not trace.
 */
#include "cli_process.h"

enum { SKIPPED = 77, INPUTS = 4 };

static const char *const inputs[INPUTS] = {"params.umbra", "eval.umbra", "model.umbra", "records.umbra"};

/* The path between < and > behind the descriptor that a successful call returned; NULL for other lines. */
static char *opened_path(char *line) {
  char *result = strrchr(line, '=');
  char *start = result ? strchr(result, '<') : NULL;
  char *end = start ? strrchr(start, '>') : NULL;
  if (!end) return NULL;
  *end = '\0';
  return start + 1;
}

/*
 * Counts the opening of an input; anything else must be the output, the temporary file that becomes it, its lock, or
 * their folder, which is synchronised after the renaming.
 */
static void judge(const char *path, const char *server, int counts[INPUTS]) {
  size_t length = strlen(server);
  if (strncmp(path, server, length) != 0) fail_msg("the server opened %s", path);
  if (!path[length]) return;
  const char *name = path + length + 1;
  for (int i = 0; i < INPUTS; i++) {
    if (strcmp(name, inputs[i]) != 0) continue;
    counts[i]++;
    return;
  }
  if (strcmp(name, ".scores.umbra.lock") == 0) return;
  if (strncmp(name, "scores.umbra", strlen("scores.umbra")) != 0) fail_msg("the server opened %s", path);
}

static void server_opens_its_files_only(void **state) {
  (void)state;
  int counts[INPUTS] = {0};
  char line[CLI_TEXT], server[128];
  snprintf(server, sizeof server, "%s/server", scratch);
  assert_int_equal(shell("mkdir server && cp keys/params.umbra keys/eval.umbra model.umbra records.umbra server"), 0);
  assert_int_equal(shell("cd server && strace -f -y -qq -s 4096 -o ../trace -e trace='?open,?creat,openat,?openat2' "
                         "%s score --keys . --model model.umbra --records records.umbra --out scores.umbra >../out",
                         UMBRA_PROGRAM),
                   0);
  FILE *trace = fopen("trace", "r");
  assert_non_null(trace);
  while (fgets(line, sizeof line, trace)) {
    assert_null(strstr(line, "secret"));
    char *path = opened_path(line);
    if (path && strncmp(path, scratch, strlen(scratch)) == 0) judge(path, server, counts);
  }
  fclose(trace);
  for (int i = 0; i < INPUTS; i++)
    assert_in_range(counts[i], 1, 3); /* keys: also for their owner, and for their life */
  assert_int_equal(access("server/scores.umbra", F_OK), 0);
}

int main(void) {
  if (system("strace -f -o /dev/null true 2>/dev/null") != 0) return SKIPPED;
  setenv("ASAN_OPTIONS", "detect_leaks=0", 1); /* LeakSanitizer is a tracer itself, and cannot be traced */
  const struct CMUnitTest tests[] = {cmocka_unit_test(server_opens_its_files_only)};
  return cmocka_run_group_tests(tests, make_job, leave_scratch);
}
