# SPDX-License-Identifier: Apache-2.0
import re

import fixtures


def prepare():
    fixtures.table("records.csv")


def training(run):
    printed = re.fullmatch(r"accuracy (.*); first weight (.*), in the clear (.*)\n", run())
    assert printed and float(printed[1]) >= 0.9 and printed[2] == printed[3], printed


PROGRAMS = [training]
