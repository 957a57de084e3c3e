/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "claim.h"
#include "commands.h"
#include "engine.h"
#include "key_life.h"
#include "owners.h"
#include "progress.h"

typedef struct retire_options {
  const char *secret, *keys;
  bool json;
} retire_options;

typedef struct key {
  const char *option;
  char path[CLI_PATH];
  bool is_retired; /* already */
} key;

enum { MOST_KEYS = 4 }; /* secret one, public one, evaluation keys, a signer's */

typedef struct retire_job {
  key keys[MOST_KEYS];
  int count;
} retire_job;

/* All are looked at before any is retired. */
static bool add(retire_job *j, const char *option, const char *path) {
  key *added = &j->keys[j->count++];
  char mark[CLI_PATH], file[PATH_MAX];
  umbra_key_life life = {UMBRA_KEY_LIFE_INIT};
  *added = (key){.option = option};
  if (!cli_check(umbra_key_life_of_file(&life, path), option)) return false;
  if (!realpath(path, file)) return cli_error("%s: %s: %s", option, path, strerror(errno));
  if (snprintf(added->path, CLI_PATH, "%s", path) >= CLI_PATH ||
      snprintf(mark, CLI_PATH, "%s.retired", file) >= CLI_PATH)
    return cli_error("%s: %s is too long", option, path);
  added->is_retired = life.retired != 0;
  return cli_claim_file(option, mark);
}

static bool add_folder(retire_job *j, const char *folder) {
  static const char *const names[] = {CLI_PUBLIC_KEY_FILE, CLI_EVAL_KEYS_FILE, CLI_SIGNER_FILE};
  struct stat about;
  const int before = j->count;
  for (int i = 0; i < 3; i++) {
    char path[CLI_PATH];
    if (!cli_path(path, folder, names[i])) return false;
    if (lstat(path, &about) == 0 && !add(j, "--keys", path)) return false;
  }
  return j->count > before || cli_error("--keys: %s is no folder with keys", folder);
}

static bool are_of_one_owner(const retire_options *o) {
  const cli_owned files[] = {{"--keys", o->keys, CLI_PUBLIC_KEY_FILE},
                             {"--keys", o->keys, CLI_EVAL_KEYS_FILE},
                             {"--keys", o->keys, CLI_SIGNER_FILE},
                             {"--secret", NULL, o->secret}};
  return !o->keys || cli_owners_agree(files, 4);
}

static bool retire(const retire_job *j, cli_report *report) {
  const uint64_t now = cli_now();
  for (int i = 0; i < j->count; i++) {
    const key *k = &j->keys[i];
    if (!cli_goes_on() || (!k->is_retired && !cli_check(umbra_key_retire(k->path, now), k->option))) return false;
    cli_report_step(report, k->is_retired ? "was retired before" : "retire", k->path);
  }
  return true;
}

static bool run(const cli_command *command, int argc, char **argv) {
  retire_options o = {0};
  const cli_option options[] = {
      {"secret", "FILE", "a secret key, or one that signs", CLI_TEXT, &o.secret, CLI_OPTIONAL},
      {"keys", "DIR", "folder with keys that were made with it", CLI_TEXT, &o.keys, CLI_OPTIONAL},
      CLI_JSON_OPTION(o.json),
      {0}};
  cli_parse(command, options, argc, argv);
  if (!o.secret && !o.keys) cli_usage("--secret FILE or --keys DIR is missing: what to retire");

  cli_report report = {0};
  retire_job *job = calloc(1, sizeof *job);
  if (!job) return cli_error("out of memory");
  bool done = cli_report_open(&report) && (!o.secret || add(job, "--secret", o.secret)) &&
              (!o.keys || add_folder(job, o.keys)) && are_of_one_owner(&o) && retire(job, &report);
  free(job);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_retire = {
    .name = "retire",
    .summary = "Takes keys out of use: nothing is encrypted, computed or signed with them any more.",
    .details =
        "Beside each key comes a file of its name and .retired, which every command looks for before it uses the key;\n"
        "it goes with the key. Decrypting goes on, with a note. Copies of keys that are elsewhere know nothing of it:\n"
        "tell whoever has them. What is retired stays so; new keys need another folder.\n\n"
        "Example:\n"
        "  umbra retire --secret secret/key.umbra --keys keys",
    .run = run};
