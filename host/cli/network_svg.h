/* SPDX-License-Identifier: Apache-2.0 */
/* The plan of a network as a drawing: levels and times of its layers, from left to right. */
#ifndef UMBRA_CLI_NETWORK_SVG_H
#define UMBRA_CLI_NETWORK_SVG_H

#include <stdbool.h>
#include <umbra/umbra.h>

typedef struct cli_network_drawing {
  const umbra_inference_layer *layers; /* at least one */
  size_t count;
  uint32_t levels;     /* of the parameters: where the input is */
  const char *title;   /* what the network is */
  const char *machine; /* whose seconds these are */
} cli_network_drawing;

/* Writes SVG without scripts or anything from elsewhere. False, with an error, if it cannot be. */
bool cli_network_draw(const cli_network_drawing *drawing, const char *option, const char *path);

#endif
