"""PyTorch, as the bench measures it: reads one JSON object a line, answers with one. See scripts/bench/protocol.ts."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from torch_protocol import serve


class Reader(nn.Module):
    """Recurrent layers, and a linear head on the last step."""

    def __init__(self, layers, classes):
        super().__init__()
        self.recurrent = nn.ModuleList(
            nn.LSTM(layer["inputSize"], layer["hiddenSize"], batch_first=True)
            if layer["kind"] == "lstm"
            else nn.RNN(layer["inputSize"], layer["hiddenSize"], nonlinearity="relu", batch_first=True)
            for layer in layers
        )
        self.head = nn.Linear(layers[-1]["hiddenSize"], classes)

    def forward(self, x):
        for layer in self.recurrent:
            x, _ = layer(x)
        return self.head(x[:, -1])

    @torch.no_grad()
    def load(self, flat):
        """Takes the flat parameters over: kernel [C,GH], recurrent kernel [H,GH], bias [GH] a layer, then the head."""
        at = 0

        def take(*shape):
            nonlocal at
            count = torch.Size(shape).numel()
            at += count
            return flat[at - count : at].reshape(shape)

        for layer in self.recurrent:
            columns = layer.weight_ih_l0.shape[0]
            layer.weight_ih_l0.copy_(take(layer.input_size, columns).T)
            layer.weight_hh_l0.copy_(take(layer.hidden_size, columns).T)
            layer.bias_ih_l0.copy_(take(columns))
            layer.bias_hh_l0.zero_()
        self.head.weight.copy_(take(self.head.in_features, self.head.out_features).T)
        self.head.bias.copy_(take(self.head.out_features))


def read(path, dtype):
    with open(path, "rb") as file:
        return torch.frombuffer(bytearray(file.read()), dtype=dtype)


def make_optimizer(options, parameters):
    kind, rate = options["kind"], options["learningRate"]
    if kind == "adam":
        return torch.optim.Adam(parameters, rate, (options["beta1"], options["beta2"]), options["epsilon"])
    if kind == "adadelta":
        return torch.optim.Adadelta(parameters, rate, options["rho"], options["epsilon"])
    if kind == "rmsprop":
        return torch.optim.RMSprop(parameters, rate, options["alpha"], options["epsilon"])
    return torch.optim.SGD(parameters, rate, options.get("momentum", 0))


class Training:
    def __init__(self, request):
        torch.set_num_threads(request["threads"])
        self.device = torch.device(request.get("device", "cpu"))
        images, (low, high) = request["images"], request["sequence"]["range"]
        shape = images["count"], images["height"], images["width"]
        x = read(images["pixels"], torch.uint8).reshape(shape)
        if request["sequence"]["axis"] == "columns":
            x = x.transpose(1, 2)
        elif request["sequence"]["axis"] == "pixels":
            x = x.reshape(shape[0], -1, 1)
        self.x = (x.float() / 255 * (high - low) + low).contiguous().to(self.device)
        self.y = read(images["labels"], torch.uint8).long().to(self.device)
        self.order = read(request["order"], torch.int32).long().to(self.device)
        self.size, self.at = request["batchSize"], 0
        self.model = Reader(request["layers"], request["classes"])
        self.model.load(read(request["parameters"], torch.float32))
        self.model.to(self.device)
        self.optimizer = make_optimizer(request["optimizer"], self.model.parameters())

    def next_batch(self):
        if self.at + self.size > len(self.order):
            self.at = 0
        self.at += self.size
        return self.order[self.at - self.size : self.at]

    def finish(self):
        """CUDA computes while Python goes on."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def train(self, steps):
        first = None
        for _ in range(steps):
            batch = self.next_batch()
            loss = cross_entropy(self.model(self.x[batch]), self.y[batch])
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            first = loss.detach() if first is None else first
        self.finish()
        return first.item()

    @torch.inference_mode()
    def forward(self, steps):
        for _ in range(steps):
            self.model(self.x[self.next_batch()])
        self.finish()


serve(Training)
