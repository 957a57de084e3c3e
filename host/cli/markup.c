/* SPDX-License-Identifier: Apache-2.0 */
#include "markup.h"

void cli_put_text(FILE *file, const char *text) {
  for (; *text; text++) switch (*text) {
      case '&': fputs("&amp;", file); break;
      case '<': fputs("&lt;", file); break;
      case '>': fputs("&gt;", file); break;
      case '"': fputs("&quot;", file); break;
      case '\'': fputs("&#39;", file); break;
      default: fputc((unsigned char)*text < ' ' ? ' ' : *text, file);
    }
}
