/* SPDX-License-Identifier: Apache-2.0 */
/* Text in HTML and SVG. */
#ifndef UMBRA_CLI_MARKUP_H
#define UMBRA_CLI_MARKUP_H

#include <stdio.h>

/* Text of anyone's, between tags or in quotes: what could be markup is written as entities. */
void cli_put_text(FILE *file, const char *text);

#endif
