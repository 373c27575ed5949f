import assert from "node:assert/strict";
import { NonFiniteLossError } from "../../../core.ts";
import { LoadError } from "../../../page/data/load.ts";
import { allocateMemory } from "../../../lib/engines/wasm/engine.ts";
import { explain } from "../../../page/training/explain.ts";

Deno.test("explain() names a remedy that the page has, never a flag", () => {
  const memory = (() => {
    try {
      return allocateMemory(1, () => {
        throw new RangeError("WebAssembly.Memory(): could not allocate memory");
      });
    } catch (error) {
      return error;
    }
  })();
  const cases: [unknown, RegExp][] = [
    [
      new NonFiniteLossError({ step: 12, loss: NaN }, 9),
      /^The loss became NaN at step 12.*smaller learning rate/,
    ],
    [memory, /^There is not enough memory\. Close other pages/],
    [new RangeError("Array buffer allocation failed"), /^There is not enough memory/],
    [
      new Error(
        "Cannot go on: the device webgpu was lost: unplugged; try again, a smaller --batch-size, or --device wasm",
      ),
      /^The graphics device was lost \(unplugged\)\. Train again, or choose the device wasm/,
    ],
    [
      new Error(
        "Cannot open the device webgpu: this machine must have a WebGPU adapter; `deno task devices` describes the machine",
      ),
      /^This browser offers no WebGPU\. Choose the device wasm/,
    ],
    [
      new Error(
        "Cannot train on a GPU: its gradients must be right: that of head.bias is 2 where; try --device wasm",
      ),
      /^The graphics device does not compute what it should/,
    ],
    [
      new Error("Cannot go on: a thread of the device wasm failed: unreachable"),
      /^A thread that trains has stopped \(unreachable\)/,
    ],
    [
      new LoadError("Cannot load MNIST: train-00.bin could not be loaded (HTTP status 404)."),
      /^Cannot load MNIST/,
    ],
    [
      new Error("Cannot go on: a thread of the device wasm failed: its file could not be loaded"),
      /^workers\/thread\.js could not be loaded.*load the page again/,
    ],
    [
      new Error("Cannot load kernels/fused.wasm: HTTP status 404"),
      /^kernels\/fused\.wasm could not be loaded \(HTTP status 404\).*load the page again/,
    ],
    [
      new TypeError("Failed to fetch dynamically imported module: http://127.0.0.1/engine.js"),
      /^A file of this page could not be loaded .*engine\.js/,
    ],
    [
      new ReferenceError("WebAssembly is not defined"),
      /^This browser offers no WebAssembly\..*device webgpu/,
    ],
    ["stray", /^The training ended: stray\. Train again/],
  ];
  for (const [error, expected] of cases) {
    const said = explain(error);
    assert.match(said, expected);
    assert.doesNotMatch(said, /--/);
  }
});
