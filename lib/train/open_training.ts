/**
 * From a network as plain data to its training on a device.
 *
 * @module
 */
import { checkSplit } from "../data/images.ts";
import { layOutSequence } from "../data/sequence.ts";
import type { Classifier } from "../model/classifier.ts";
import { checkNetwork, parametersOf } from "../model/trained_model.ts";
import { checkOptions, optional, type Rules } from "../options.ts";
import { COMPILE_RULES, type CompileOptions, openParts } from "./open_parts.ts";
import { Training } from "./training.ts";
import { OwnWeights } from "./weights_home.ts";

/** What {@link openTraining} takes besides the network, which says itself how many biases it trains. */
export interface OpenTrainingOptions extends Omit<CompileOptions, "biases" | "unbiased"> {
  /** The weights to begin with, flat f32 `[network.size]`, in its layout; they are copied. Without them `initialize` starts it. */
  readonly parameters?: Float32Array;
}

const ACTION = "open the training";

const { biases: _, unbiased: __, ...RULES } = COMPILE_RULES;

/**
 * Opens the training of a network on a device, and hands the images over to it. It trains as `compile()` does: the same network
 * and the same options give the same bits.
 *
 * @param network Made by `createClassifier()`; with `biases: 2` it trains as PyTorch does
 * @throws {TypeError} If the network or an option is missing, unknown or of another kind, or images and labels are not as many
 * as they say.
 * @throws {RangeError} If an option or a label is out of range, the network does not fit the images, or the device is not there.
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { adam } from "../model/optimizers.ts";
 * import { openTraining } from "./open_training.ts";
 * import assert from "node:assert/strict";
 *
 * // Thirty-two pictures of 4 × 4: class 1 is bright, class 0 dark.
 * const labels = Uint8Array.from({ length: 32 }, (_, n) => n % 2);
 * const pixels = Uint8Array.from({ length: 32 * 16 }, (_, i) => labels[i >> 4] * 200 + i % 50);
 * const images = { pixels, labels, count: 32, height: 4, width: 4 };
 *
 * const layers = [{ kind: "lstm", hiddenSize: 5 }, { kind: "dense", units: 2 }] as const;
 * const network = createClassifier({ inputSize: 4, layers, biases: 2 });
 * await using training = await openTraining(network, {
 *   train: images,
 *   test: images,
 *   sequence: { axis: "rows", range: [0, 1] },
 *   optimizer: adam({ learningRate: 0.05 }),
 *   initialize: "pytorch",
 *   batchSize: 8,
 *   device: "reference", // "auto" for speed
 * });
 * for await (const epoch of training.epochs(5)) {
 *   assert.equal(epoch.images, 32);
 * }
 * assert.equal((await training.evaluate("test")).accuracy, 1);
 * ```
 */
export async function openTraining(network: Classifier, options: OpenTrainingOptions): Promise<Training> {
  const checked = checkNetwork(ACTION, network);
  const { parameters, ...taken } = checkOptions(ACTION, options, rulesFor(checked));
  if ((parameters === undefined) === (taken.initialize === undefined)) {
    const found = parameters ? "both" : "none of them";
    throw new RangeError(
      `Cannot ${ACTION}: either initialize or parameters must be given: current value is ${found}`,
    );
  }
  const T = lengthFor(checked, taken);
  const home = new OwnWeights(parameters ?? new Float32Array()); // openParts() starts them
  return new Training(await openParts({ action: ACTION, network: checked, T, home }, taken));
}

function rulesFor(network: Classifier): Rules<OpenTrainingOptions> {
  return { ...RULES, parameters: optional(parametersOf(network)) };
}

/** The length of the sequences that the images become. @throws {RangeError} If they have other features than the network reads. */
function lengthFor(
  { input, classes }: Classifier,
  { train, sequence }: Pick<OpenTrainingOptions, "train" | "sequence">,
): number {
  const images = checkSplit(ACTION, "train", train, classes), { height, width } = images;
  const { T, C } = layOutSequence(sequence, images);
  if (C === input.size) return T;
  throw new RangeError(
    `Cannot ${ACTION}: inputSize of the network must be ${C} to read images of ${height} × ${width} by ` +
      `${sequence.axis}: current value is ${input.size}`,
  );
}
