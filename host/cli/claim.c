/* SPDX-License-Identifier: Apache-2.0 */
#include "claim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <umbra/lock.h>
#include <unistd.h>

#include "engine.h"
#include "progress.h"

typedef struct claim {
  struct claim *before;
  umbra_lock *lock;
  char made[CLI_PATH]; /* folder; "": none */
} claim;

static claim *claims; /* of the program: the last one */

static void release(claim *c) {
  umbra_lock_destroy(c->lock);
  if (*c->made) (void)rmdir(c->made);
  free(c);
}

void cli_claims_release(void) {
  while (claims) {
    claim *last = claims;
    claims = last->before;
    release(last);
  }
}

/* Wrong usage that is found later leaves by exit. */
static void prepare(void) {
  static bool prepared;
  if (!prepared) atexit(cli_claims_release);
  prepared = true;
  cli_interrupts_hold();
}

static bool add(const char *option, const char *locked, const char *made) {
  claim *c = calloc(1, sizeof *c);
  if (!c) return cli_error("out of memory");
  *c = (claim){.before = claims};
  claims = c;
  if (made) strcpy(c->made, made);
  return cli_check(umbra_lock_create(&c->lock, locked), option);
}

bool cli_claim_file(const char *option, const char *path) {
  prepare();
  return add(option, path, NULL);
}

bool cli_claim_folder(const char *option, const char *folder) {
  char all[CLI_PATH];
  if (!cli_path(all, folder, "umbra")) return false;
  prepare();
  const bool made = mkdir(folder, 0777) == 0;
  if (!made && errno != EEXIST) return cli_error("%s: %s: %s", option, folder, strerror(errno));
  return add(option, all, made ? folder : NULL);
}
