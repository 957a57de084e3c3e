/* SPDX-License-Identifier: Apache-2.0 */
#include "new_keys.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "claim.h"
#include "key_life.h"
#include "opened.h"
#include "progress.h"
#include "target.h"

/* ---- places ---- */

bool cli_place_free(const char *option, const char *path) {
  struct stat about;
  char mark[CLI_PATH + sizeof ".retired"];
  snprintf(mark, sizeof mark, "%s.retired", path);
  if (lstat(mark, &about) == 0)
    return cli_error("%s: %s is left of a key that was retired; move it away first", option, mark);
  return lstat(path, &about) != 0 || cli_error("%s: %s exists already and will not be replaced", option, path);
}

/* The real path of a file or folder that need not exist yet, while the folder that it is in must. */
static bool resolve(char real[PATH_MAX], const char *option, const char *path) {
  char copy[CLI_PATH];
  if (realpath(path, real)) return true;
  snprintf(copy, sizeof copy, "%s", path);
  if (errno != ENOENT || !realpath(dirname(copy), real)) return cli_error("%s: %s: %s", option, path, strerror(errno));
  snprintf(copy, sizeof copy, "%s", path);
  const char *name = basename(copy);
  const size_t length = strcmp(real, "/") == 0 ? 0 : strlen(real);
  if (length + strlen(name) + 2 > PATH_MAX) return cli_error("%s: %s is too long", option, path);
  snprintf(real + length, PATH_MAX - length, "/%s", name);
  return true;
}

/* The folder of public things is made to be copied, so the secret key must not lie in it, at any depth. */
static bool secret_is_elsewhere(const char *secret, const char *folder) {
  char home[PATH_MAX], public[PATH_MAX];
  if (!resolve(home, "--secret", secret) || !resolve(public, "--out", folder)) return false;
  size_t length = strcmp(public, "/") == 0 ? 0 : strlen(public);
  bool inside = strncmp(home, public, length) == 0 && (home[length] == '/' || home[length] == '\0');
  return !inside ||
         cli_error("--secret: %s lies in the folder of public things, %s; choose another place", secret, folder);
}

static bool lacks(const char *option, const char *folder, const char *kind) {
  char name[CLI_NAME];
  return !cli_folder_has(name, folder, kind) ||
         cli_error("%s: secret keys and the keys that are given away need separate folders, and %s holds a %s, %s",
                   option, folder, kind, name);
}

static bool secret_lives_alone(const char *secret) {
  char copy[CLI_PATH];
  snprintf(copy, sizeof copy, "%s", secret);
  const char *folder = dirname(copy);
  return lacks("--secret", folder, CLI_KIND_PUBLIC_KEY) && lacks("--secret", folder, CLI_KIND_EVAL_KEYS) &&
         lacks("--secret", folder, CLI_KIND_SIGNER);
}

bool cli_places_claim(const char *folder, const char *secret) {
  return cli_may_fill("--out", folder) && cli_folder_of("--secret", secret) && secret_is_elsewhere(secret, folder) &&
         cli_claim_folder("--out", folder) && cli_claim_file("--secret", secret) &&
         cli_place_free("--secret", secret) && secret_lives_alone(secret) &&
         lacks("--out", folder, CLI_KIND_SECRET_KEY) && lacks("--out", folder, CLI_KIND_SIGNING_KEY) &&
         cli_opened_lacks("--out", folder);
}

/* ---- what seals the secret one ---- */

bool cli_sealing_open(cli_sealing *s, const cli_secret *secret, bool unsealed) {
  cli_secrets_begin();
  if (unsealed) return true;
  if (secret->store) {
    s->to_the_store = &s->store.store;
    return cli_key_store_open(&s->store, "--store", secret->store);
  }
  s->passphrase = s->word;
  return secret->passphrase_file ? cli_passphrase_read(s->word, CLI_PASSPHRASE_FILE, secret->passphrase_file)
                                 : cli_passphrase_choose(s->word);
}

void cli_sealing_close(cli_sealing *s) {
  cli_key_store_close(&s->store);
  explicit_bzero(s, sizeof *s);
}

/* ---- files ---- */

void cli_made_note(cli_made *made, const char *path) {
  snprintf(made->path[made->count++], sizeof *made->path, "%s", path);
}

void cli_made_remove(cli_made *made) {
  while (made->count > 0) {
    const char *path = made->path[--made->count];
    if (unlink(path) != 0 && errno != ENOENT) cli_error("left behind: %s: %s", path, strerror(errno));
  }
}

/* Unlike a renaming this never replaces a file, not even one that has just appeared. */
static bool publish(cli_made *made, const char *draft, const char *path) {
  bool published = link(draft, path) == 0;
  int reason = errno;
  unlink(draft);
  if (!published) return cli_error("--out: %s: %s", path, strerror(reason));
  cli_made_note(made, path);
  return true;
}

/* Written under another name first, in the same folder. */
bool cli_give_away(cli_made *made, const char *folder, const char *name, cli_report *report, cli_save save,
                   const void *object) {
  char path[CLI_PATH], draft[CLI_PATH];
  if (!cli_path(path, folder, name)) return false;
  if (snprintf(draft, sizeof draft, "%s.%ld.draft", path, (long)getpid()) >= CLI_PATH)
    return cli_error("the path %s is too long", path);
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, name);
  if (!cli_progress_check(&bar, save(object, draft, &progress), "--out")) return false;
  if (cli_interrupted()) {
    unlink(draft);
    return cli_error("interrupted");
  }
  if (!publish(made, draft, path)) return false;
  cli_report_step(report, name, path);
  return true;
}

/* ---- keys that sign ---- */

static umbra_status save_signer(const void *signer, const char *path, const umbra_progress *progress) {
  (void)progress;
  return umbra_signer_save(signer, path);
}

static bool save_signing(cli_made *made, const umbra_signing_key *key, const cli_keygen_place *where,
                         const cli_sealing *sealing, cli_report *report) {
  umbra_signer signer = {UMBRA_SIGNER_INIT};
  if (!cli_check(umbra_signing_key_signer(key, &signer), NULL) ||
      !cli_check(umbra_signing_key_save(key, where->secret.file, sealing->passphrase, sealing->to_the_store),
                 "--secret"))
    return false;
  cli_made_note(made, where->secret.file);
  cli_report_step(report, "signing key", where->secret.file);
  cli_hex_add(report->root, "signer", signer.key, sizeof signer.key);
  return cli_give_away(made, where->out, CLI_SIGNER_FILE, report, save_signer, &signer);
}

typedef struct signing_job {
  char signer[CLI_PATH];
  umbra_key_life life;
  umbra_signing_key *key;
  cli_sealing sealing;
  cli_made made;
} signing_job;

static bool make_signing(signing_job *j, const cli_keygen_place *where, cli_report *report) {
  cli_interrupts_hold();
  bool done = cli_check(umbra_signing_key_generate(&j->key, &j->life), NULL) &&
              save_signing(&j->made, j->key, where, &j->sealing, report);
  if (!done) cli_made_remove(&j->made);
  umbra_signing_key_destroy(j->key);
  return done;
}

bool cli_signing_keygen(const cli_keygen_place *where, cli_report *report) {
  signing_job *j = calloc(1, sizeof *j);
  if (!j) return cli_error("out of memory");
  j->life = cli_life_of(where->expires);
  bool done = cli_places_claim(where->out, where->secret.file) && cli_path(j->signer, where->out, CLI_SIGNER_FILE) &&
              cli_place_free("--out", j->signer) && cli_sealing_open(&j->sealing, &where->secret, where->unsealed) &&
              cli_report_open(report) && make_signing(j, where, report);
  cli_sealing_close(&j->sealing);
  free(j);
  return done;
}
