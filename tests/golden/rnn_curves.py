"""Prints the curves in scripts/results/published.ts: the recipe train-rnn in PyTorch, test accuracy epoch by epoch.

    pip install torch==2.13.0 numpy==2.4.6
    python tests/golden/rnn_curves.py data/mnist 1 2 3

The numbers are seeds. Some 40 seconds each on one core; another version, processor or number of threads may round
differently, and after ten epochs of this network that is another curve.
"""

import pathlib
import sys

import numpy as np
import torch
from torch import nn


def read(folder, split):
    """Images f32 [N,28,28] in 0 to 1, labels i64 [N]."""
    images = np.fromfile(folder / f"{split}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 28, 28)
    labels = np.fromfile(folder / f"{split}-labels-idx1-ubyte", np.uint8)[8:]
    return torch.from_numpy(images.astype(np.float32) / 255), torch.from_numpy(labels.astype(np.int64))


def train(seed, images, labels, test_images, test_labels):
    torch.manual_seed(seed)
    rnn, head = nn.RNN(28, 128, batch_first=True, nonlinearity="relu"), nn.Linear(128, 10)
    classify = lambda x: head(rnn(x)[0][:, -1])
    optimizer = torch.optim.RMSprop([*rnn.parameters(), *head.parameters()], lr=3e-4)
    accuracies = []
    for _ in range(10):
        order = torch.randperm(len(images))
        for batch in order.split(64):
            loss = nn.functional.cross_entropy(classify(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        with torch.no_grad():
            accuracies.append((classify(test_images).argmax(1) == test_labels).double().mean().item())
    return accuracies


if __name__ == "__main__":
    folder, *seeds = sys.argv[1:]
    torch.set_num_threads(1)
    data = [*read(pathlib.Path(folder), "train"), *read(pathlib.Path(folder), "t10k")]
    for seed in map(int, seeds):
        print(seed, [f"{accuracy:.4f}" for accuracy in train(seed, *data)], flush=True)
