"""Writes recipes.safetensors: networks as people write them in PyTorch, trained by it in float64 over twenty steps.

    pip install torch==2.13.0 numpy==2.4.6 safetensors==0.8.0
    python tests/golden/recipes.py tests/golden

Each module stands beside the options of Scanline's `createNetwork()` for it. Parameters are written flat, as `chains.py` does,
but the two biases of an LSTM as their sum, which starts as a float32 number: they are multiples of 2^-20. Running statistics
are among them. The answers after the last step are those of `eval()`.
"""

import json
import pathlib
import sys

import torch
from chains import keras
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

COUNT, T, C, H, K = 37, 6, 4, 5, 3
BATCH, EPOCHS = 8, 4  # five batches an epoch, the last of five sequences


class TwoWays(nn.Module):
    """The bidirectional tutorial: the last row, where the backward half has read one."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(C, H, 2, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * H, K)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1, :])


class TwoGrus(nn.Module):
    def __init__(self):
        super().__init__()
        self.gru = nn.GRU(C, H, 2, batch_first=True)
        self.fc = nn.Linear(H, K)

    def forward(self, x):
        out, _ = self.gru(x)
        return self.fc(out[:, -1, :])


class OneLstm(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(C, H, batch_first=True)
        self.fc = nn.Linear(H, K)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.fc(out[:, -1])


class Normalized(nn.Module):
    """The network of PyTorch's example mnist_rnn, without its dropout."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(C, H, batch_first=True)
        self.batchnorm = nn.BatchNorm1d(H)
        self.fc1 = nn.Linear(H, 6)
        self.fc2 = nn.Linear(6, K)

    def forward(self, x):
        out, _ = self.rnn(x)
        return self.fc2(F.relu(self.fc1(self.batchnorm(out[:, -1, :]))))


class NormalizedSteps(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.LSTM(C, H, batch_first=True)
        self.norm = nn.BatchNorm1d(H)
        self.second = nn.LSTM(H, H, batch_first=True)
        self.fc = nn.Linear(H, K)

    def forward(self, x):
        out, _ = self.first(x)
        out = self.norm(out.transpose(1, 2)).transpose(1, 2)
        out, _ = self.second(out)
        return self.fc(out[:, -1])


LSTM = {"kind": "lstm", "hiddenSize": H}
GRU = {"kind": "gru", "hiddenSize": H, "resetAfter": True}
EVERY = {"returnSequences": True}
BOTH = {"kind": "bidirectional", "merge": "concat", "forward": LSTM | EVERY}
NORM = {"kind": "batchNorm", "epsilon": 1e-5, "momentum": 0.9, "unbiased": True}
HEAD = {"kind": "dense", "units": K}

# Optimizers and clips have Scanline's names.
ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
CASES = {
    "two bidirectional LSTMs, the last row": dict(
        module=TwoWays,
        layers=[BOTH, BOTH, {"kind": "last"}, HEAD],
        optimizer={"kind": "adam", "learningRate": 0.003} | ADAM,
    ),
    "two GRUs": dict(
        module=TwoGrus, layers=[GRU | EVERY, GRU, HEAD], optimizer={"kind": "adam", "learningRate": 0.003} | ADAM
    ),
    "an LSTM, RMSprop with momentum, clipped by norm": dict(
        module=OneLstm,
        layers=[LSTM, HEAD],
        optimizer={"kind": "rmspropMomentum", "learningRate": 1e-3, "alpha": 0.99, "epsilon": 1e-8, "momentum": 0.9},
        clip={"kind": "norm", "most": 0.05},
    ),
    "an LSTM, SGD, clipped by value": dict(
        module=OneLstm,
        layers=[LSTM, HEAD],
        optimizer={"kind": "sgd", "learningRate": 0.5},
        clip={"kind": "value", "most": 0.02},
    ),
    "a normalized LSTM, AdamW, clipped by norm, smoothed labels": dict(
        module=Normalized,
        layers=[LSTM, NORM, {"kind": "dense", "units": 6, "activation": "relu"}, HEAD],
        optimizer={"kind": "adamw", "learningRate": 0.004, "weightDecay": 0.1} | ADAM,
        clip={"kind": "norm", "most": 0.1},
        labelSmoothing=0.1,
    ),
    "normalized steps between two LSTMs, SGD, clipped by norm": dict(
        module=NormalizedSteps,
        layers=[LSTM | EVERY, NORM, LSTM, HEAD],
        optimizer={"kind": "sgd", "learningRate": 0.5},
        clip={"kind": "norm", "most": 0.05},
    ),
}


def start(model, seed):
    """Uniform parameters within +-1/2; see the head of this file about biases."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        value = torch.empty(p.shape, dtype=torch.float32).uniform_(-0.5, 0.5, generator=generator)
        p.data = (value * 2**20).round() / 2**20 if "bias" in name else value
    return model


def create_optimizer(parameters, *, kind, learningRate: float, **more):
    if kind == "sgd":
        return torch.optim.SGD(parameters, lr=learningRate)
    if kind == "rmspropMomentum":
        names = dict(alpha=more["alpha"], eps=more["epsilon"], momentum=more["momentum"])
        return torch.optim.RMSprop(parameters, lr=learningRate, **names)
    names = dict(betas=(more["beta1"], more["beta2"]), eps=more["epsilon"])
    if kind == "adam":
        return torch.optim.Adam(parameters, lr=learningRate, **names)
    return torch.optim.AdamW(parameters, lr=learningRate, weight_decay=more["weightDecay"], **names)


def clip_gradients(parameters, *, kind, most):
    if kind == "value":
        return nn.utils.clip_grad_value_(parameters, most)
    norm = nn.utils.clip_grad_norm_(parameters, most)
    assert norm > most, f"the norm {norm} is not clipped"


def flat(model):
    """The parameters and running statistics in the order of Scanline's flat array."""
    arrays = []
    for part in model.children():
        if isinstance(part, nn.Linear):
            arrays += [part.weight.T, part.bias]
        elif isinstance(part, nn.BatchNorm1d):
            arrays += [part.weight, part.bias, part.running_mean, part.running_var]
        else:
            ways = ["", "_reverse"] if part.bidirectional else [""]
            for suffix in [f"_l{layer}{way}" for layer in range(part.num_layers) for way in ways]:
                W, R, b, of_h = (
                    keras(type(part), getattr(part, name + suffix))
                    for name in ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]
                )
                arrays += [W.T, R.T] + ([b, of_h] if isinstance(part, nn.GRU) else [b + of_h])
    return torch.cat([array.detach().reshape(-1) for array in arrays])


def train(case, dtype, x, y, batches):
    model = start(case["module"](), seed=7)
    first = flat(model)
    model.to(dtype)
    optimizer = create_optimizer(model.parameters(), **case["optimizer"])
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x[batch].to(dtype)), y[batch], label_smoothing=case.get("labelSmoothing", 0.0))
        loss.backward()
        if "clip" in case:
            clip_gradients(model.parameters(), **case["clip"])
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        answers = model(x.to(dtype))
    losses = torch.tensor(losses, dtype=torch.float64)
    return {"start": first, "losses": losses, "trained": flat(model), "answers": answers}


if __name__ == "__main__":
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(1)
    x = torch.rand((COUNT, T, C), generator=generator) * 2 - 1
    y = torch.randint(0, K, (COUNT,), generator=generator)
    epochs = [torch.randperm(COUNT, generator=generator).split(BATCH) for _ in range(EPOCHS)]
    batches = [batch for epoch in epochs for batch in epoch]
    tensors = {"sequences": x, "targets": y.int(), "order": torch.cat(batches).int()}
    networks = {}
    for name, case in CASES.items():
        found = train(case, torch.float64, x, y, batches)
        single = train(case, torch.float32, x, y, batches)
        apart = (found["losses"] - single["losses"]).abs().max()
        print(f"{name}: loss {found['losses'][0]:.4f} to {found['losses'][-1]:.4f}; in float32 up to {apart:.1e} away")
        tensors |= {f"{name}/{key}": tensor.contiguous() for key, tensor in found.items()}
        networks[name] = {key: value for key, value in case.items() if key != "module"}
    versions = {"torch": torch.__version__, "python": sys.version.split()[0]}
    metadata = {"golden": json.dumps(versions | {"batches": [len(batch) for batch in batches], "cases": networks})}
    save_file(tensors, pathlib.Path(sys.argv[1]) / "recipes.safetensors", metadata)
