"""Writes the golden files of this folder: recurrent classifiers computed and trained by PyTorch in float64.

    pip install torch==2.13.0 numpy==2.4.6 safetensors==0.8.0
    python tests/golden/recurrent.py data/mnist tests/golden

`data/mnist` is the folder with MNIST's raw IDX files. Parameters keep PyTorch's names and shapes. They start as float32
numbers, biases as multiples of 2^-20, so that the sum of a layer's two biases is a float32 number as well: an engine in
float32 starts from exactly the same place.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from torch import nn

VERSIONS = {"torch": torch.__version__, "python": sys.version.split()[0]}

# One batch each: random images of no round size, random unequal parameters.
GRADIENTS = {
    "lstm": dict(kind="lstm", layers=1, axis="rows", range=[0, 1]),
    "lstm_two_layers": dict(kind="lstm", layers=2, axis="columns", range=[-1, 1]),
    "lstm_hard_sigmoid": dict(kind="lstm", layers=2, axis="rows", range=[-1, 1], gate="hardSigmoid", spread=1.5),
    "lstm_dropout": dict(kind="lstm", layers=2, axis="rows", range=[0, 1], dropout=[0.25, 0.5]),
    "rnn_relu": dict(kind="rnn", layers=1, axis="rows", range=[0, 1], activation="relu"),
    "rnn_tanh_two_layers": dict(kind="rnn", layers=2, axis="columns", range=[-1, 1], activation="tanh"),
}
IMAGES, HEIGHT, WIDTH, HIDDEN, CLASSES = 5, 7, 6, 9, 4

# Fifty steps each from the same start over the same batches of digits; names and settings are Scanline's.
OPTIMIZERS = {
    "sgd": dict(learningRate=0.5),
    "momentum": dict(learningRate=0.1, momentum=0.9),
    "rmsprop": dict(learningRate=0.001, alpha=0.99, epsilon=1e-8),
    "adam": dict(learningRate=0.005, beta1=0.9, beta2=0.999, epsilon=1e-8),
    "adadelta": dict(learningRate=1.0, rho=0.9, epsilon=1e-6),
}
TRAININGS = {
    "training": dict(kind="lstm", layers=2, axis="columns", range=[-1, 1]),
    "training_rnn": dict(kind="rnn", layers=1, axis="rows", range=[0, 1], activation="relu"),
}
DIGITS, TRAINING_HIDDEN, STEPS, BATCH = 96, 13, 50, 16


class Classifier(nn.Module):
    """Recurrent layers, and a linear head on the last step."""

    def __init__(self, case, input_size, hidden, classes):
        super().__init__()
        sizes = dict(input_size=input_size, hidden_size=hidden, num_layers=case["layers"])
        self.rnn = nn.LSTM(**sizes) if case["kind"] == "lstm" else nn.RNN(**sizes, nonlinearity=case["activation"])
        self.head = nn.Linear(hidden, classes)

    def forward(self, x):  # [T,N,C]
        y, _ = self.rnn(x)
        return self.head(y[-1])


def start(model, seed, spread=1.0):
    """Uniform parameters within +-spread/sqrt(hidden); see the head of this file about biases."""
    generator = torch.Generator().manual_seed(seed)
    bound = spread / model.rnn.hidden_size**0.5
    for name, p in model.named_parameters():
        value = torch.empty(p.shape, dtype=torch.float32).uniform_(-bound, bound, generator=generator)
        p.data = (value * 2**20).round() / 2**20 if "bias" in name else value
    return model


def to_sequence(images, axis, range):
    """u8 [N,height,width] to [T,N,C]; scaled in float32, as torchvision's ToTensor and Normalize do."""
    x = images.float() / 255
    if range == [-1, 1]:
        x = (x - 0.5) / 0.5
    return x.permute(1, 0, 2) if axis == "rows" else x.permute(2, 0, 1)


def unrolled_lstm(model, x, gate, masks):
    """What nn.LSTM leaves out, step by step: another gate activation, and fixed dropout masks [T,N,H] on the outputs."""
    for layer in range(model.rnn.num_layers):
        weight_ih, weight_hh, bias_ih, bias_hh = model.rnn.all_weights[layer]
        h = c = x.new_zeros(x.shape[1], model.rnn.hidden_size)
        outputs = []
        for x_t in x:
            i, f, g, o = (x_t @ weight_ih.T + bias_ih + h @ weight_hh.T + bias_hh).chunk(4, dim=1)
            c = gate(f) * c + gate(i) * torch.tanh(g)
            h = gate(o) * torch.tanh(c)
            outputs.append(h)
        x = torch.stack(outputs) * masks[layer]
    return model.head(x[-1])


def hard_sigmoid(z):
    """Keras's and TensorFlow.js's, which is not torch's."""
    return torch.clamp(0.2 * z + 0.5, 0, 1)


def write(path, tensors, metadata):
    """One entry of metadata only: the library writes several in no fixed order, and the bytes are to be the same again."""
    metadata = {"golden": json.dumps(VERSIONS | metadata)}
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata)


def gradient_golden(name, case, seed, folder):
    generator = torch.Generator().manual_seed(seed)
    images = torch.randint(0, 256, (IMAGES, HEIGHT, WIDTH), generator=generator, dtype=torch.uint8)
    labels = torch.randint(0, CLASSES, (IMAGES,), generator=generator)
    x = to_sequence(images, case["axis"], case["range"]).double()
    model = start(Classifier(case, x.shape[2], HIDDEN, CLASSES), seed, case.get("spread", 1.0)).double()

    rates = case.get("dropout", [0, 0])
    masks = [(torch.rand(*x.shape[:2], HIDDEN, generator=generator) >= rate).double() / (1 - rate) for rate in rates]
    if case["kind"] == "lstm":  # the unrolled LSTM is nn.LSTM, where nn.LSTM can do the same
        torch.testing.assert_close(unrolled_lstm(model, x, torch.sigmoid, [1, 1]), model(x), rtol=1e-12, atol=1e-12)
    if "gate" in case or "dropout" in case:
        logits = unrolled_lstm(model, x, hard_sigmoid if "gate" in case else torch.sigmoid, masks)
    else:
        logits = model(x)
    loss = nn.functional.cross_entropy(logits, labels)
    loss.backward()

    tensors = {"images": images, "labels": labels.to(torch.uint8), "logits": logits.detach(), "loss": loss.detach()}
    for parameter_name, p in model.named_parameters():
        tensors[f"parameters.{parameter_name}"] = p.detach().float()
        tensors[f"gradient.{parameter_name}"] = p.grad
    if "dropout" in case:
        tensors |= {f"mask.{layer}": mask for layer, mask in enumerate(masks)}
    write(folder / f"{name}.safetensors", tensors, case)


def create_optimizer(name, parameters, settings):
    rate = settings["learningRate"]
    if name == "sgd":
        return torch.optim.SGD(parameters, lr=rate)
    if name == "momentum":
        return torch.optim.SGD(parameters, lr=rate, momentum=settings["momentum"])
    if name == "rmsprop":
        return torch.optim.RMSprop(parameters, lr=rate, alpha=settings["alpha"], eps=settings["epsilon"])
    if name == "adam":
        betas = (settings["beta1"], settings["beta2"])
        return torch.optim.Adam(parameters, lr=rate, betas=betas, eps=settings["epsilon"])
    return torch.optim.Adadelta(parameters, lr=rate, rho=settings["rho"], eps=settings["epsilon"])


def train(model, optimizer, x, labels, batches):
    losses = []
    for batch in batches:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[:, batch]), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return torch.tensor(losses, dtype=torch.float64)


def read_digits(folder):
    pixels = (folder / "train-images-idx3-ubyte").read_bytes()[16 : 16 + DIGITS * 784]
    labels = (folder / "train-labels-idx1-ubyte").read_bytes()[8 : 8 + DIGITS]
    to_tensor = lambda data: torch.frombuffer(bytearray(data), dtype=torch.uint8)
    return to_tensor(pixels).reshape(DIGITS, 28, 28), to_tensor(labels)


def training_golden(file, case, mnist, folder):
    images, labels = read_digits(mnist)
    x = to_sequence(images, case["axis"], case["range"])
    generator = torch.Generator().manual_seed(20)
    batches = torch.stack([torch.randperm(DIGITS, generator=generator)[:BATCH] for _ in range(STEPS)])
    tensors = {"images": images, "labels": labels, "batches": batches.to(torch.uint8)}
    for name, settings in OPTIMIZERS.items():
        losses = {}
        for dtype in (torch.float32, torch.float64):
            model = start(Classifier(case, 28, TRAINING_HIDDEN, 10), seed=21)
            tensors |= {f"parameters.{key}": value.detach().clone() for key, value in model.named_parameters()}
            model.to(dtype)
            optimizer = create_optimizer(name, model.parameters(), settings)
            losses[dtype] = train(model, optimizer, x.to(dtype), labels.long(), batches)
        tensors[f"{name}.losses"] = losses[torch.float64]
        tensors |= {f"{name}.parameters.{key}": value.detach() for key, value in model.named_parameters()}
        apart = (losses[torch.float32] - losses[torch.float64]).abs().max().item()
        print(f"{file}, {name}: loss {losses[dtype][0]:.4f} to {losses[dtype][-1]:.4f}; in float32 up to {apart:.1e} away")
    write(folder / f"{file}.safetensors", tensors, case | {"optimizers": OPTIMIZERS})


if __name__ == "__main__":
    mnist, folder = map(pathlib.Path, sys.argv[1:])
    torch.set_num_threads(1)
    for seed, (name, case) in enumerate(GRADIENTS.items()):
        gradient_golden(name, case, seed, folder)
    for file, case in TRAININGS.items():
        training_golden(file, case, mnist, folder)
