/**
 * What an engine refuses, and how it says so.
 *
 * @module
 */
import type { Images } from "../data/dataset.ts";
import type { SequenceLayout } from "../data/sequence.ts";
import type { EngineOptions, EngineState } from "./engine.ts";

/** Refuses options that make no engine. @throws {RangeError} If the options do not fit each other. */
export function checkOptions(options: EngineOptions, layout: SequenceLayout): void {
  const { network, parameters, batchSize, train, test } = options;
  const fail = (rule: string, value: unknown): never => {
    throw new RangeError(`Cannot open the engine: ${rule}: current value is ${value}`);
  };
  if (parameters.length !== network.size) {
    fail(`parameters must have length ${network.size}`, parameters.length);
  }
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    fail("batchSize must be a positive whole number", batchSize);
  }
  if (layout.inputSize !== network.inputSize) {
    fail(`the sequence must give the ${network.inputSize} features that the network reads`, layout.inputSize);
  }
  if (test.height !== train.height || test.width !== train.width) {
    const size = `${train.height}×${train.width}`;
    fail(`test images must be ${size} like the training images`, `${test.height}×${test.width}`);
  }
  for (const [name, { labels }] of Object.entries({ train, test })) {
    const wrong = labels.find((label) => label >= network.head.classes);
    if (wrong !== undefined) fail(`labels of ${name} must be below ${network.head.classes}`, wrong);
  }
}

/** Refuses a batch before anything is done with it. @throws {RangeError} If a batch is empty, larger than `batchSize`, or names an image that is not there. */
export function checkBatch(
  action: string,
  batch: Uint32Array,
  { batchSize, count }: { batchSize: number; count: number },
): void {
  if (batch.length < 1 || batch.length > batchSize) {
    throw new RangeError(
      `Cannot ${action}: a batch must have 1 to ${batchSize} images: current value is ${batch.length}`,
    );
  }
  checkPositions(action, batch, count);
}

/** Refuses positions of images that do not exist. @throws {RangeError} If a position is not below `count`. */
function checkPositions(action: string, positions: Uint32Array, count: number): void {
  const wrong = positions.find((position) => position >= count);
  if (wrong !== undefined) {
    throw new RangeError(`Cannot ${action}: positions must be below ${count}: current value is ${wrong}`);
  }
}

/** Refuses foreign images that do not fit. @throws {RangeError} If the images have another size than those that the engine was opened with. */
function checkImageSize(images: Images, { height, width }: Images): void {
  if (images.height !== height || images.width !== width) {
    throw new RangeError(
      `Cannot predict: images must be ${height}×${width}: current value is ${images.height}×${images.width}`,
    );
  }
}

/**
 * The images that a call names, and which of them.
 *
 * @param positions All by default
 * @throws {RangeError} If foreign images have another size, or a position is not below their count.
 */
export function selectImages(
  action: string,
  { train, test }: EngineOptions,
  { images, positions }: { images: "train" | "test" | Images; positions?: Uint32Array },
): { source: Images; all: Uint32Array } {
  const source: Images = images === "train" ? train : images === "test" ? test : images;
  checkImageSize(source, train);
  const all = positions ?? Uint32Array.from({ length: source.count }, (_, position) => position);
  checkPositions(action, all, source.count);
  return { source, all };
}

/** Refuses a state that is another network's. @throws {RangeError} If a state's lengths are not those of this network and optimizer. */
export function checkState(state: EngineState, { size, slots }: { size: number; slots: number }): void {
  const fail = (rule: string, value: number): never => {
    throw new RangeError(`Cannot write the state: ${rule}: current value is ${value}`);
  };
  if (state.parameters.length !== size) fail(`parameters must have length ${size}`, state.parameters.length);
  if (state.slots.length !== slots) fail(`there must be ${slots} slots`, state.slots.length);
  for (const slot of state.slots) {
    if (slot.length !== size) fail(`each slot must have length ${size}`, slot.length);
  }
  if (!Number.isInteger(state.step) || state.step < 0) {
    fail("step must be a whole number from 0 on", state.step);
  }
}
