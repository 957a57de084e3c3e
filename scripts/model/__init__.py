# SPDX-License-Identifier: Apache-2.0
"""Umbra's arithmetic once more, on whole integers: the source of tests/known_answers.

The library keeps an integer as residues modulo many small primes. This model keeps the integer itself, as Python does,
and computes with definitions: polynomials modulo X^n + 1 by schoolbook products (of one huge number each), division by
rounding a quotient, transforms by evaluating. Where the two agree, the residue arithmetic is right. Standard library
only; nothing is taken from the library's output.

    ring        residues, transforms, products, automorphisms
    chain       primes, levels, digits and scales of a parameter set
    expansion   uniform residues from a seed (ChaCha20)
    division    base conversion and the one division
    switching   gadget digits and key switching
    operations  what happens to whole ciphertexts
    encoder     the real coefficients that encoding rounds
    cases       the known answers: which inputs, which outputs
"""
