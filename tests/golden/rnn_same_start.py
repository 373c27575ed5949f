"""Trains train-rnn in PyTorch from the start and in the order that rnn_same_start.ts wrote; prints the test accuracies.

    python3 tests/golden/rnn_same_start.py data/mnist
"""
import sys
import numpy as np
import torch

folder = sys.argv[1] + "/"


def images(name):
    pixels = np.fromfile(folder + name, dtype=np.uint8)[16:].reshape(-1, 28, 28)
    return torch.from_numpy(pixels.astype(np.float32) / 255)


def labels(name):
    return torch.from_numpy(np.fromfile(folder + name, dtype=np.uint8)[8:].astype(np.int64))


train_x, train_y = images("train-images-idx3-ubyte"), labels("train-labels-idx1-ubyte")
test_x, test_y = images("t10k-images-idx3-ubyte"), labels("t10k-labels-idx1-ubyte")
parameters = np.fromfile("runs/same-start/parameters.bin", dtype=np.float32)
order = np.fromfile("runs/same-start/order.bin", dtype=np.uint32).astype(np.int64).reshape(-1, len(train_x))

rnn = torch.nn.RNN(28, 128, batch_first=True, nonlinearity="relu")
head = torch.nn.Linear(128, 10)
position = 0


def take(*shape):
    global position
    size = int(np.prod(shape))
    values = parameters[position : position + size].reshape(shape).copy()
    position += size
    return torch.from_numpy(values)


with torch.no_grad():  # Keras's shapes to PyTorch's; the one bias is the sum of PyTorch's two
    rnn.weight_ih_l0.copy_(take(28, 128).T)
    rnn.weight_hh_l0.copy_(take(128, 128).T)
    rnn.bias_ih_l0.copy_(take(128))
    rnn.bias_hh_l0.zero_()
    head.weight.copy_(take(128, 10).T)
    head.bias.copy_(take(10))

optimizer = torch.optim.RMSprop([*rnn.parameters(), *head.parameters()], lr=3e-4)
loss_of = torch.nn.CrossEntropyLoss()
for epoch in order:
    for start in range(0, len(epoch), 64):
        batch = torch.from_numpy(epoch[start : start + 64])
        loss = loss_of(head(rnn(train_x[batch])[0][:, -1]), train_y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        right = head(rnn(test_x)[0][:, -1]).argmax(1) == test_y
    print(f"{right.float().mean().item():.4f}", end=" ", flush=True)
print()
