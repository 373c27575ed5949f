"""
Writes schedules.json: the learning rates of every step that PyTorch's schedulers give, and the losses they were told of.

    /path/to/python tests/golden/schedules.py && deno fmt tests/golden/schedules.json

Made with PyTorch 2.13.0 (CPU). Epochs have five steps; `options` are those of lib/train/schedule.ts.
"""
import json
import os
import random
import warnings

import torch
from torch.optim import lr_scheduler

warnings.filterwarnings("ignore", message="The epoch parameter in `scheduler.step")
STEPS = 5  # an epoch


def optimizer(rate):
    return torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=rate)


def trace(rate, epochs, make, per_step=False, losses=None):
    """The rate of each step, with a scheduler that is stepped after each step, or after each epoch."""
    opt = optimizer(rate)
    scheduler = make(opt)
    rates = []
    for epoch in range(epochs):
        for step in range(STEPS):
            rates.append(opt.param_groups[0]["lr"])
            opt.step()
            if per_step and epoch * STEPS + step + 1 < epochs * STEPS:
                scheduler.step()
        if losses:
            scheduler.step(losses[epoch])
        elif not per_step:
            scheduler.step()
    return rates


def cosine(total, warm, least=0.0):
    def make(opt):
        falling = lr_scheduler.CosineAnnealingLR(opt, T_max=total - warm, eta_min=least)
        if warm == 0:
            return falling
        rising = lr_scheduler.LinearLR(opt, start_factor=1 / warm, total_iters=warm - 1)
        return lr_scheduler.SequentialLR(opt, [rising, falling], milestones=[warm])

    return make


def one_cycle(rate, total, **options):
    options = {"pct_start": 0.3, "div_factor": 25, "final_div_factor": 1e4, **options}
    return lambda opt: lr_scheduler.OneCycleLR(opt, max_lr=rate, total_steps=total, cycle_momentum=False, **options)


random.seed(7)
# Falling, then noise around a level with a few better ones: every branch of the plateau is taken.
LOSSES = [2 / (k + 1) for k in range(6)] + [round(0.32 + 0.02 * random.random(), 4) for _ in range(30)] + [0.3, 0.29999]
CASES = [
    ("step", 0.1, 14, {"every": 1, "gamma": 0.7}, lambda o: lr_scheduler.StepLR(o, 1, gamma=0.7), {}),
    ("step", 0.3, 9, {"every": 4}, lambda o: lr_scheduler.StepLR(o, 4), {}),
    ("exponential", 0.02, 12, {"gamma": 0.93}, lambda o: lr_scheduler.ExponentialLR(o, 0.93), {}),
    ("cosine", 0.05, 8, {"length": {"epochs": 8}}, cosine(40, 0), {"per_step": True}),
    ("cosine", 0.05, 8, {"length": {"steps": 40}, "warmup": 0.2, "least": 0.001}, cosine(40, 8, 0.001), {"per_step": True}),
    ("oneCycle", 0.004, 15, {"length": {"epochs": 15}, "warmup": 0.2}, one_cycle(0.004, 75, pct_start=0.2), {"per_step": True}),
    ("oneCycle", 0.1, 6, {"length": {"epochs": 6}}, one_cycle(0.1, 30), {"per_step": True}),
    (
        "oneCycle",
        0.1,
        5,
        {"length": {"steps": 25}, "warmup": 0, "divide": 10, "finalDivide": 100},
        one_cycle(0.1, 25, pct_start=0.0, div_factor=10, final_div_factor=100),
        {"per_step": True},
    ),
    (
        "plateau",
        0.1,
        len(LOSSES),
        {"factor": 0.5, "patience": 2, "threshold": 0.01, "least": 0.004},
        lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.5, patience=2, threshold=0.01, min_lr=0.004),
        {"losses": LOSSES},
    ),
    ("plateau", 0.01, len(LOSSES), {}, lambda o: lr_scheduler.ReduceLROnPlateau(o), {"losses": LOSSES}),
    ("plateau", 1e-6, len(LOSSES), {"patience": 0}, lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0), {"losses": LOSSES}),
]

cases = [
    {"kind": kind, "learningRate": rate, "options": options, "rates": trace(rate, epochs, make, **how), **({"losses": how["losses"]} if "losses" in how else {})}
    for kind, rate, epochs, options, make, how in CASES
]
path = os.path.join(os.path.dirname(__file__), "schedules.json")
with open(path, "w") as file:
    json.dump({"torch": torch.__version__, "stepsAnEpoch": STEPS, "cases": cases}, file)
