# SPDX-License-Identifier: Apache-2.0
"""The models of the zoo: what they say of their records in the clear and encrypted, and what is planned for them."""
import json

import numpy as np
import pytest

import umbra
from conftest import ROOT

ZOO = sorted(path.parent for path in (ROOT / "examples/zoo").glob("*/model.onnx"))
IN_THE_CLEAR = 1e-5  # the weights have 32 bits, and NumPy's sums another order


def classes(logits):
    return logits[:, 0] > 0 if logits.shape[1] == 1 else logits.argmax(axis=1)


@pytest.mark.parametrize("folder", ZOO, ids=lambda folder: folder.name)
def test_model(folder):
    samples, records, labels, golden = (np.load(folder / f"{name}.npy") for name in ("samples", "records", "labels", "logits"))
    assert np.allclose(umbra.Model(folder / "model.onnx")(records), golden, rtol=IN_THE_CLEAR, atol=IN_THE_CLEAR)
    assert np.mean(classes(golden) == labels) > 0.8

    client, server = umbra.compile(folder / "model.onnx", calibration=samples, records=len(records))
    report = server.plan.report()
    stored = json.loads((folder / "plan.json").read_text())
    assert stored.pop("ring") == 2 * server.plan.params.slots
    assert stored.pop("layers") == [layer["what"] for layer in server.plan.layers("cpu")]
    assert stored == {name: report[name] for name in stored}

    logits = client.decrypt(server.run(client.encrypt(records, clip=True), client.keys))
    assert np.abs(logits - golden).max() < report["error"] + report["approximation_error"]
    assert np.array_equal(classes(logits), classes(golden))


def test_there_are_some():
    assert len(ZOO) >= 4
