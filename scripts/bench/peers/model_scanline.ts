/**
 * `scanline.fit()` with a published model.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../../../mod.ts";
import { ModelSubject } from "../models/subject.ts";
import { serve } from "../protocol.ts";

tf.enableProdMode();
await serve(
  new ModelSubject({
    tf,
    fit: (model, x, y, args) => scanline.fit(model, x, y, { ...args, device: "wasm" } as scanline.FitArgs),
    close: scanline.closeFit,
    detail: `Scanline wasm, ${navigator.hardwareConcurrency} threads`,
  }),
);
