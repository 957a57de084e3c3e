# SPDX-License-Identifier: Apache-2.0
"""Ed25519 by the formulas of RFC 8032, section 5.1, in integers: an oracle for tests, neither fast nor secret."""
import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Y = 4 * pow(5, P - 2, P) % P


def _x_of(y, odd):
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        raise ValueError("not on the curve")
    return P - x if x % 2 != odd else x


def _add(a, b):
    """Of extended coordinates (X, Y, Z, T): x = X/Z, y = Y/Z, x y = T/Z."""
    (x1, y1, z1, t1), (x2, y2, z2, t2) = a, b
    d, s = (y1 - x1) * (y2 - x2) % P, (y1 + x1) * (y2 + x2) % P
    c, z = 2 * t1 * t2 * D % P, 2 * z1 * z2 % P
    e, f, g, h = s - d, z - c, z + c, s + d
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(n, point):
    total = (0, 1, 1, 0)
    while n:
        if n % 2:
            total = _add(total, point)
        point = _add(point, point)
        n //= 2
    return total


def _point(x, y):
    return x, y, 1, x * y % P


BASE = _point(_x_of(Y, 0), Y)


def _encode(point):
    x, y = (value * pow(point[2], P - 2, P) % P for value in point[:2])
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _decode(text):
    y = int.from_bytes(text, "little")
    return _point(_x_of(y % 2**255, y >> 255), y % 2**255)


def _hash(*parts):
    return int.from_bytes(hashlib.sha512(b"".join(parts)).digest(), "little")


def _expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little") & (2**254 - 8) | 2**254
    return scalar, digest[32:]


def public_key(seed):
    return _encode(_times(_expand(seed)[0], BASE))


def sign(seed, message):
    scalar, prefix = _expand(seed)
    r = _hash(prefix, message) % L
    point = _encode(_times(r, BASE))
    s = (r + _hash(point, public_key(seed), message) % L * scalar) % L
    return point + s.to_bytes(32, "little")


def verify(public, message, signature):
    s = int.from_bytes(signature[32:], "little")
    h = _hash(signature[:32], public, message) % L
    return s < L and _encode(_times(s, BASE)) == _encode(_add(_decode(signature[:32]), _times(h, _decode(public))))
