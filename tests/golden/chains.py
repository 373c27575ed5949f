"""Writes chains.safetensors: chains of layers, computed by PyTorch in float64, with the gradient of every parameter.

    pip install torch==2.13.0 numpy==2.4.6 safetensors==0.8.0
    python tests/golden/chains.py tests/golden

A case is the options of Scanline's `createNetwork()`, and the modules are built from them. Parameters and gradients are
written flat, in the order and the shapes of such a network: kernels `[C,G*H]`, gates i f g o of an LSTM and z r h of a GRU.
They start as float32 numbers. An LSTM and an RNN have one bias here (`bias_hh` is 0), a GRU has both. Averages of a batch
normalization have no gradient: 0.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional as F

FEATURES = {"kind": "features", "size": 3}
TOKENS = {"kind": "tokens", "vocabulary": 7, "size": 3}
T, N = 6, 5


def lstm(units, **options):
    return {"kind": "lstm", "hiddenSize": units, **options}


def gru(units, **options):
    return {"kind": "gru", "hiddenSize": units, "resetAfter": True, **options}


def rnn(units, **options):
    return {"kind": "rnn", "hiddenSize": units, **options}


def both(merge, layer):
    return {"kind": "bidirectional", "merge": merge, "forward": layer}


def dense(units, **options):
    return {"kind": "dense", "units": units, **options}


def norm(**options):
    return {"kind": "batchNorm", "epsilon": 1e-5, "momentum": 0.9, "unbiased": True, **options}


EVERY = {"returnSequences": True}
LAST = {"kind": "last"}
CASES = {
    "a GRU": dict(layers=[gru(4), dense(3)], loss="softmaxCrossEntropy"),
    "two GRUs at every step": dict(layers=[gru(4, **EVERY), gru(5, **EVERY), dense(2)], loss="meanSquaredError"),
    "a GRU without biases": dict(layers=[gru(4, useBias=False), dense(2, useBias=False)], loss="huber"),
    "an LSTM without biases": dict(layers=[lstm(4, useBias=False), dense(2)], loss="meanAbsoluteError"),
    "a bidirectional LSTM": dict(layers=[both("concat", lstm(4)), dense(3)], loss="softmaxCrossEntropy"),
    "bidirectional LSTMs": dict(
        layers=[both("concat", lstm(4, **EVERY)), both("concat", lstm(3)), dense(1)], loss="meanSquaredError"
    ),
    "a bidirectional GRU at every step": dict(
        layers=[both("concat", gru(4, **EVERY)), dense(3)], loss="softmaxCrossEntropy"
    ),
    "the sum of two directions": dict(layers=[both("sum", gru(4)), dense(1)], loss="meanSquaredError"),
    "the mean of two directions": dict(layers=[both("ave", lstm(4, **EVERY)), dense(1)], loss="meanSquaredError"),
    "the product of two directions": dict(
        layers=[both("mul", rnn(4, **EVERY)), lstm(3), dense(1)], loss="meanSquaredError"
    ),
    "tokens": dict(
        input=TOKENS, layers=[lstm(4), dense(1, activation="sigmoid")], loss="binaryCrossEntropy"
    ),
    "tokens, at every step": dict(input=TOKENS, layers=[gru(4, **EVERY), dense(7)], loss="softmaxCrossEntropy"),
    "a stack of dense layers": dict(
        layers=[
            dense(4, activation="tanh"),
            rnn(5, activation="relu"),
            dense(6, activation="relu"),
            dense(4, activation="sigmoid"),
            {"kind": "activation", "activation": "softmax"},
            dense(2),
        ],
        loss="huber",
    ),
    "an encoder and a decoder": dict(
        layers=[lstm(4), {"kind": "repeat", "steps": 3}, lstm(5, **EVERY), dense(4, activation="softmax")],
        loss="categoricalCrossEntropy",
    ),
    "logits of several answers": dict(layers=[lstm(4), dense(3)], loss="sigmoidCrossEntropy"),
    "the last row of two directions": dict(
        layers=[both("concat", lstm(4, **EVERY)), both("concat", gru(3, **EVERY)), LAST, dense(3)],
        loss="softmaxCrossEntropy",
    ),
    "batch normalization": dict(layers=[lstm(4), norm(), dense(3)], loss="softmaxCrossEntropy"),
    "batch normalizations at every step": dict(
        layers=[norm(), gru(4, **EVERY), norm(epsilon=1e-3), rnn(5, **EVERY), norm(), LAST, dense(2)],
        loss="meanSquaredError",
    ),
    "batch normalization without gamma and beta": dict(
        layers=[gru(4, **EVERY), norm(scale=False, center=False), lstm(4), dense(3)], loss="softmaxCrossEntropy"
    ),
    "smoothed labels": dict(layers=[gru(4), dense(3)], loss="softmaxCrossEntropy", labelSmoothing=0.1),
    "smoothed labels at every step": dict(
        layers=[lstm(4, **EVERY), dense(5)], loss="softmaxCrossEntropy", labelSmoothing=0.4
    ),
}

MODULES = {"lstm": nn.LSTM, "gru": nn.GRU, "rnn": nn.RNN}
ACTIVATIONS = {
    "linear": lambda z: z,
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: torch.softmax(z, -1),
}
LOSSES = {
    "softmaxCrossEntropy": lambda z, y, **options: F.cross_entropy(z.flatten(0, -2), y.flatten(), **options),
    "categoricalCrossEntropy": lambda p, y: F.nll_loss(p.log().flatten(0, -2), y.flatten()),
    "sigmoidCrossEntropy": F.binary_cross_entropy_with_logits,
    "binaryCrossEntropy": F.binary_cross_entropy,
    "meanSquaredError": F.mse_loss,
    "meanAbsoluteError": F.l1_loss,
    "huber": F.huber_loss,
}
CATEGORICAL = ("softmaxCrossEntropy", "categoricalCrossEntropy")


def create(layer, size):
    """The module of a layer with weights, and the size of its output."""
    if layer["kind"] == "dense":
        return nn.Linear(size, layer["units"], bias=layer.get("useBias", True)), layer["units"]
    if layer["kind"] == "batchNorm":
        affine = layer.get("scale", True)
        return nn.BatchNorm1d(size, layer["epsilon"], momentum=1 - layer["momentum"], affine=affine), size
    one = layer.get("forward", layer)
    units, more = one["hiddenSize"], {}
    if one["kind"] == "rnn":
        more["nonlinearity"] = one.get("activation", "tanh")
    module = MODULES[one["kind"]](size, units, bias=one.get("useBias", True), bidirectional=one is not layer, **more)
    return module, units * (2 if layer.get("merge") == "concat" else 1)


class Chain(nn.Module):
    def __init__(self, network):
        super().__init__()
        given = network["input"]
        self.network = network
        self.embedding = nn.Embedding(given["vocabulary"], given["size"]) if given["kind"] == "tokens" else None
        size, self.parts = given["size"], nn.ModuleList()
        for layer in network["layers"]:
            if layer["kind"] in ("repeat", "activation", "last"):
                self.parts.append(nn.Identity())
                continue
            module, size = create(layer, size)
            self.parts.append(module)

    def forward(self, x):  # [T,N,C], or tokens [T,N]
        if self.embedding is not None:
            x = self.embedding(x)
        for layer, part in zip(self.network["layers"], self.parts):
            x = run(layer, part, x)
        return x


def run(layer, part, x):
    if layer["kind"] == "repeat":
        return x.expand(layer["steps"], -1, -1)
    if layer["kind"] == "last":
        return x[-1:]
    if layer["kind"] == "batchNorm":
        return part(x.flatten(0, 1)).unflatten(0, x.shape[:2])
    if layer["kind"] in ("dense", "activation"):
        return ACTIVATIONS[layer.get("activation", "linear")](part(x))
    y, _ = part(x)
    one = layer.get("forward", layer)
    every = one.get("returnSequences", False)
    if one is layer:
        return y if every else y[-1:]
    a, b = y.chunk(2, -1)  # forward, backward
    if not every:
        a, b = a[-1:], b[:1]
    return {"concat": torch.cat([a, b], -1), "sum": a + b, "ave": (a + b) / 2, "mul": a * b}[layer["merge"]]


def start(model, seed):
    """Uniform float32 parameters, variances from 1/2 on; see the head of this file about biases."""
    generator = torch.Generator().manual_seed(seed)
    for name, p in model.named_parameters():
        p.data = torch.empty(p.shape, dtype=torch.float32).uniform_(-0.7, 0.7, generator=generator)
    for part in model.parts:
        if isinstance(part, (nn.LSTM, nn.RNN)):
            for name, p in part.named_parameters():
                if "bias_hh" in name:
                    p.data.zero_()
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.uniform_(-0.7, 0.7, generator=generator)
            part.running_var.uniform_(0.5, 1.5, generator=generator)
    return model


def keras(kind, of_gates):
    """Gates along the first axis, in Keras's order: PyTorch's of a GRU are r z n."""
    if kind == nn.GRU:
        r, z, n = of_gates.chunk(3)
        return torch.cat([z, r, n])
    return of_gates


def flat(model, of):
    """What `of` gives for each parameter, in the order of Scanline's flat array."""
    arrays = [] if model.embedding is None else [of(model.embedding.weight)]
    for part in model.parts:
        if isinstance(part, nn.Linear):
            arrays += [of(part.weight).T] + ([] if part.bias is None else [of(part.bias)])
        if isinstance(part, (nn.RNN, nn.LSTM, nn.GRU)):
            for suffix in ["_l0", "_l0_reverse"][: 2 if part.bidirectional else 1]:
                get = lambda name: keras(type(part), of(getattr(part, name + suffix)))
                arrays += [get("weight_ih").T, get("weight_hh").T]
                if part.bias:
                    arrays += [get("bias_ih")] + ([get("bias_hh")] if isinstance(part, nn.GRU) else [])
        if isinstance(part, nn.BatchNorm1d):
            arrays += [of(part.weight), of(part.bias)] if part.affine else []
            arrays += [of(part.running_mean), of(part.running_var)]
    return torch.cat([array.reshape(-1) for array in arrays])


def golden(case, seed):
    network = {"input": FEATURES, **case}
    smoothing = {"label_smoothing": network["labelSmoothing"]} if "labelSmoothing" in network else {}
    generator = torch.Generator().manual_seed(seed)
    model = start(Chain(network), seed).double()
    parameters = flat(model, lambda p: p.detach().float())
    given = network["input"]
    if given["kind"] == "tokens":
        x = torch.randint(0, given["vocabulary"], (T, N), generator=generator, dtype=torch.int32)
    else:
        x = torch.rand((T, N, given["size"]), generator=generator) * 2 - 1
    answers = model(x if given["kind"] == "tokens" else x.double())  # [T,N,K]
    if network["loss"] in CATEGORICAL:
        y = torch.randint(0, answers.shape[-1], answers.shape[:-1], generator=generator)
    elif "Cross" in network["loss"]:
        y = torch.randint(0, 2, answers.shape, generator=generator).float()
    else:
        y = torch.rand(answers.shape, generator=generator) * 4 - 2
    loss = LOSSES[network["loss"]](answers, y if network["loss"] in CATEGORICAL else y.double(), **smoothing)
    loss.backward()
    by_sequence = lambda tensor: tensor.transpose(0, 1).contiguous()
    return network, {
        "sequences": by_sequence(x),
        "targets": by_sequence(y.int() if network["loss"] in CATEGORICAL else y),
        "parameters": parameters,
        "answers": by_sequence(answers.detach()),
        "loss": loss.detach(),
        "gradient": flat(model, lambda p: torch.zeros_like(p) if p.grad is None else p.grad),
    }


if __name__ == "__main__":
    torch.set_num_threads(1)
    networks, tensors = {}, {}
    for seed, (name, case) in enumerate(CASES.items()):
        networks[name], found = golden(case, seed)
        tensors |= {f"{name}/{key}": tensor for key, tensor in found.items()}
    versions = {"torch": torch.__version__, "python": sys.version.split()[0]}
    metadata = {"golden": json.dumps(versions | {"networks": networks})}
    save_file(tensors, pathlib.Path(sys.argv[1]) / "chains.safetensors", metadata)
