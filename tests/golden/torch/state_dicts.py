"""Writes state_dicts of real PyTorch modules, those that Scanline takes and those that it must name.

    /path/to/python tests/golden/torch/state_dicts.py tests/golden/torch

state_dicts.safetensors holds, for each CASE, its tensors as CASE|NAME, and for those that Scanline takes CASE|pixels
and CASE|logits, what PyTorch's model makes of pixels / 255 in float32. weights.pth, legacy.pth, weights.pt, pickle.pkl are the files that
people have instead of safetensors; weights.safetensors is what the lines that Scanline prints make of weights.pth.

chains.safetensors holds models of other kinds: CASE|NAME, what goes in as CASE|x (numbers or tokens), what comes out as CASE|y, and
in its metadata the chain that says their order.

Written by torch 2.13.0, safetensors 0.8.0, one thread, seed 7.
"""
import json
import os
import pickle
import sys

import torch
from safetensors.torch import save_file
from torch import nn

C, H, K, N, T = 3, 4, 3, 2, 5


class Classifier(nn.Module):
    def __init__(self, rnn, head=None, **others):
        super().__init__()
        self.rnn = rnn
        self.fc = head or nn.Linear(H, K)
        for name, module in others.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.fc(self.rnn(x)[0][:, -1])


class Inherited(nn.LSTM):  # its own tensors have no prefix
    def __init__(self):
        super().__init__(C, H, batch_first=True)
        self.fc = nn.Linear(H, K)

    def forward(self, x):
        return self.fc(super().forward(x)[0][:, -1])


class Wrapper(nn.Module):
    def __init__(self, name, model):
        super().__init__()
        setattr(self, name, model)

    def forward(self, x):
        return next(self.children())(x)


def lstm(**options):
    return nn.LSTM(C, H, batch_first=True, **options)



def taken():
    yield "lstm", Classifier(lstm())
    yield "two layers", Classifier(lstm(num_layers=2))
    yield "rnn", Classifier(nn.RNN(C, H, batch_first=True))
    yield "rnn without bias", Classifier(nn.RNN(C, H, batch_first=True, bias=False))
    yield "lstm without bias", Classifier(lstm(num_layers=2, bias=False))
    yield "linear without bias", Classifier(lstm(), nn.Linear(H, K, bias=False))
    yield "inherited", Inherited()
    for name in ["model", "net"]:
        yield name, Wrapper(name, Classifier(lstm()))
    yield "DataParallel", nn.DataParallel(Classifier(lstm()))
    yield "compiled", torch.compile(Classifier(lstm()))
    compiled = Classifier(lstm())
    compiled.rnn = torch.compile(compiled.rnn)
    yield "compiled inside", compiled
    yield "averaged", torch.optim.swa_utils.AveragedModel(Classifier(lstm()))
    yield "float64", Classifier(lstm()).double()
    yield "float16", Classifier(lstm()).half()
    yield "bfloat16", Classifier(lstm()).bfloat16()


def named():
    yield "gru", Classifier(nn.GRU(C, H))
    yield "proj_size", Classifier(lstm(proj_size=2), nn.Linear(2, K))
    yield "bidirectional", Classifier(lstm(bidirectional=True), nn.Linear(2 * H, K))
    yield "bidirectional gru", Classifier(nn.GRU(C, H, bidirectional=True), nn.Linear(2 * H, K))
    yield "all steps", Classifier(lstm(), nn.Linear(T * H, K))
    yield "cell", Classifier(nn.LSTMCell(C, H))
    yield "gru cell", Classifier(nn.GRUCell(C, H))
    yield "two linears", Classifier(lstm(), fc2=nn.Linear(K, K))
    yield "two lstms", Classifier(lstm(), rnn2=nn.LSTM(H, H))
    yield "convolution", Classifier(lstm(), conv=nn.Conv2d(1, 2, 3), conv1=nn.Conv1d(1, 2, 3, bias=False))
    yield "embedding", Classifier(lstm(), embed=nn.Embedding(7, C))
    yield "batch norm", Classifier(lstm(), bn=nn.BatchNorm1d(H))
    yield "layer norm", Classifier(lstm(), ln=nn.LayerNorm(H))
    yield "attention", Classifier(lstm(), attention=nn.MultiheadAttention(H, 1))
    yield "weight norm", Classifier(nn.utils.parametrizations.weight_norm(lstm(), "weight_hh_l0"))
    yield "linear weight norm", Classifier(lstm(), nn.utils.parametrizations.weight_norm(nn.Linear(H, K)))
    permuted = Classifier(lstm())
    permuted.register_buffer("permutation", torch.randperm(C))
    yield "permuted", permuted
    yield "lstm only", lstm()
    yield "linear only", nn.Linear(H, K)
    yield "one class", Classifier(lstm(), nn.Linear(H, 1))
    broken = Classifier(lstm())
    broken.rnn.weight_hh_l0[9, 2] = torch.nan
    yield "not a number", broken
    broken = Classifier(lstm()).double()
    broken.fc.bias[1] = 1e300
    yield "too large", broken


V = 6


class Model(nn.Module):
    """Modules, and forward() as a function of them and of x."""

    def __init__(self, compute, **modules):
        super().__init__()
        self.compute = compute
        for name, module in modules.items():
            setattr(self, name, module)

    def forward(self, x):
        return self.compute(self, x)


def both_ends(rnn, x):
    h_n = rnn(x)[1]
    h_n = h_n[0] if isinstance(h_n, tuple) else h_n
    return torch.cat([h_n[-2], h_n[-1]], 1)


def packed(m, x):
    lengths = (x != 0).sum(1)
    steps = nn.utils.rnn.pack_padded_sequence(m.embed(x), lengths, batch_first=True, enforce_sorted=False)
    return m.fc(both_ends(m.rnn, steps))


def gru(**options):
    return nn.GRU(C, H, batch_first=True, **options)


def both_directions(m, x):
    forward, backward = m.rnn(x)[0].chunk(2, 2)
    return m.fc(forward + backward)


def last_step(m, x):
    return m.fc(m.rnn(x)[0][:, -1])


def chains():
    """Yields name, chain (None where the modules tell it), module, and what it reads."""
    both = {"bidirectional": True}
    yield "gru", None, Model(last_step, rnn=gru(), fc=nn.Linear(H, 1)), "numbers"
    yield "gru without bias", None, Model(last_step, rnn=gru(bias=False, num_layers=2), fc=nn.Linear(H, K)), "numbers"
    yield "every step", ["rnn", "fc", "softmax"], Model(
        lambda m, x: m.fc(m.rnn(x)[0]).softmax(2), rnn=gru(num_layers=2, **both), fc=nn.Linear(2 * H, K, bias=False)
    ), "numbers"
    yield "both ends", ["rnn", "last", "fc"], Model(
        lambda m, x: m.fc(both_ends(m.rnn, x)), rnn=lstm(num_layers=2, **both), fc=nn.Linear(2 * H, K)
    ), "numbers"
    yield "relu", ["rnn", "fc"], Model(
        lambda m, x: m.fc(m.rnn(x)[0]),
        rnn=nn.RNN(C, H, num_layers=2, nonlinearity="relu", batch_first=True, **both),
        fc=nn.Linear(2 * H, 1),
    ), "numbers"
    yield "sum of both directions", ["rnn", "sum", "fc"], Model(
        both_directions, rnn=lstm(bias=False, **both), fc=nn.Linear(H, K)
    ), "numbers"
    yield "embedding", None, Model(
        lambda m, x: m.fc(m.lstm(m.embed(x))[0][:, -1]), embed=nn.Embedding(V, C), lstm=lstm(), fc=nn.Linear(H, K)
    ), "tokens"
    yield "a dense stack", ["embed", "gru", "last", "fc1", "relu", "fc2", "sigmoid"], Model(
        lambda m, x: m.fc2(m.fc1(m.gru(m.embed(x))[0][:, -1]).relu()).sigmoid(),
        embed=nn.Embedding(V, C),
        gru=gru(),
        fc1=nn.Linear(H, 5),
        fc2=nn.Linear(5, 1),
    ), "tokens"
    yield "modules of other sizes", ["rnn1", "rnn2", "last", "fc"], Model(
        lambda m, x: m.fc(m.rnn2(m.rnn1(x)[0])[0][:, -1]),
        rnn1=lstm(),
        rnn2=nn.GRU(H, 2, batch_first=True),
        fc=nn.Linear(2, K),
    ), "numbers"
    yield "linear below", ["below", "tanh", "rnn", "last", "tanh", "fc"], Model(
        lambda m, x: m.fc(m.rnn(m.below(x).tanh())[0][:, -1].tanh()),
        below=nn.Linear(2, C, bias=False),
        rnn=lstm(),
        fc=nn.Linear(H, K),
    ), "numbers"
    yield "encoder and decoder", ["encoder", "last", "repeat 3", "decoder", "fc"], Model(
        lambda m, x: m.fc(m.decoder(m.encoder(x)[0][:, -1:].expand(-1, 3, -1))[0]),
        encoder=lstm(),
        decoder=nn.LSTM(H, 2, batch_first=True),
        fc=nn.Linear(2, 1),
    ), "numbers"
    yield "padded", ["mask 0", "embed", "rnn", "last", "fc"], Model(
        packed, embed=nn.Embedding(V, C, padding_idx=0), rnn=gru(**both), fc=nn.Linear(2 * H, K)
    ), "padded"
    model = Model(lambda m, x: m.fc(m.rnn(x)[0]), rnn=gru(), fc=nn.Linear(H, K))
    yield "DataParallel, float16", ["rnn", "fc"], nn.DataParallel(model).half(), "numbers"
    model = Model(last_step, rnn=gru(), fc=nn.Linear(H, K))
    yield "compiled, bfloat16", None, torch.compile(Wrapper("model", model)).bfloat16(), "numbers"
    compiled = Model(lambda m, x: m.fc(m.rnn(x)[0]), rnn=torch.compile(lstm()), fc=nn.Linear(H, K))
    yield "compiled inside, float64", ["rnn", "fc"], compiled.double(), "numbers"
    yield "batch norm of the last step", ["rnn", "last", "batchnorm", "fc1", "relu", "fc2"], Model(
        lambda m, x: m.fc2(m.fc1(m.batchnorm(m.rnn(x)[0][:, -1])).relu()),
        rnn=lstm(),
        batchnorm=nn.BatchNorm1d(H),
        fc1=nn.Linear(H, 5),
        fc2=nn.Linear(5, K),
    ), "normalized"
    yield "batch norm of every step", ["below", "rnn", "bn", "eps 0.01", "momentum 0.25", "lastStep", "fc"], Model(
        lambda m, x: m.fc(m.bn(m.rnn(m.below(x.mT).mT)[0].mT).mT[:, -1]),
        below=nn.BatchNorm1d(C),
        rnn=gru(**both),
        bn=nn.BatchNorm1d(2 * H, eps=0.01, momentum=0.25, affine=False),
        fc=nn.Linear(2 * H, K),
    ), "normalized"


def train_averages(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d) and module.affine:
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    model.train()
    for _ in range(3):
        model(1 + 2 * torch.randn(7, T, C))


def write_chains(folder):
    tensors, descriptions = {}, {}
    for name, chain, model, reads in chains():
        if reads == "normalized":
            train_averages(model)
            reads = "numbers"
        model.eval()
        state = {key: value.contiguous().clone() for key, value in model.state_dict().items()}
        if reads == "numbers":
            x = torch.randn(N, T, 2 if name == "linear below" else C)
        else:
            x = torch.randint(1, V, (N, T))
            if reads == "padded":
                x[1, 3:] = 0
        y = model.float()(x)
        descriptions[name] = {"chain": chain} | ({"activation": "relu"} if name == "relu" else {})
        state |= {"x": x.to(torch.float32 if reads == "numbers" else torch.int32), "y": y}
        tensors |= {f"{name}|{key}": value.contiguous().clone() for key, value in state.items()}
    save_file(tensors, f"{folder}/chains.safetensors", {"chains": json.dumps(descriptions)})


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    torch.manual_seed(7)
    torch.compiler.set_stance("force_eager")  # only the names matter
    folder, tensors = sys.argv[1], {}
    for name, model in taken():
        model.eval()
        state, pixels = dict(model.state_dict()), torch.randint(256, (N, T, C), dtype=torch.uint8)
        state |= {"pixels": pixels, "logits": model.float()(pixels / 255)}
        tensors |= {f"{name}|{key}": value.contiguous().clone() for key, value in state.items()}
    for name, model in named():
        tensors |= {f"{name}|{key}": value.contiguous().clone() for key, value in model.state_dict().items()}
    save_file(tensors, f"{folder}/state_dicts.safetensors")
    folder = os.path.abspath(folder)
    os.chdir(folder)
    model = Classifier(lstm())
    torch.save(model.state_dict(), "weights.pth")
    torch.save(model.state_dict(), "legacy.pth", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(model), "weights.pt")
    with open("pickle.pkl", "wb") as file:
        pickle.dump({"fc.bias": model.fc.bias.numpy()}, file)
    write_chains(folder)


def convert_script():  # as Scanline says it
    state = torch.jit.load("weights.pt", map_location="cpu").state_dict()
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, "weights.safetensors")
    with open("weights.safetensors", "rb") as file:
        return file.read()


def convert():  # as Scanline says it
    state = torch.load("weights.pth", map_location="cpu", weights_only=True)
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, "weights.safetensors")
    with open("weights.safetensors", "rb") as file:
        return file.read()


main()
assert convert_script() == convert()
