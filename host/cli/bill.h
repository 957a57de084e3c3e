/* SPDX-License-Identifier: Apache-2.0 */
/* What the seconds of a plan come to: money by the price of an hour, joules by what the machine draws. */
#ifndef UMBRA_CLI_BILL_H
#define UMBRA_CLI_BILL_H

#include "options.h"
#include "output.h"

#define CLI_BILL_OPTIONS(bill)                                                                          \
  {                                                                                                     \
      "price",                                                                                          \
      "P",                                                                                              \
      "of an hour of that machine, in any currency: state what it all comes to (default: not)",         \
      CLI_NUMBER,                                                                                       \
      &(bill).price,                                                                                    \
      CLI_WITHIN(1e-9, 1e9)},                                                                           \
  {                                                                                                     \
    "watts", "W", "that the machine draws: state the joules (default: not)", CLI_NUMBER, &(bill).watts, \
        CLI_WITHIN(1e-9, 1e9)                                                                           \
  }

/* 0: not asked for. */
typedef struct cli_bill {
  double price, watts;
} cli_bill;

/*
 * What is asked for, of so many seconds and of one of their parts, as "bill" in the report and, unless json is wanted,
 * printed at once. part: "epoch".
 */
void cli_bill_tell(const cli_bill *bill, double seconds, double parts, const char *part, cli_report *report, bool json);

#endif
