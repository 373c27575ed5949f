"""Trains a small classifier in PyTorch and writes what Scanline must make of it.

    /path/to/python tests/golden/classifier.py data/mnist tests/golden/classifier.safetensors [--full FOLDER]

The weights are the state_dict of the module below, with PyTorch's own names, in safetensors (written by hand: 20 lines,
and no package). Beside them: the first 12 test images, and PyTorch's logits of them.

With --full, an LSTM of 64 units trained on all 60,000 digits is left in FOLDER/weights.safetensors, and the number of
the 10,000 test images that it gets right is printed: `deno task import` and `deno task evaluate` find the same.

Written by torch 2.13.0, one thread, seed 7.
"""
import gzip
import json
import struct
import sys

import torch
from torch import nn


def read(folder, name, offset):
    for open_, end in ((open, ""), (gzip.open, ".gz")):
        try:
            with open_(f"{folder}/{name}{end}", "rb") as file:
                return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8, offset=offset)
        except FileNotFoundError:
            pass
    raise FileNotFoundError(f"{folder}/{name}")


class Classifier(nn.Module):
    def __init__(self, hidden, layers=1):
        super().__init__()
        self.rnn = nn.LSTM(28, hidden, layers, batch_first=True)
        self.out = nn.Linear(hidden, 10)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


@torch.enable_grad()
def train(images, labels, hidden, layers, batch=64):
    torch.manual_seed(7)
    model = Classifier(hidden, layers)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for start in range(0, len(images), batch):
        optimizer.zero_grad()
        logits = model(images[start : start + batch])
        nn.functional.cross_entropy(logits, labels[start : start + batch]).backward()
        optimizer.step()
    return model.eval()


def save(path, tensors):
    header, data = {"__metadata__": {"torch": torch.__version__}}, b""
    for name, tensor in tensors.items():
        raw = tensor.contiguous().numpy().tobytes()
        header[name] = {
            "dtype": {torch.float32: "F32", torch.uint8: "U8"}[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


@torch.no_grad()
def main():
    torch.set_num_threads(1)
    folder, path = sys.argv[1:3]
    pixels = read(folder, "train-images-idx3-ubyte", 16).view(-1, 28, 28)
    labels = read(folder, "train-labels-idx1-ubyte", 8).long()
    test_pixels = read(folder, "t10k-images-idx3-ubyte", 16).view(-1, 28, 28)
    test_labels = read(folder, "t10k-labels-idx1-ubyte", 8).long()

    small = train(pixels[:6400] / 255, labels[:6400], hidden=5, layers=2)
    few = test_pixels[:12]
    save(path, {**small.state_dict(), "logits": small(few / 255), "images": few})
    if "--full" in sys.argv:
        full = train(pixels / 255, labels, hidden=64, layers=1)
        correct = int((full(test_pixels / 255).argmax(1) == test_labels).sum())
        save(f"{sys.argv[-1]}/weights.safetensors", full.state_dict())
        print(f"{correct} of {len(test_labels)} right")


main()
