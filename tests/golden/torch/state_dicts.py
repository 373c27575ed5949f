"""Writes state_dicts of real PyTorch modules, those that Scanline takes and those that it must name.

    /path/to/python tests/golden/torch/state_dicts.py tests/golden/torch

state_dicts.safetensors holds, for each CASE, its tensors as CASE|NAME, and for those that Scanline takes CASE|pixels
and CASE|logits, what PyTorch's model makes of pixels / 255 in float32. weights.pth, legacy.pth, weights.pt, pickle.pkl are the files that
people have instead of safetensors; weights.safetensors is what the lines that Scanline prints make of weights.pth.

Written by torch 2.13.0, safetensors 0.8.0, one thread, seed 7.
"""
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

    os.chdir(folder)
    model = Classifier(lstm())
    torch.save(model.state_dict(), "weights.pth")
    torch.save(model.state_dict(), "legacy.pth", _use_new_zipfile_serialization=False)
    torch.jit.save(torch.jit.script(model), "weights.pt")
    with open("pickle.pkl", "wb") as file:
        pickle.dump({"fc.bias": model.fc.bias.numpy()}, file)


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
