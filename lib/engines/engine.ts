/**
 * The contract between the training loop and the devices. Every engine keeps it; tests run the same text over all.
 *
 * @module
 */
import type { Images, Split } from "../data/images.ts";
import type { Sequence } from "../data/sequence.ts";
import type { Network } from "../model/network.ts";
import type { Optimizer } from "../model/optimizers.ts";

/** The most steps that one call takes. */
export const MAX_STEPS = 256;

/** What an engine is opened with. */
export interface EngineOptions {
  readonly network: Network;
  readonly sequence: Sequence;
  /** Of every image that it will read. */
  readonly imageSize: { readonly height: number; readonly width: number };
  /** Where the parameters start: flat, as {@link Network} lays them out. Copied. */
  readonly parameters: Float32Array;
  /** What it trains on, and how; null for an engine that only predicts. */
  readonly training: EngineTraining | null;
}

/** A training, as an engine needs it. */
export interface EngineTraining {
  readonly optimizer: Optimizer;
  /** The images that steps train on; an engine copies them to its device once, or reads them where they lie: they must stay as they are. */
  readonly train: Split;
  /** Seeds the dropout masks; an unsigned 32-bit integer. */
  readonly seed: number;
  /** The largest batch that will be trained on. */
  readonly batchSize: number;
}

/** What one training step measured, before its update. */
export interface StepResult {
  /** The number of the step since the start of the training, from 1 on. */
  readonly step: number;
  /** Mean softmax cross-entropy over the batch, in nats. */
  readonly loss: number;
  /** How many of the batch were classified rightly. */
  readonly correct: number;
  /** How many images the batch had. */
  readonly count: number;
}

/** All that a training needs to go on to the bit, but for the order of the images, which is a function of seed and epoch. */
export interface EngineState {
  /** Flat, {@link Network.size} elements. */
  readonly parameters: Float32Array;
  /** The optimizer's slots, each as long as the parameters, in the order of its equations. */
  readonly slots: readonly Float32Array[];
  /** Steps taken. */
  readonly step: number;
}

/** Who does the work, for people and logs. */
export interface DeviceDescription {
  /** Which engine it is. */
  readonly kind: "reference" | "wasm" | "webgpu";
  /** Threads that compute; 1 where the device decides by itself. */
  readonly threads: number;
  /** The arithmetic of wasm, on which its bits depend. */
  readonly math?: "fused" | "plain";
  /** One line, for instance `WebAssembly SIMD, 2 threads, fused multiply-add`. */
  readonly detail: string;
}

/**
 * A device that computes one network, and trains it if it was opened with a training. What comes in is checked by a guard in front of it (`guard.ts`): a
 * call that comes while another runs is an error, and so is one that runs while the engine is disposed.
 */
export interface Engine extends AsyncDisposable {
  readonly device: DeviceDescription;

  /**
   * Takes one training step a batch, in order.
   *
   * @param batches Up to {@link MAX_STEPS} of them: the positions of each batch's images in the training split, 1 to
   * `batchSize`
   * @throws {Error} If the engine only predicts
   */
  train(batches: readonly Uint32Array[]): Promise<StepResult[]>;

  /**
   * The gradient of the mean loss of one batch, as the next step would find it (its dropout masks included), flat as the
   * parameters. Changes nothing.
   *
   * @throws {Error} If the engine only predicts
   */
  gradient(batch: Uint32Array): Promise<Float32Array>;

  /**
   * The logits `[N, K]` of images, without dropout.
   *
   * @param images Any images of `imageSize`
   * @param positions Which of them, all by default
   */
  predict(images: Images, positions?: Uint32Array): Promise<Float32Array>;

  /**
   * The top layer's outputs after every step, `[N, T, H]`, without dropout: the head on the last of them gives
   * {@link predict}'s logits, on an earlier one what the network thinks by then.
   *
   * @param images Any images of `imageSize`
   * @param positions Which of them, all by default
   */
  outputs(images: Images, positions?: Uint32Array): Promise<Float32Array>;

  /** A copy of the parameters, flat as the network lays them out. */
  readParameters(): Promise<Float32Array>;

  /** Takes a copy of parameters over; slots and step stay. @throws {RangeError} If there are not as many as the network has. */
  writeParameters(parameters: Float32Array): Promise<void>;

  /** A copy of the state. @throws {Error} If the engine only predicts. */
  readState(): Promise<EngineState>;

  /**
   * Takes a copy of a state over.
   *
   * @throws {RangeError} If its lengths are not those of this network and optimizer.
   * @throws {Error} If the engine only predicts.
   */
  writeState(state: EngineState): Promise<void>;
}
