/* SPDX-License-Identifier: Apache-2.0 */
/* Files as a signer has signed them: asked before they are loaded, by commands that are told whom to trust. */
#ifndef UMBRA_CLI_VERIFIED_H
#define UMBRA_CLI_VERIFIED_H

#include <umbra/manifest.h>

#include "output.h"

#define CLI_VERIFY_OPTION(target, what)                                                                              \
  {                                                                                                                  \
    "verify", "FILE", "refuse " what " unless signed with this signer's key, see umbra verify", CLI_TEXT, &(target), \
        CLI_OPTIONAL                                                                                                 \
  }

/* The public key in the file that an option names. False, with an error, also if it is out of use. */
bool cli_signer_load(umbra_signer *signer, const char *option, const char *file);

/* False, with an error, unless the file or folder that an option names is as it was signed. info: may be NULL. */
bool cli_verify(umbra_manifest_info *info, const umbra_signer *signer, const char *option, const char *path,
                cli_report *report);

/* The same by the key in a file, of --verify; no key: nothing is asked. path NULL: nothing either. */
bool cli_verified(const char *signer_file, const char *option, const char *path, cli_report *report);

#endif
