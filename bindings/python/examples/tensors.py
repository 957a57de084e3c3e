# SPDX-License-Identifier: Apache-2.0
"""A layer of a network and its squares, of three encrypted records at once."""
import numpy as np
import umbra

owner = umbra.Owner(depth=2)
records, weights = np.array([[0, 1], [2, 3], [4, 5]]) / 4, np.array([[1, -1], [0.5, 2]])
layer = owner.encrypt(records, slot_axes=1) @ weights + [0.5, 0]
print(owner.decrypt((layer ** 2).sum(axis=1)).round(3))
