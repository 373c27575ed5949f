"""Reads the event files of a run with TensorBoard itself, and compares them with its metrics.jsonl.

    deno task train-lstm-adam --limit 6400 --tensorboard --out runs/events
    python3 -m venv .venv && .venv/bin/pip install tensorboard==2.21.0
    .venv/bin/python tests/view/read_events.py runs/events
"""

import json
import math
import struct
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

KEYS = {"train": ("trainLoss", "trainAccuracy"), "test": ("testLoss", "testAccuracy")}


def float32(value):
    return struct.unpack("f", struct.pack("f", value))[0]


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


run = sys.argv[1]
with open(f"{run}/metrics.jsonl") as lines:
    reports = [line for line in map(json.loads, lines) if line["event"] in ("epoch", "report")]
assert reports, "no report"

for split, keys in KEYS.items():
    events = EventAccumulator(f"{run}/tensorboard/{split}").Reload()
    assert sorted(events.Tags()["scalars"]) == ["accuracy", "loss"], events.Tags()
    for tag, key in zip(("loss", "accuracy"), keys):
        scalars = events.Scalars(tag)
        assert len(scalars) == len(reports), (len(scalars), len(reports))
        for scalar, report in zip(scalars, reports):
            expected = math.nan if report[key] is None else report[key]
            assert same(scalar.value, float32(expected)), (split, tag, scalar, expected)
            assert "step" not in report or scalar.step == report["step"], (scalar, report)
        assert all(a.step < b.step and a.wall_time <= b.wall_time for a, b in zip(scalars, scalars[1:]))
    print(f"{split}: {len(reports)} reports read, all equal")
