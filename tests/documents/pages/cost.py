# SPDX-License-Identifier: Apache-2.0
import fixtures


def prepare():
    fixtures.square_network()
    fixtures.records()
