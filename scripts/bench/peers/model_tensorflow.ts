/**
 * TensorFlow.js's `model.fit()` with a published model: `model_tensorflow.ts wasm` or `model_tensorflow.ts webgpu`.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ModelSubject } from "../models/subject.ts";
import { useWasmBackend } from "../models/tensorflow_wasm.ts";
import { stockFit } from "../models/train.ts";
import { serve } from "../protocol.ts";
import { isSoftware } from "./batches.ts";

tf.enableProdMode();
if (Deno.args[0] === "wasm") {
  await useWasmBackend();
} else {
  await import(["npm:@tensorflow/tfjs-backend-webgpu", tf.version.tfjs].join("@")); // not in the lock file
  await tf.setBackend("webgpu");
}
const software = await isSoftware(tf.getBackend());
const detail = `TensorFlow.js ${tf.version.tfjs}, ${tf.getBackend()}${software ? " in software" : ""}`;
await serve(new ModelSubject({ tf, fit: stockFit, detail }));
