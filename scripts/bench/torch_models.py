"""PyTorch with a published model: reads one JSON object a line, answers with one. See scripts/bench/models/subject.ts.

The same layers as a user of PyTorch writes them: gates with sigmoid, GRUs with reset after, a softmax as part of the loss.
"""

import torch
from torch import nn
from torch.nn import functional as F

from torch_protocol import serve

ACTIVATIONS = {"relu": nn.ReLU, "sigmoid": nn.Sigmoid, "softmax": nn.Identity}  # softmax: cross_entropy takes logits
KINDS = {"lstm": nn.LSTM, "gru": nn.GRU, "simpleRNN": nn.RNN}


class Recurrent(nn.Module):
    """One of PyTorch's own recurrent layers. x [N,T,C] → [N,T,H], or [N,H] after the last step that is not masked."""

    def __init__(self, size, units, kind, every, both=False):
        super().__init__()
        self.cell, self.every, self.size = KINDS[kind](size, units, batch_first=True, bidirectional=both), every, units

    def forward(self, x, lengths):
        if lengths is None:
            y, state = self.cell(x)
            if self.every:
                return y
        else:
            packed = nn.utils.rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
            y, state = self.cell(packed)
            if self.every:
                return nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])[0]
        h = state[0] if isinstance(state, tuple) else state
        return h.transpose(0, 1).flatten(1)


class ReluLstm(nn.Module):
    """An LSTM with ReLU in place of tanh, which PyTorch's own does not have: step by step."""

    def __init__(self, size, units, every):
        super().__init__()
        self.every, self.size = every, units
        self.input, self.recurrent = nn.Linear(size, 4 * units), nn.Linear(units, 4 * units, bias=False)

    def forward(self, x, lengths):
        z, outputs = self.input(x), []
        h = c = x.new_zeros(x.shape[0], self.size)
        for t in range(x.shape[1]):
            i, f, g, o = (z[:, t] + self.recurrent(h)).chunk(4, 1)
            c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.relu(g)
            h = torch.sigmoid(o) * torch.relu(c)
            outputs.append(h)
        return torch.stack(outputs, 1) if self.every else h


class Model(nn.Module):
    """The layers of a row of scripts/bench/models/table.ts."""

    def __init__(self, spec):
        super().__init__()
        self.steps, self.masks = nn.ModuleList(), spec["layers"][0]["kind"] == "masking"
        self.repeats = {}
        self.classes = 1  # the features of the last layer
        size = spec["inputShape"][1] if len(spec["inputShape"]) > 1 else 0
        for layer in spec["layers"]:
            inner = layer.get("layer", layer)
            kind, units = inner["kind"], inner.get("units")
            if kind in KINDS:
                both, every = layer["kind"] == "bidirectional", inner.get("returnSequences", False)
                if inner.get("activation") == "relu":
                    self.steps.append(ReluLstm(size, units, every))
                else:
                    self.steps.append(Recurrent(size, units, kind, every, both))
                size = units * (2 if both else 1)
            elif kind == "embedding":
                self.steps.append(nn.Embedding(layer["inputDim"], layer["outputDim"]))
                size = layer["outputDim"]
            elif kind == "repeatVector":
                self.repeats[len(self.steps)] = layer["n"]
            elif kind == "dropout":
                self.steps.append(nn.Dropout(layer["rate"]))
            elif kind == "dense":
                self.steps.append(nn.Linear(size, units))
                size = units
                if "activation" in inner:
                    self.steps.append(ACTIVATIONS[inner["activation"]]())
            elif kind == "activation":
                self.steps.append(ACTIVATIONS[layer["activation"]]())
        self.classes = size

    def forward(self, x):
        lengths = (x != 0).any(2).sum(1).clamp(min=1) if self.masks else None
        for index, step in enumerate(self.steps):
            if index in self.repeats:
                x = x[:, None].expand(-1, self.repeats[index], -1)
            x = step(x, lengths) if isinstance(step, (Recurrent, ReluLstm)) else step(x)
        return x


LOSSES = {
    "binaryCrossentropy": F.binary_cross_entropy,
    "meanSquaredError": F.mse_loss,
    "meanAbsoluteError": F.l1_loss,
}


def make_optimizer(options, parameters):
    kind, rate = options["kind"], options["learningRate"]
    if kind == "adam":
        return torch.optim.Adam(parameters, rate)
    return torch.optim.RMSprop(parameters, rate, 0.9) if kind == "rmsprop" else torch.optim.SGD(parameters, rate)


def read(path, shape):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.float32).reshape(shape)


class Training:
    def __init__(self, request):
        torch.manual_seed(1)
        torch.set_num_threads(request["threads"])
        spec = self.spec = request["model"]
        self.size, count = spec["batchSize"], spec["batchSize"] * request["batches"]
        self.x = read(request["files"]["x"], (count, *spec["inputShape"]))
        if len(spec["inputShape"]) == 1:
            self.x = self.x.long()
        self.model = Model(spec)
        every = self.model(self.x[:1]).dim() == 3
        self.y = read(request["files"]["y"], (count, -1, self.model.classes) if every else (count, -1))
        if spec["loss"] in ("categoricalCrossentropy", "softmaxCrossEntropy"):
            self.y = self.y.argmax(-1)
        self.optimizer = make_optimizer(spec["optimizer"], self.model.parameters())
        self.at, self.counts = 0, "acc" in spec["metrics"]

    def train(self, steps):
        first, right = None, torch.zeros(())
        for _ in range(steps):
            if self.at == len(self.x):
                self.at = 0
            x, y = self.x[self.at : self.at + self.size], self.y[self.at : self.at + self.size]
            self.at += self.size
            output = self.model(x)
            if self.spec["loss"] in LOSSES:
                loss = LOSSES[self.spec["loss"]](output, y)
                right += ((output > 0.5) == (y > 0.5)).float().mean() if self.counts else 0
            else:
                loss = F.cross_entropy(output.flatten(0, -2), y.flatten())
                right += (output.argmax(-1) == y).float().mean() if self.counts else 0
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            first = loss.item() if first is None else first
        return first


serve(Training)
