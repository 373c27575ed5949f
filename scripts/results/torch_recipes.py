"""The recipes beyond the first four in PyTorch, from the same settings as `scripts/train_*.ts`.

Usage: torch_recipes.py RECIPE SEED FOLDER [EPOCHS] [THREADS]

FOLDER has the four files of MNIST. Prints one JSON line an epoch: losses and accuracies, and the seconds so far. The images are
in memory as float32 and batches are taken by index: no DataLoader, no worker.
"""

import json
import sys
import time

import torch
from torch import nn
from torch.nn.functional import cross_entropy

recipe, seed, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(int(sys.argv[5]) if len(sys.argv) > 5 else 1)
torch.manual_seed(seed)
torch.set_flush_denormal(False)


def read(name, header):
    with open(f"{folder}/{name}", "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=torch.uint8)[header:]


def images(name):
    return read(name, 16).reshape(-1, 28, 28).float() / 255


train_x, train_y = images("train-images-idx3-ubyte"), read("train-labels-idx1-ubyte", 8).long()
test_x, test_y = images("t10k-images-idx3-ubyte"), read("t10k-labels-idx1-ubyte", 8).long()


class Reader(nn.Module):
    """Recurrent layers over the lines of an image, and a head over their last row (`out[:, -1, :]`)."""

    def __init__(self, rnn, head, own=False):
        super().__init__()
        self.rnn, self.head, self.own = rnn, head, own

    def forward(self, x):
        out, state = self.rnn(x)
        if self.own:  # the last output of each direction
            h = state[0] if isinstance(state, tuple) else state
            return self.head(torch.cat([h[-2], h[-1]], 1))
        return self.head(out[:, -1, :])


def keras_start(lstm):
    """Keras's: glorot uniform, orthonormal, bias 0 but 1 for the forget gate."""
    H = lstm.hidden_size
    with torch.no_grad():
        limit = (6 / (lstm.input_size + 4 * H)) ** 0.5
        lstm.weight_ih_l0.uniform_(-limit, limit)
        nn.init.orthogonal_(lstm.weight_hh_l0)
        lstm.bias_ih_l0.zero_()
        lstm.bias_hh_l0.zero_().requires_grad_(False)
        lstm.bias_ih_l0[H : 2 * H] = 1
    lstm.bias_hh_l0.requires_grad_(False)


def glorot(linear):
    nn.init.xavier_uniform_(linear.weight)
    nn.init.zeros_(linear.bias)
    return linear


lines = lambda x: x
pixels = lambda x: x.reshape(len(x), 784, 1)
permutation = torch.randperm(784, generator=torch.Generator().manual_seed(92916))
clip, schedule, augment = None, None, None

if recipe == "train-bilstm" or recipe == "train-bilstm-own":
    rnn = nn.LSTM(28, 128, 2, batch_first=True, bidirectional=True)
    model, read_x = Reader(rnn, nn.Linear(256, 10), recipe.endswith("own")), lines
    batch, epochs, optimizer = 100, 2, torch.optim.Adam(model.parameters(), lr=0.003)
elif recipe == "train-gru":
    model, read_x = Reader(nn.GRU(28, 128, 2, batch_first=True), nn.Linear(128, 10)), lines
    batch, epochs, optimizer = 100, 2, torch.optim.Adam(model.parameters(), lr=0.001)
elif recipe == "train-mnist-rnn":
    head = nn.Sequential(
        nn.BatchNorm1d(64), nn.Dropout(0.25), nn.Linear(64, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 10)
    )
    model, read_x = Reader(nn.LSTM(28, 64, batch_first=True), head), lambda x: (x - 0.1307) / 0.3081
    batch, epochs, optimizer = 64, 14, torch.optim.Adadelta(model.parameters(), lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.7)
elif recipe == "train-keras-guide":
    rnn = nn.LSTM(28, 64, batch_first=True)
    keras_start(rnn)
    model, read_x = Reader(rnn, nn.Sequential(nn.BatchNorm1d(64, 1e-3, 0.01), glorot(nn.Linear(64, 10)))), lines
    batch, epochs, optimizer = 64, 2, torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.01)
elif recipe == "train-irnn":
    rnn = nn.RNN(1, 100, nonlinearity="relu", batch_first=True)
    with torch.no_grad():
        rnn.weight_ih_l0.normal_(0, 0.001)
        rnn.weight_hh_l0.copy_(torch.eye(100))
        rnn.bias_ih_l0.zero_()
        rnn.bias_hh_l0.zero_()
    rnn.bias_hh_l0.requires_grad_(False)
    model, read_x, clip = Reader(rnn, glorot(nn.Linear(100, 10))), pixels, 1.0
    batch, epochs = 32, 2
    optimizer = torch.optim.RMSprop([p for p in model.parameters() if p.requires_grad], lr=1e-6, alpha=0.9, eps=1e-7)
elif recipe.startswith("train-pixels"):
    rnn = nn.LSTM(1, 100, batch_first=True)
    keras_start(rnn)  # for its biases
    head = glorot(nn.Linear(100, 10))
    with torch.no_grad():
        nn.init.orthogonal_(rnn.weight_ih_l0)
        nn.init.orthogonal_(head.weight)
        gates = nn.init.orthogonal_(torch.empty(300, 100))
        rnn.weight_hh_l0.copy_(torch.cat([gates[:200], torch.eye(100), gates[200:]]))  # i f g o
    model, clip = Reader(rnn, head), 1.0
    read_x = (lambda x: pixels(x)[:, permutation]) if recipe.endswith("permuted") else pixels
    batch, epochs = 100, 2
    train_x, train_y = train_x[10000:], train_y[10000:]
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.RMSprop(trained, lr=1e-3, alpha=0.9, eps=1e-5, momentum=0.9)
elif recipe == "train-tanh-rnn":
    model, read_x = Reader(nn.RNN(28, 256, batch_first=True), nn.Linear(256, 10)), lambda x: 2 * x - 1
    batch, epochs, optimizer = 64, 10, torch.optim.Adam(model.parameters(), lr=0.001)
elif recipe == "train-best":
    rnn = nn.LSTM(28, 64, 2, batch_first=True)
    model, read_x, clip, augment = Reader(rnn, nn.Linear(64, 10)), lines, 1.0, (2, 12, 0.15)
    with torch.no_grad():
        for l in "01":
            getattr(rnn, f"bias_ih_l{l}")[64:128] = 1
            getattr(rnn, f"bias_hh_l{l}")[64:128] = 0
    batch, epochs = 128, 18
    train_x, train_y = train_x[5000:], train_y[5000:]
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.004, weight_decay=1e-4)
else:
    sys.exit(f"no such recipe: {recipe}")

epochs = int(sys.argv[4]) if len(sys.argv) > 4 and sys.argv[4] != "-" else epochs
if recipe == "train-best":
    steps = epochs * -(-len(train_x) // batch)
    schedule_step = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.004, steps, pct_start=0.2, cycle_momentum=False)
else:
    schedule_step = None


def moved(x, shift, rotate, scale):
    """Each image shifted by whole pixels, turned and scaled about its centre; blank where nothing was."""
    N, side = len(x), x.shape[1] - 1
    dx, dy = torch.randint(-shift, shift + 1, (2, N)).float() * 2 / side
    angle, factor = (2 * torch.rand(N) - 1) * rotate * torch.pi / 180, 1 + (2 * torch.rand(N) - 1) * scale
    a, b = angle.cos() / factor, angle.sin() / factor  # from new to old
    theta = torch.stack([torch.stack([a, b, -a * dx - b * dy], 1), torch.stack([-b, a, b * dx - a * dy], 1)], 1)
    grid = nn.functional.affine_grid(theta, (N, 1, side + 1, side + 1), align_corners=True)
    return nn.functional.grid_sample(x.unsqueeze(1), grid, align_corners=True).squeeze(1)


@torch.inference_mode()
def evaluate():
    model.eval()
    loss = right = 0
    for x, y in zip(test_x.split(500), test_y.split(500)):
        z = model(read_x(x))
        loss += cross_entropy(z, y, reduction="sum").item()
        right += (z.argmax(1) == y).sum().item()
    model.train()
    return loss / len(test_y), right / len(test_y)


spent = 0
for epoch in range(epochs):
    started, total, right = time.perf_counter(), 0, 0
    for some in torch.randperm(len(train_x)).split(batch):
        x, y = train_x[some], train_y[some]
        z = model(read_x(moved(x, *augment) if augment else x))
        loss = cross_entropy(z, y)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        if schedule_step:
            schedule_step.step()
        total += loss.item() * len(y)
        right += (z.argmax(1) == y).sum().item()
    if schedule:
        schedule.step()
    spent += time.perf_counter() - started
    test_loss, test_accuracy = evaluate()
    print(json.dumps({
        "epoch": epoch, "trainLoss": round(total / len(train_x), 6), "trainAccuracy": round(right / len(train_x), 6),
        "testLoss": round(test_loss, 6), "testAccuracy": test_accuracy, "seconds": round(spent, 1),
    }), flush=True)
