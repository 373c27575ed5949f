"""Writes the hashes in tests/model/initialize_test.ts: initial weights once more, in Python's own integers and floats.

    python3 tests/golden/initialize.py

Nothing but the standard library. Integers are exact and floats are float64, so that every bit must agree; the generator
is Philox4x32-10 of Salmon et al. (SC 2011), the name of a parameter is hashed by FNV-1a.
"""

import hashlib
import math
import struct

SEED = 2017
# name, kind, inputs, units
STACK = [("layer0", "lstm", 3, 8), ("layer1", "rnn", 8, 5), ("head", "dense", 5, 4)]
CHAIN = [
    ("layer0.forward", "lstm", 9, 6),
    ("layer0.backward", "lstm", 9, 6),
    ("layer1", "gru", 12, 7),
    ("layer2", "gruResetAfter", 7, 5),
    ("layer3", "batchNorm", 5, 5),
    ("layer4", "dense", 5, 8),
    ("head", "dense", 8, 4),
]
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


def transposed(values, columns):
    rows = len(values) // columns
    return [values[row * columns + column] for column in range(columns) for row in range(rows)]


def orthonormal_either_way(name, rows, columns):
    """Orthonormal columns where there are more rows."""
    return orthonormal(name, rows, columns) if rows <= columns else transposed(orthonormal(name, columns, rows), rows)


def normal(name, size, deviation):
    draws = normals(name)
    return [deviation * next(draws) for _ in range(size)]


def glorot(name, inputs, outputs, fan_in=None):
    return symmetric(name, inputs * outputs, math.sqrt(6 / ((inputs if fan_in is None else fan_in) + outputs)))


def glorot_gru(name, rows, hidden, fan_in):
    """z and r in one kernel, the new content in another."""
    draws = symmetric(name, rows * 3 * hidden, 1.0)
    limits = [math.sqrt(6 / (fan_in + (2 * hidden if column < 2 * hidden else hidden))) for column in range(3 * hidden)]
    return [value * limits[k % (3 * hidden)] for k, value in enumerate(draws)]


def identities(hidden, gates):
    return [float(row == column) for row in range(hidden) for _ in range(gates) for column in range(hidden)]


def identity_among_gates(name, hidden, gates):
    values = orthonormal(name, hidden, (gates - 1) * hidden)
    rows = []
    for row in range(hidden):
        drawn = values[row * (gates - 1) * hidden : (row + 1) * (gates - 1) * hidden]
        own = [float(row == column) for column in range(hidden)]
        rows += drawn[: 2 * hidden] + own + drawn[2 * hidden :]
    return rows


def cell(start, name, kind, inputs, hidden):
    gates = {"lstm": 4, "rnn": 1}.get(kind, 3)
    columns = gates * hidden
    kernel, recurrent, bias = (f"{name}.{part}" for part in ("kernel", "recurrentKernel", "bias"))
    size = columns * (2 if kind == "gruResetAfter" else 1)
    forget = [float(kind == "lstm" and hidden <= column < 2 * hidden) for column in range(size)]
    if start == "pytorch":
        limit = 1 / math.sqrt(hidden)
        values = symmetric(kernel, inputs * columns, limit)
        values += symmetric(recurrent, hidden * columns, limit)
        return values + symmetric(bias, size, limit, draws=1 if kind == "gruResetAfter" else BIASES)
    if start == "tf1" and gates == 3:
        values = glorot_gru(kernel, inputs, hidden, inputs + hidden) + glorot_gru(recurrent, hidden, hidden, inputs + hidden)
        return values + [float(column < 2 * hidden) for column in range(size)]
    if start == "tf1":
        limit = math.sqrt(6 / (inputs + hidden + columns))
        return symmetric(kernel, inputs * columns, limit) + symmetric(recurrent, hidden * columns, limit) + forget
    if start == "keras":
        return glorot(kernel, inputs, columns) + orthonormal(recurrent, hidden, columns) + forget
    if start == "irnn":
        return normal(kernel, inputs * columns, 0.001) + identities(hidden, gates) + [0.0] * size
    values = orthonormal_either_way(kernel, inputs, columns)
    return values + (identities(hidden, 1) if gates == 1 else identity_among_gates(recurrent, hidden, gates)) + forget


def dense(start, name, inputs, units):
    kernel, bias = f"{name}.kernel", f"{name}.bias"
    if start == "pytorch":
        limit = 1 / math.sqrt(inputs)
        return symmetric(kernel, inputs * units, limit) + symmetric(bias, units, limit)
    if start == "identity":
        return orthonormal_either_way(kernel, inputs, units) + [0.0] * units
    return glorot(kernel, inputs, units) + [0.0] * units


def parameters(start, layers):
    values = []
    for name, kind, inputs, units in layers:
        if kind == "batchNorm":
            values += [1.0] * units + [0.0] * units + [0.0] * units + [1.0] * units
        elif kind == "dense":
            values += dense(start, name, inputs, units)
        else:
            values += cell(start, name, kind, inputs, units)
    return struct.pack(f"<{len(values)}f", *values)


if __name__ == "__main__":
    for layers in (STACK, CHAIN):
        for start in ("pytorch", "tf1", "keras", "irnn", "identity"):
            print(f'  {start}: "{hashlib.sha256(parameters(start, layers)).hexdigest()}",')
