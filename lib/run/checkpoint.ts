/**
 * A checkpoint: one safetensors file with all that a training needs to continue to the bit.
 *
 * Tensors: `parameters [P]` and `slot 0 [P]`, `slot 1 [P]` … of the optimizer, float32, and `best [P]` where a monitor keeps the
 * parameters of the best epoch. Everything else stands in the metadata, as text: step, epoch and seed, the run's config, the
 * sums for the next report, what is known of the epochs so far where a monitor or a schedule depends on it, the length of
 * `metrics.jsonl`, the SHA-256 of the images, and the SHA-256 of the same file without this entry.
 *
 * @module
 */
import { sha256 } from "../data/files.ts";
import type { Split } from "../data/images.ts";
import { excerpt } from "../excerpt.ts";
import { parseJson } from "../json.ts";
import { SLOT_COUNT } from "../model/optimizers.ts";
import { decodeSafetensors, encodeSafetensors, type Tensor } from "../model/safetensors.ts";
import { checkEpochs, hasEpochs } from "../train/course.ts";
import type { EpochsState, TallyState, TrainingState } from "../train/figures.ts";
import type { TrainingConfig } from "../train/training_config.ts";
import { parseCheckpointConfig, type RunConfig, type TrainedRunConfig } from "./config.ts";

const FORMAT = "scanline checkpoint 1";

/** All that a training needs to continue. */
export interface Checkpoint {
  /** Parameters, optimizer slots, step, the sums for the next report, and what goes on from epoch to epoch. */
  readonly state: TrainingState;
  /** The epoch, from 0 on, of the next step's first image. */
  readonly epoch: number;
  /** What is trained and how; its `training.seed` is the seed. */
  readonly config: TrainedRunConfig;
  /** SHA-256 of the images, see {@link imagesSha256}. */
  readonly images: string;
  /** The length of `metrics.jsonl`. */
  readonly metricsBytes: number;
}

/** Bytes that are not a checkpoint, or a damaged one. */
export class CheckpointError extends SyntaxError {
  /** The name under which it prints. */
  override readonly name = "CheckpointError";
}

/**
 * Encodes a checkpoint as the bytes of a file.
 *
 * @example
 * ```ts
 * import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
 * import assert from "node:assert/strict";
 *
 * const checkpoint: Checkpoint = {
 *   state: {
 *     parameters: Float32Array.of(1, 2),
 *     slots: [],
 *     step: 3,
 *     tally: { loss: 0, correct: 0, images: 0, steps: 0, elapsedMs: 0, last: null },
 *   },
 *   epoch: 0,
 *   config: {
 *     recipe: "mine",
 *     model: {
 *       inputSize: 1,
 *       layers: [{ kind: "rnn", hiddenSize: 1 }, { kind: "dense", units: 2 }],
 *       biases: 1,
 *       T: null,
 *       sequence: { axis: "rows", range: [0, 1] },
 *       classNames: ["no", "yes"],
 *     },
 *     training: {
 *       optimizer: { kind: "sgd", learningRate: 0.1 },
 *       initialize: null,
 *       batchSize: 8,
 *       lastBatch: "short",
 *       seed: 1,
 *       images: { train: 64, validation: 0, test: 8 },
 *     },
 *   },
 *   images: "0".repeat(64),
 *   metricsBytes: 0,
 * };
 * const bytes = encodeCheckpoint(checkpoint);
 * assert.deepEqual(decodeCheckpoint(bytes), checkpoint);
 *
 * bytes[bytes.length - 1] ^= 1;
 * assert.throws(() => decodeCheckpoint(bytes), /its SHA-256 must be/);
 * ```
 */
export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array<ArrayBuffer> {
  const { state, epoch, config, images, metricsBytes } = checkpoint;
  const { parameters, slots, step, tally, epochs } = state;
  const flat = (data: Float32Array): Tensor => ({ shape: [data.length], data });
  const tensors = new Map([["parameters", flat(parameters)]]);
  slots.forEach((slot, index) => tensors.set(`slot ${index}`, flat(slot)));
  const { best = null, ...known } = epochs ?? {};
  if (best) tensors.set("best", flat(best));
  const metadata = {
    format: FORMAT,
    step: String(step),
    epoch: String(epoch),
    seed: String(config.training.seed),
    config: JSON.stringify(config),
    tally: JSON.stringify(tally),
    ...(epochs && { epochs: JSON.stringify(known) }),
    images,
    metricsBytes: String(metricsBytes),
  };
  return encodeSafetensors(tensors, {
    ...metadata,
    sha256: sha256(encodeSafetensors(tensors, metadata)),
  });
}

/**
 * Decodes the bytes of a file. Needs about four times their length in memory.
 *
 * @throws {CheckpointError} If they are not a checkpoint, or are damaged.
 */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const { tensors, metadata: { sha256: expected, ...metadata } } = readTensors(bytes);
  if (metadata.format !== FORMAT) {
    fail(`its format must be "${FORMAT}"`, metadata.format);
  }
  const found = sha256(encodeSafetensors(tensors, metadata));
  if (found !== expected) fail(`its SHA-256 must be ${excerpt(expected)}`, found);

  // The file is undamaged, but its author may be hostile.
  const config = readConfig(metadata.config);
  const step = readWhole("step", metadata.step);
  const tally = readTally(metadata.tally);
  if (tally.steps > step) fail(`its tally must have at most ${step} steps`, tally.steps);
  const { training } = config;
  if (!training) return fail("its config must have training", config.recipe);
  if (readWhole("seed", metadata.seed) !== training.seed) {
    fail(`its seed must be that of its config, ${training.seed}`, metadata.seed);
  }
  const images = metadata.images ?? "missing";
  if (!/^[0-9a-f]{64}$/.test(images)) fail("images must be a SHA-256", images);
  const { best, ...flats } = readFlats(tensors, SLOT_COUNT[training.optimizer.kind]);
  return {
    state: {
      ...flats,
      step,
      tally,
      ...readEpochs(metadata.epochs, { best, training, size: flats.parameters.length }),
    },
    epoch: readWhole("epoch", metadata.epoch),
    config: { ...config, training },
    images,
    metricsBytes: readWhole("metricsBytes", metadata.metricsBytes),
  };
}

/** SHA-256, in hexadecimal, of all images and labels of a training and its reports. */
export function imagesSha256(splits: readonly Split[]): string {
  const parts = splits.flatMap(({ count, height, width, pixels, labels }) =>
    `${count} ${height} ${width} ${sha256(pixels)} ${sha256(labels)}`
  );
  return sha256(new TextEncoder().encode(parts.join("\n")));
}

function readTensors(bytes: Uint8Array) {
  try {
    return decodeSafetensors(bytes);
  } catch (cause) {
    const [reason] = (cause as Error).message.split("\n"); // without the remedy for weights of other programs
    throw new CheckpointError(`Cannot read the checkpoint: ${reason}`, { cause });
  }
}

function readConfig(text: string | undefined): RunConfig {
  try {
    return parseCheckpointConfig(text ?? "", "its config");
  } catch (cause) {
    throw new CheckpointError(`Cannot read the checkpoint: ${(cause as Error).message}`, { cause });
  }
}

function readTally(text: string | undefined): TallyState {
  let tally: Partial<TallyState> | null = null;
  try {
    tally = parseJson(text ?? "") as Partial<TallyState> | null;
  } catch {
    // it stays null
  }
  const isSum = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;
  const last = tally?.last;
  const whole = tally &&
    [tally.loss, tally.correct, tally.images, tally.steps, tally.elapsedMs].every(isSum) &&
    Number.isSafeInteger(tally.steps) &&
    (tally.steps === 0 || (last && [last.step, last.loss, last.correct, last.count].every(isSum)));
  if (!whole) fail("its tally must have sums and the last step", text);
  return tally as TallyState;
}

function readWhole(name: string, text: string | undefined): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text ?? "") || !Number.isSafeInteger(value)) {
    fail(`its ${name} must be a whole number`, text);
  }
  return value;
}

/** What goes on from epoch to epoch; none where nothing does. */
function readEpochs(
  text: string | undefined,
  { best, training, size }: { best: Float32Array | null; training: TrainingConfig; size: number },
): { epochs?: EpochsState } {
  if (!hasEpochs(training)) {
    if (text !== undefined || best) fail("it must have no epochs: its training needs none", text);
    return {};
  }
  if (text === undefined) fail("it must have epochs: its training needs them", text);
  try {
    const known = parseJson(text) as Omit<EpochsState, "best">;
    return { epochs: checkEpochs("read the checkpoint", { ...known, best }, { ...training, size }) };
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^Cannot read the checkpoint: /, "");
    const found = cause instanceof SyntaxError ? `its epochs must be JSON: ${reason}` : reason;
    throw new CheckpointError(`Cannot read the checkpoint: ${found}`, { cause });
  }
}

/**
 * The parameters, `slotCount` slots, and the best parameters if they are there, all equally long.
 *
 * @throws {CheckpointError} If one is missing, or others are there.
 */
function readFlats(tensors: ReadonlyMap<string, Tensor>, slotCount: number) {
  const slotNames = Array.from({ length: slotCount }, (_, index) => `slot ${index}`);
  const names = ["parameters", ...slotNames, ...(tensors.has("best") ? ["best"] : [])];
  const flats = names.map((name) => tensors.get(name)?.data);
  const length = flats[0]?.length ?? 0;
  const fit = (data: unknown): data is Float32Array => data instanceof Float32Array && data.length === length;
  if (!flats.every(fit) || tensors.size !== names.length) {
    fail(`it must have ${names.join(", ")}, float32 of one length`, [...tensors.keys()]);
  }
  const [parameters, ...others] = flats as Float32Array[];
  return { parameters, slots: others.slice(0, slotCount), best: others.at(slotCount) ?? null };
}

function fail(rule: string, value: unknown): never {
  throw new CheckpointError(`Cannot read the checkpoint: ${rule}: current value is ${excerpt(value)}`);
}
