"""Trains a recipe in PyTorch from the start and in the order that same_start.ts wrote.

    python3 tests/golden/same_start.py train-rnn data/mnist

Prints the mean loss and the test accuracy of each epoch.
"""
import sys
import numpy as np
import torch

recipe, folder = sys.argv[1], sys.argv[2] + "/"


def images(name):
    pixels = np.fromfile(folder + name, dtype=np.uint8)[16:].reshape(-1, 28, 28)
    return torch.from_numpy(pixels.astype(np.float32) / 255)


def labels(name):
    return torch.from_numpy(np.fromfile(folder + name, dtype=np.uint8)[8:].astype(np.int64))


train_x, train_y = images("train-images-idx3-ubyte"), labels("train-labels-idx1-ubyte")
test_x, test_y = images("t10k-images-idx3-ubyte"), labels("t10k-labels-idx1-ubyte")
parameters = np.fromfile("runs/same-start/parameters.bin", dtype=np.float32)
order = np.fromfile("runs/same-start/order.bin", dtype=np.uint32).astype(np.int64).reshape(-1, len(train_x))

H = 100 if recipe == "train-irnn" else 128
head, clip, features = torch.nn.Linear(H, 10), None, 28
position = 0


def take(*shape):
    global position
    size = int(np.prod(shape))
    values = parameters[position : position + size].reshape(shape).copy()
    position += size
    return torch.from_numpy(values)


def gates(rows):
    """The gates z r h of Scanline's GRU as PyTorch's r z n."""
    z, r, h = rows.split(H)
    return torch.cat([r, z, h])


with torch.no_grad():  # Keras's shapes to PyTorch's
    if recipe == "train-rnn":
        rnn = torch.nn.RNN(28, H, batch_first=True, nonlinearity="relu")
        rnn.weight_ih_l0.copy_(take(28, H).T)
        rnn.weight_hh_l0.copy_(take(H, H).T)
        rnn.bias_ih_l0.copy_(take(H))  # the one bias is the sum of PyTorch's two
        rnn.bias_hh_l0.zero_()
        batch_size, optimizer = 64, torch.optim.RMSprop([*rnn.parameters(), *head.parameters()], lr=3e-4)
    elif recipe == "train-gru":
        rnn = torch.nn.GRU(28, H, 2, batch_first=True)
        for l, inputs in enumerate([28, H]):
            getattr(rnn, f"weight_ih_l{l}").copy_(gates(take(inputs, 3 * H).T))
            getattr(rnn, f"weight_hh_l{l}").copy_(gates(take(H, 3 * H).T))
            getattr(rnn, f"bias_ih_l{l}").copy_(gates(take(3 * H)))
            getattr(rnn, f"bias_hh_l{l}").copy_(gates(take(3 * H)))
        batch_size, optimizer = 100, torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=1e-3)
    elif recipe == "train-irnn":
        rnn = torch.nn.RNN(1, H, batch_first=True, nonlinearity="relu")
        rnn.weight_ih_l0.copy_(take(1, H).T)
        rnn.weight_hh_l0.copy_(take(H, H).T)
        rnn.bias_ih_l0.copy_(take(H))
        rnn.bias_hh_l0.zero_().requires_grad_(False)
        batch_size, clip, features = 32, 1.0, 1
        trained = [p for p in [*rnn.parameters(), *head.parameters()] if p.requires_grad]
        optimizer = torch.optim.RMSprop(trained, lr=1e-6, alpha=0.9, eps=1e-7)
    else:
        sys.exit(f"no such recipe: {recipe}")
    head.weight.copy_(take(H, 10).T)
    head.bias.copy_(take(10))
    assert position == len(parameters), "parameters.bin is another recipe's: run same_start.ts first"



def answers(x):
    return head(rnn(x.reshape(len(x), -1, features))[0][:, -1])


loss_of = torch.nn.CrossEntropyLoss()
for epoch in order:
    total = 0
    for start in range(0, len(epoch), batch_size):
        batch = torch.from_numpy(epoch[start : start + batch_size])
        loss = loss_of(answers(train_x[batch]), train_y[batch])
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(trained, clip)
        optimizer.step()
        total += loss.item() * len(batch)
    with torch.no_grad():
        right = torch.cat([answers(part).argmax(1) for part in test_x.split(1000)]) == test_y
    print(f"{total / len(epoch):.4f} {right.float().mean().item():.4f}", flush=True)
