/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>

#include "commands.h"
#include "key_life.h"
#include "progress.h"
#include "secret.h"
#include "target.h"
#include "verified.h"

typedef struct sign_options {
  const char *path;
  cli_secret secret;
  bool json;
} sign_options;

/* A file or folder whose manifest is claimed; everything else has none. */
static bool claim_manifest(const char *path) {
  char manifest[CLI_PATH];
  struct stat about;
  if (stat(path, &about) != 0 || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
    return cli_error("PATH: %s is neither a file nor a folder", path);
  const bool is_folder = S_ISDIR(about.st_mode);
  if (snprintf(manifest, sizeof manifest, is_folder ? "%s/manifest.umbra" : "%s.manifest", path) >= CLI_PATH)
    return cli_error("PATH: %s is too long", path);
  return cli_may_write("PATH", manifest, CLI_KIND_MANIFEST, NULL, 0);
}

static bool sign(const umbra_signing_key *key, const sign_options *o, cli_report *report) {
  cli_progress bar;
  umbra_signer signer = {UMBRA_SIGNER_INIT};
  umbra_manifest_info info = {UMBRA_MANIFEST_INFO_INIT};
  const umbra_progress progress = cli_progress_open(&bar, "signing");
  if (!cli_progress_check(&bar, umbra_manifest_sign(o->path, key, cli_now(), &progress), "PATH")) return false;
  cli_report_step(report, "sign", o->path);
  if (!cli_check(umbra_signing_key_signer(key, &signer), NULL) || !cli_verify(&info, &signer, "PATH", o->path, report))
    return false;
  cli_report_number(report, "files", (double)info.files);
  cli_report_number(report, "bytes", (double)info.bytes);
  return true;
}

static bool run(const cli_command *command, int argc, char **argv) {
  sign_options o = {0};
  const cli_option options[] = {
      {"secret", "FILE", "the signing key, of umbra keygen --signing", CLI_TEXT, &o.secret.file, CLI_REQUIRED},
      CLI_PASSPHRASE_OPTIONS(o.secret),
      CLI_JSON_OPTION(o.json),
      {0}};
  o.path = cli_parse(command, options, argc, argv);
  cli_secret_check(&o.secret);

  cli_report report = {0};
  umbra_signing_key *key = NULL;
  bool done = cli_report_open(&report) && claim_manifest(o.path) && cli_signing_key_load(&key, &o.secret, &report) &&
              sign(key, &o, &report);
  umbra_signing_key_destroy(key);
  return cli_report_close(&report, done, o.json);
}

const cli_command cli_sign = {
    .name = "sign",
    .summary = "Signs a plan, a bundle or any other file, or all files in a folder.",
    .operand = "PATH",
    .details =
        "The manifest goes beside what it is of: PATH/manifest.umbra in a folder, PATH.manifest beside a file. It\n"
        "lists each file with its length, kind and digest, the owner of the keys and the date. A folder is signed\n"
        "as a whole: nothing may be added or renamed later, folders in it are refused, and so are files of two\n"
        "owners and secret keys. umbra inspect shows a manifest, and umbra verify checks it.\n\n"
        "Examples:\n"
        "  umbra sign server.umbra --secret secret/signing.umbra\n"
        "  umbra sign data --secret secret/signing.umbra --passphrase-file secret/passphrase",
    .run = run};
