/* SPDX-License-Identifier: Apache-2.0 */
/* The machine whose seconds are told: one that nobody has measured yet is measured, once. */
#ifndef UMBRA_CLI_MACHINE_H
#define UMBRA_CLI_MACHINE_H

#include "engine.h"

/* This machine's processor and memory, as its first usable backend says. */
umbra_device_info cli_processor(void);

/* Whose seconds a dry run for that engine states: the machine in the sense of umbra/cost.h. */
const char *cli_machine_of(const cli_engine *engine);

/*
 * The dry context tells seconds of the machine from now on. A device that was not measured with so many threads, or whose
 * file is damaged, is measured first, unless UMBRA_CALIBRATE is 0; the fact "calibrated" says so, or a warning that nothing
 * could keep what was measured. False, with an error, if there is no such machine.
 */
bool cli_machine_know(const umbra_context *dry, const char *machine, uint32_t threads, cli_report *report);

/* For whoever has no dry context, and any number of threads. */
bool cli_machine_find(const umbra_params *params, const char *machine, cli_report *report);

#endif
