"""Writes the files tf1*.safetensors: recurrent classifiers computed and trained by TensorFlow's cells of version 1, in float64.

    pip install tensorflow-cpu==2.15.1 numpy==1.26.4 safetensors==0.8.0
    python tests/golden/tf1.py data/mnist tests/golden

`data/mnist` is the folder with MNIST's raw IDX files. The last TensorFlow that has LSTMCell, MultiRNNCell and dynamic_rnn
is 2.15. Parameters keep its names, shapes and gate order: one kernel [C+H,4H] a layer for [x h], columns i j f o (j is g),
and forget_bias 1 that the cell adds when it runs and no variable holds. They start as float32 numbers, biases as
multiples of 2^-20, so that bias + 1 is a float32 number as well.
"""

import json
import os
import pathlib
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"

import numpy as np
import tensorflow as tf
from safetensors.numpy import save_file

tf1 = tf.compat.v1
VERSIONS = {"tensorflow": tf.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}

# One batch each of random images of no round size, with random unequal parameters.
GRADIENTS = {
    "tf1_lstm": dict(axis="rows", range=[0, 1], hidden=[9, 7], keep=[1, 1]),
    "tf1_lstm_dropout": dict(axis="columns", range=[-1, 1], hidden=[9, 7], keep=[0.75, 0.5]),
}
IMAGES, HEIGHT, WIDTH, CLASSES = 5, 7, 6, 4

# Fifty steps over batches of digits; names and settings are Scanline's.
TRAINING = dict(axis="rows", range=[0, 1], hidden=[13, 11], keep=[1, 1])
OPTIMIZER = dict(momentum=dict(learningRate=0.03, momentum=0.9))
DIGITS, STEPS, BATCH = 64, 50, 16


class Classifier:
    """The graph of the recipe train-lstm-dropout: recurrent layers, dropout on their outputs, a linear head."""

    def __init__(self, case, x, labels, classes, dtype):
        self.x, self.labels = tf1.placeholder(dtype, [x.shape[0], None, x.shape[2]]), tf1.placeholder(tf.int32, [None])
        self.outputs, self.hidden = [], []
        if all(keep == 1 for keep in case["keep"]):
            cells = [tf1.nn.rnn_cell.LSTMCell(units, name=f"layer{l}") for l, units in enumerate(case["hidden"])]
            y, _ = tf1.nn.dynamic_rnn(tf1.nn.rnn_cell.MultiRNNCell(cells), self.x, dtype=dtype, time_major=True)
        else:  # layer by layer, to see what each wrapper puts out; a MultiRNNCell is the same
            y = self.x
            for layer, (units, keep) in enumerate(zip(case["hidden"], case["keep"])):
                cell = tf1.nn.rnn_cell.LSTMCell(units, name=f"layer{layer}")
                cell = tf1.nn.rnn_cell.DropoutWrapper(cell, output_keep_prob=keep, seed=layer)
                y, _ = tf1.nn.dynamic_rnn(cell, y, dtype=dtype, time_major=True, scope=f"rnn{layer}")
                self.outputs.append(y)
        w = tf1.get_variable("classification/weights", [case["hidden"][-1], classes], dtype)
        b = tf1.get_variable("classification/biases", [classes], dtype)
        self.logits = tf.matmul(y[-1], w) + b
        onehot = tf.one_hot(self.labels, classes, dtype=dtype)
        # What tf.losses.softmax_cross_entropy is, but that one rounds to float32.
        self.loss = tf.reduce_mean(tf1.nn.softmax_cross_entropy_with_logits_v2(labels=onehot, logits=self.logits))
        self.variables = {nameof(v): v for v in tf1.trainable_variables()}
        self.gradients = dict(zip(self.variables, tf.gradients(self.loss, list(self.variables.values()))))

    def feed(self, x, labels):
        return {self.x: x, self.labels: labels}


def nameof(variable):
    """`layer0.kernel` of `rnn/multi_rnn_cell/layer0/kernel:0`."""
    return ".".join(variable.name.removesuffix(":0").split("/")[-2:])


def start(session, model, seed):
    """Uniform parameters within +-0.5, biases too; see the head of this file. Returns them as float32."""
    random = np.random.default_rng(seed)
    values = {}
    for name, variable in sorted(model.variables.items()):
        value = random.uniform(-0.5, 0.5, variable.shape.as_list()).astype(np.float32)
        values[name] = (value * 2**20).round() / np.float32(2**20) if "bias" in name else value
        variable.load(values[name].astype(variable.dtype.as_numpy_dtype), session)
    return values


def to_sequence(images, axis, range):
    """u8 [N,height,width] to [T,N,C], scaled in float32."""
    x = images.astype(np.float32) / np.float32(255)
    if range == [-1, 1]:
        x = (x - np.float32(0.5)) / np.float32(0.5)
    return x.transpose(1, 0, 2) if axis == "rows" else x.transpose(2, 0, 1)


def session_of(seed):
    tf1.reset_default_graph()
    tf1.set_random_seed(seed)
    config = tf1.ConfigProto(intra_op_parallelism_threads=1, inter_op_parallelism_threads=1)
    return tf1.Session(config=config)


def write(path, tensors, metadata):
    """One entry of metadata only: the library writes several in no fixed order, and the bytes are to be the same again."""
    metadata = {"golden": json.dumps(VERSIONS | metadata)}
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}, path, metadata)


def mask_of(outputs, keep):
    """What a wrapper multiplied by: no output of an LSTM is 0 by itself. Another one at each step of time."""
    mask = (outputs != 0) / keep
    assert (mask == 0).any() and all((mask[t] != mask[0]).any() for t in range(1, len(mask)))
    return mask


def gradient_golden(name, case, seed, folder):
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (IMAGES, HEIGHT, WIDTH), dtype=np.uint8)
    labels = random.integers(0, CLASSES, IMAGES, dtype=np.uint8)
    x = to_sequence(images, case["axis"], case["range"]).astype(np.float64)
    with session_of(seed) as session:
        model = Classifier(case, x, labels, CLASSES, tf.float64)
        session.run(tf1.global_variables_initializer())
        values = start(session, model, seed)
        wanted = dict(logits=model.logits, loss=model.loss, gradients=model.gradients, outputs=model.outputs)
        found = session.run(wanted, model.feed(x, labels))

    tensors = dict(images=images, labels=labels, logits=found["logits"], loss=found["loss"])
    tensors |= {f"parameters.{key}": value for key, value in values.items()}
    tensors |= {f"gradient.{key}": value for key, value in found["gradients"].items()}
    tensors |= {f"mask.{l}": mask_of(y, keep) for l, (y, keep) in enumerate(zip(found["outputs"], case["keep"]))}
    write(folder / f"{name}.safetensors", tensors, case)


def train(images, labels, batches, dtype):
    x = to_sequence(images, TRAINING["axis"], TRAINING["range"]).astype(dtype.as_numpy_dtype)
    with session_of(30) as session:
        model = Classifier(TRAINING, x, labels, 10, dtype)
        # As tensors: the optimizer rounds Python's numbers to float32.
        rate, momentum = (tf.constant(OPTIMIZER["momentum"][key], dtype) for key in ("learningRate", "momentum"))
        step = tf1.train.MomentumOptimizer(rate, momentum).minimize(model.loss)
        session.run(tf1.global_variables_initializer())
        values = start(session, model, seed=31)
        losses = [session.run([model.loss, step], model.feed(x[:, batch], labels[batch]))[0] for batch in batches]
        return values, np.array(losses, np.float64), session.run(model.variables)


def training_golden(mnist, folder):
    pixels = (mnist / "train-images-idx3-ubyte").read_bytes()[16 : 16 + DIGITS * 784]
    images = np.frombuffer(pixels, np.uint8).reshape(DIGITS, 28, 28)
    labels = np.frombuffer((mnist / "train-labels-idx1-ubyte").read_bytes()[8 : 8 + DIGITS], np.uint8)
    random = np.random.default_rng(32)
    batches = np.stack([random.permutation(DIGITS)[:BATCH] for _ in range(STEPS)]).astype(np.uint8)

    _, single, _ = train(images, labels, batches, tf.float32)
    values, losses, trained = train(images, labels, batches, tf.float64)
    apart = np.abs(single - losses).max()
    print(f"momentum: loss {losses[0]:.4f} to {losses[-1]:.4f}; in float32 up to {apart:.1e} away")

    tensors = {"images": images, "labels": labels, "batches": batches, "momentum.losses": losses}
    tensors |= {f"parameters.{key}": value for key, value in values.items()}
    tensors |= {f"momentum.parameters.{key}": value for key, value in trained.items()}
    write(folder / "tf1_training.safetensors", tensors, TRAINING | {"optimizers": OPTIMIZER})


if __name__ == "__main__":
    mnist, folder = map(pathlib.Path, sys.argv[1:])
    tf1.disable_eager_execution()
    for seed, (name, case) in enumerate(GRADIENTS.items()):
        gradient_golden(name, case, 40 + seed, folder)
    training_golden(mnist, folder)
