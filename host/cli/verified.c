/* SPDX-License-Identifier: Apache-2.0 */
#include "verified.h"

#include "key_life.h"
#include "progress.h"

bool cli_signer_load(umbra_signer *signer, const char *option, const char *file) {
  umbra_signer_init(signer);
  return cli_key_serves(option, file) && cli_check(umbra_signer_load(signer, file), option);
}

bool cli_verify(umbra_manifest_info *info, const umbra_signer *signer, const char *option, const char *path,
                cli_report *report) {
  cli_progress bar;
  const umbra_progress progress = cli_progress_open(&bar, "verifying");
  if (!cli_progress_check(&bar, umbra_manifest_verify(info, path, signer, &progress), option)) return false;
  cli_report_step(report, "verify", path);
  return true;
}

bool cli_verified(const char *signer_file, const char *option, const char *path, cli_report *report) {
  umbra_signer signer;
  if (!signer_file || !path) return true;
  return cli_signer_load(&signer, "--verify", signer_file) && cli_verify(NULL, &signer, option, path, report);
}
