# SPDX-License-Identifier: Apache-2.0
import re

import fixtures


def prepare():
    fixtures.square_network()
    fixtures.records()


EDITS = [("const uint32_t level = umbra_ciphertext_level(turned.get());", "(void)umbra_ciphertext_level(turned.get());"),
         ("const umbra_range range = umbra::get(", "(void)umbra::get(")]


def check(names):
    assert re.fullmatch(r"2\.000 5\.000 \d+ levels, \d+ keys\nenough\n", names["program"]), names["program"]
