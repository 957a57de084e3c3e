/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "commands.h"
#include "engine.h"
#include "key_life.h"
#include "progress.h"
#include "verified.h"

static void summarise(const umbra_manifest_info *info, cli_report *report) {
  static const uint8_t nobody[UMBRA_FILE_OWNER_BYTES];
  char date[CLI_UNITS];
  cli_report_text(report, "date", cli_time_text(date, info->date));
  cli_hex_add(report->root, "signer", info->signer, sizeof info->signer);
  if (memcmp(info->owner, nobody, sizeof nobody) != 0)
    cli_hex_add(report->root, "owner", info->owner, sizeof info->owner);
  cli_report_number(report, "files", (double)info->files);
  cli_report_number(report, "bytes", (double)info->bytes);
}

static bool run(const cli_command *command, int argc, char **argv) {
  bool json = false;
  const char *file = NULL;
  const cli_option options[] = {
      {"signer", "FILE", CLI_SIGNER_FILE " of whoever is trusted, from umbra keygen --signing", CLI_TEXT, &file,
       CLI_REQUIRED},
      CLI_JSON_OPTION(json),
      {0}};
  const char *path = cli_parse(command, options, argc, argv);

  umbra_signer signer;
  umbra_manifest_info info = {UMBRA_MANIFEST_INFO_INIT};
  cli_report report = {0};
  cli_interrupts_hold();
  bool done = cli_report_open(&report) && cli_signer_load(&signer, "--signer", file) &&
              cli_verify(&info, &signer, "PATH", path, &report);
  if (done) summarise(&info, &report);
  return cli_report_close(&report, done, json);
}

const cli_command cli_verify_files = {
    .name = "verify",
    .summary = "Checks that a file, or all files in a folder, are as somebody signed them.",
    .operand = "PATH",
    .details =
        "What is missing, added, altered, renamed or a link is named, and is a failure; so is a manifest that\n"
        "somebody else has signed. Get the signer's key by a way that you trust, and keep it: whoever can exchange\n"
        "it can sign. The date is the signer's word; an older manifest, with its files, is as valid as a newer one.\n"
        "umbra train and umbra infer do the same before they load anything, if they are given --verify.\n\n"
        "Example:\n"
        "  umbra verify data --signer signer.umbra",
    .run = run};
