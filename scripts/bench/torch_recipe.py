"""The recipe train-lstm-adam in PyTorch: one LSTM layer over rows, Adam, one epoch. Usage: torch_recipe.py THREADS FOLDER [SEED]

The data is in memory as float32, batches are taken by index: no DataLoader, no worker, no transform. Every 50 steps the
first 2,000 test images are evaluated, and all 10,000 at the end, as in the recipe.
"""

import sys

import torch
from torch import nn
from torch.nn.functional import cross_entropy

threads, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(threads)
torch.manual_seed(int(sys.argv[3]) if len(sys.argv) > 3 else 1)


def read(name, header):
    with open(f"{folder}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[header:]


def images(name):
    return read(name, 16).reshape(-1, 28, 28).float() / 255


train_x, train_y = images("train-images-idx3-ubyte"), read("train-labels-idx1-ubyte", 8).long()
test_x, test_y = images("t10k-images-idx3-ubyte"), read("t10k-labels-idx1-ubyte", 8).long()

lstm, head = nn.LSTM(28, 64, batch_first=True), nn.Linear(64, 10)
optimizer = torch.optim.Adam([*lstm.parameters(), *head.parameters()], lr=0.01)


def logits(x):
    return head(lstm(x)[0][:, -1])


@torch.inference_mode()
def accuracy(x, y):
    right = sum((logits(some).argmax(1) == label).sum() for some, label in zip(x.split(2000), y.split(2000)))
    return right.item() / len(y)


for step, batch in enumerate(torch.randperm(len(train_x)).split(64)):
    loss = cross_entropy(logits(train_x[batch]), train_y[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        peek = accuracy(test_x[:2000], test_y[:2000])
        print(f"Epoch:  0 | train loss: {loss.item():.4f} | test accuracy: {peek:.2f}")

print(f"Accuracy on all {len(test_x)} test images: {accuracy(test_x, test_y):.4f}")
