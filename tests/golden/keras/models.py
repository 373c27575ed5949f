"""Writes models of Keras 3 as the converter of TensorFlow.js does, with what they make of some sequences.

    KERAS_BACKEND=torch /path/to/python tests/golden/keras/models.py FOLDER tests/golden/keras/models.json

FOLDER holds the unpacked wheel of tensorflowjs 4.22.0 (`pip download --no-deps tensorflowjs==4.22.0`). Of it, what reads HDF5 files and
writes model.json needs TensorFlow for nothing but opening files, so a stand-in is enough.

models.json: for each case (a model, and the kind of file that was converted) model.json as it is; weights, x and y in base64, the last
two as float32. `deno fmt` has laid it out.

Written by keras 3.15.1, torch 2.13.0, h5py 3.16.0, seed 7.
"""
import base64
import json
import os
import re
import sys
import tempfile
import types
import zipfile

import h5py
import keras
import numpy as np
from keras import layers

source, target = sys.argv[1:]


def stand_in(name, **attributes):
    module = types.ModuleType(name)
    vars(module).update(attributes)
    sys.modules[name] = module
    return module


stand_in("tensorflow", io=types.SimpleNamespace(gfile=types.SimpleNamespace(GFile=open)))
stand_in("tensorflowjs", __path__=[f"{source}/tensorflowjs"])
stand_in("tensorflowjs.converters", __path__=[f"{source}/tensorflowjs/converters"])
from tensorflowjs.converters import keras_h5_conversion as conversion  # noqa: E402

del sys.modules["tensorflow"]  # or Keras would use it

T, C, V = 5, 3, 7


def cases():
    """Yields name, kind of file, model and what it reads."""
    yield "LSTMs", "h5", keras.Sequential([
        layers.Input((T, C)),
        layers.LSTM(4, return_sequences=True, dropout=0.2),
        layers.Dropout(0.3),
        layers.LSTM(3, activation="relu", use_bias=False),
        layers.Dense(2, activation="softmax", kernel_regularizer="l2"),
    ]), "numbers"
    compiled = keras.Sequential([
        layers.Input((None, C)),
        layers.GRU(4, return_sequences=True, recurrent_dropout=0.1),
        layers.Dense(5, activation="relu"),
        layers.GRU(3, reset_after=False),
        layers.Dropout(0.2),
        layers.Dense(1),
    ])
    compiled.compile(loss="mse", optimizer="adam")
    yield "GRUs", "keras", compiled, "numbers"
    yield "GRUs", "h5", compiled, "numbers"
    bidirectional = keras.Sequential([
        layers.Input((None,), dtype="int32"),
        layers.Embedding(V, 3, mask_zero=True),
        layers.Bidirectional(layers.GRU(4, return_sequences=True)),
        layers.Bidirectional(layers.LSTM(2), merge_mode="ave"),
        layers.Dense(1, activation="sigmoid"),
    ])
    yield "bidirectional", "h5", bidirectional, "tokens"
    yield "bidirectional", "keras", bidirectional, "tokens"
    x = keras.Input((T, C))
    y = layers.SimpleRNN(4, return_sequences=True, go_backwards=True)(x)
    y = layers.Activation("tanh")(y)
    y = layers.TimeDistributed(layers.Dense(2))(y)
    functional = keras.Model(x, y)
    yield "functional", "h5", functional, "numbers"
    yield "functional", "keras", functional, "numbers"
    lazy = keras.Sequential([
        layers.Masking(-1.0),
        layers.LSTM(3),
        layers.RepeatVector(2),
        layers.Dense(2, use_bias=False),
    ], name="lstm")  # as a layer is called
    lazy(np.zeros((1, T, C), "float32"))
    yield "built by a call", "keras", lazy, "numbers"
    normalized = keras.Sequential([
        layers.Input((T, C)),
        layers.BatchNormalization(scale=False),
        layers.LSTM(4, return_sequences=True),
        layers.BatchNormalization(epsilon=0.01, momentum=0.75),
        layers.GRU(3),
        layers.BatchNormalization(center=False, axis=1),
        layers.Dense(2),
    ])
    yield "batch normalization", "h5", normalized, "numbers"
    yield "batch normalization", "keras", normalized, "numbers"


def convert(model, kind, folder):
    path = f"{folder}/model.{kind}"
    model.save(path)
    if kind == "h5":
        return conversion.h5_merged_saved_model_to_tfjs_format(path)
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
    with open(f"{folder}/metadata.json") as metadata, open(f"{folder}/config.json") as config:
        described = json.load(metadata), json.load(config)
    with h5py.File(f"{folder}/model.weights.h5") as weights:
        return conversion.h5_v3_merged_saved_model_to_tfjs_format(weights, *described)


def tensor(array):
    return {"shape": array.shape, "data": base64.b64encode(array.astype("float32").tobytes()).decode()}


def main():
    random, written = np.random.default_rng(7), {}
    for name, kind, model, reads in cases():
        for weight in model.weights:
            if "seed" not in weight.path:
                start = random.normal(size=weight.shape) / 2
                weight.assign(abs(start) if "variance" in weight.path else start)
        x = random.normal(size=(2, T, C)).astype("float32")
        if reads == "tokens":
            x = random.integers(0, V, (2, T))
            x[0, 2] = 0
        with tempfile.TemporaryDirectory() as folder:
            os.mkdir(f"{folder}/converted")
            conversion.write_artifacts(*convert(model, kind, folder), f"{folder}/converted")
            with open(f"{folder}/converted/model.json") as file:
                converted = json.loads(re.sub(r'("shared_object_id": )\d+', r"\g<1>1", file.read()))  # addresses
            (paths,) = [group["paths"] for group in converted["weightsManifest"]]
            (path,) = paths
            with open(f"{folder}/converted/{path}", "rb") as file:
                weights = base64.b64encode(file.read()).decode()
        y = np.array(model.predict(x, verbose=0), "float32")
        written[f"{name}, {kind}"] = {"json": converted, "weights": weights, "x": tensor(x), "y": tensor(y)}
    with open(target, "w") as file:
        json.dump(written, file)


main()
