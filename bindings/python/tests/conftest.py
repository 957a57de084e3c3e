# SPDX-License-Identifier: Apache-2.0
"""What the tests share: small rings, which are quick and not secure, and random values from fixed seeds."""
import pathlib
import signal

import numpy as np
import pytest

import umbra

ROOT = pathlib.Path(__file__).resolve().parents[3]
RING = dict(log_n=12, scale_bits=40, insecure_for_tests=True)
SMALL = dict(device="cpu", **RING)
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell may have taken from what runs behind it


@pytest.fixture
def random():
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def owner():
    """Five levels, rotations by 1 and 3, conjugation."""
    with umbra.Owner(depth=5, rotations=[1, 3, -1], conjugation=True, **SMALL) as owner:
        yield owner


@pytest.fixture(scope="session")
def breast_cancer():
    """Features and labels of the 569 records, and which of them are held out."""
    data = np.loadtxt(ROOT / "tests/data/wdbc/breast_cancer.csv", delimiter=",", skiprows=1)
    return data[:, :-1], data[:, -1], np.arange(len(data)) % 5 == 0
