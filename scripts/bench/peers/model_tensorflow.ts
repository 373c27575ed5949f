/**
 * TensorFlow.js's `model.fit()` with a published model: `model_tensorflow.ts wasm` or `model_tensorflow.ts cpu`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ModelSubject } from "../models/subject.ts";
import { useWasmBackend } from "../models/tensorflow_wasm.ts";
import { stockFit } from "../models/train.ts";
import { serve } from "../protocol.ts";

tf.enableProdMode();
if (Deno.args[0] === "wasm") await useWasmBackend();
else await tf.setBackend("cpu");
const detail = `TensorFlow.js ${tf.version.tfjs}, ${tf.getBackend()}`;
await serve(new ModelSubject({ tf, fit: stockFit, detail }));
