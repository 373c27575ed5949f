/**
 * `@tensorflow/tfjs-node`'s `model.fit()` with a published model, in Node: `node <this as JavaScript> <folder>`, where the
 * package is installed in the folder.
 *
 * @module
 */
import { createRequire } from "node:module";
import process from "node:process";
import { createInterface } from "node:readline";
import type { TensorFlow } from "../models/build.ts";
import { type ModelRequest, ModelSubject } from "../models/subject.ts";
import { stockFit } from "../models/train.ts";
import { answer, type Request } from "../protocol.ts";

const tf: TensorFlow & { version: { "tfjs-node"?: string } } = createRequire(`${process.argv[2]}/`)(
  "@tensorflow/tfjs-node",
);
tf.enableProdMode();
const detail = `tfjs-node ${tf.version["tfjs-node"]}, Node ${process.versions.node}`;
const subject = new ModelSubject({ tf, fit: stockFit, detail });
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line) as Request<ModelRequest>;
  console.log(JSON.stringify(await answer(subject, request)));
}
