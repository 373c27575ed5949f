"""Writes the hashes in tests/model/initialize_test.ts: initial weights once more, in Python's own integers and floats.

    python3 tests/golden/initialize.py

Nothing but the standard library. Integers are exact and floats are float64, so that every bit must agree; the generator
is Philox4x32-10 of Salmon et al. (SC 2011), the name of a parameter is hashed by FNV-1a.
"""

import hashlib
import math
import struct

SEED = 2017
LAYERS = [("lstm", 3, 8), ("rnn", 8, 5)]  # kind, inputs, hidden units
CLASSES = 4
BIASES = 2
INITIALIZE = 3  # the domain of initial weights, half of the generator's key


def philox(counter, key):
    x0, x1, x2, x3 = counter
    k0, k1 = key
    for _ in range(10):
        a, b = 0xD2511F53 * x0, 0xCD9E8D57 * x2
        x0, x1, x2, x3 = (b >> 32) ^ x1 ^ k0, b & 0xFFFFFFFF, (a >> 32) ^ x3 ^ k1, a & 0xFFFFFFFF
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return x0, x1, x2, x3


def fnv1a(name):
    value = 0x811C9DC5
    for byte in name.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


def uniforms(name):
    """Multiples of 2^-24 in [0, 1), without end."""
    block = 0
    while True:
        for word in philox((block, fnv1a(name), 0, 0), (SEED, INITIALIZE)):
            yield (word >> 8) / 16777216
        block += 1


def logarithm(x):
    """ln x by + - * / alone, as math.log may differ in the last bit between machines."""
    exponent = 0
    while x >= math.sqrt(2):
        x, exponent = x / 2, exponent + 1
    while x < math.sqrt(0.5):
        x, exponent = x * 2, exponent - 1
    r = (x - 1) / (x + 1)
    series = 0.0
    for k in range(23, 0, -2):
        series = series * (r * r) + 1 / k
    return exponent * math.log(2) + 2 * r * series


def normals(name):
    """Standard normal, by Marsaglia's polar method."""
    uniform = uniforms(name)
    while True:
        u, v = 2 * next(uniform) - 1, 2 * next(uniform) - 1
        s = u * u + v * v
        if 0 < s < 1:
            yield u * math.sqrt(-2 * logarithm(s) / s)


def symmetric(name, size, limit, draws=1):
    """`size` sums of `draws` values in [-limit, limit)."""
    uniform = uniforms(name)
    values = []
    for _ in range(size):
        value = 0.0
        for _ in range(draws):
            value += (2 * next(uniform) - 1) * limit
        values.append(value)
    return values


def dot(a, b):
    total = 0.0
    for x, y in zip(a, b):
        total += x * y
    return total


def orthonormal(name, rows, columns):
    """Rows of a random matrix, by Gram and Schmidt's method, modified."""
    normal = normals(name)
    done = []
    for _ in range(rows):
        row = [next(normal) for _ in range(columns)]
        for q in done:
            share = dot(q, row)
            row = [x - share * y for x, y in zip(row, q)]
        length = math.sqrt(dot(row, row))
        done.append([x / length for x in row])
    return [x for row in done for x in row]


def parameters(start):
    values = []
    for index, (kind, inputs, hidden) in enumerate(LAYERS):
        columns = (4 if kind == "lstm" else 1) * hidden
        kernel, recurrent, bias = (f"layer{index}.{name}" for name in ("kernel", "recurrentKernel", "bias"))
        forget = [float(kind == "lstm" and hidden <= column < 2 * hidden) for column in range(columns)]
        if start == "pytorch":
            limit = 1 / math.sqrt(hidden)
            values += symmetric(kernel, inputs * columns, limit)
            values += symmetric(recurrent, hidden * columns, limit)
            values += symmetric(bias, columns, limit, draws=BIASES)
        elif start == "tf1":
            limit = math.sqrt(6 / (inputs + hidden + columns))
            values += symmetric(kernel, inputs * columns, limit)
            values += symmetric(recurrent, hidden * columns, limit) + forget
        else:
            values += symmetric(kernel, inputs * columns, math.sqrt(6 / (inputs + columns)))
            values += orthonormal(recurrent, hidden, columns) + forget
    hidden = LAYERS[-1][2]
    if start == "pytorch":
        values += symmetric("head.kernel", hidden * CLASSES, 1 / math.sqrt(hidden))
        values += symmetric("head.bias", CLASSES, 1 / math.sqrt(hidden))
    else:
        values += symmetric("head.kernel", hidden * CLASSES, math.sqrt(6 / (hidden + CLASSES))) + [0.0] * CLASSES
    return struct.pack(f"<{len(values)}f", *values)


if __name__ == "__main__":
    for start in ("pytorch", "tf1", "keras"):
        print(f'  {start}: "{hashlib.sha256(parameters(start)).hexdigest()}",')
