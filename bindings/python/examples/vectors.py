# SPDX-License-Identifier: Apache-2.0
"""Arithmetic on an encrypted vector."""
import umbra

owner = umbra.Owner(depth=3, rotations=[1])
x = owner.encrypt([0.5, -1.0, 2.0])
y = (x * x + 1) << 1
print(owner.decrypt(y, 2).round(3))
