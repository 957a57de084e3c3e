# SPDX-License-Identifier: Apache-2.0
def scores(run):
    assert [line[:5] for line in run().split()] == ["0.951", "0.777"]


PROGRAMS = [scores]
