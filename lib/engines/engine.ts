/**
 * The contract between the training loop and the devices. The same tests run over every engine.
 *
 * @module
 */
import type { Images, Split } from "../data/images.ts";
import type { Sequence } from "../data/sequence.ts";
import type { Network } from "../model/network.ts";
import type { Optimizer } from "../model/optimizers.ts";

/** The most steps of one call of {@link Engine.train}. */
export const MAX_STEPS = 256;

/** The options of every engine. */
export interface EngineOptions {
  readonly network: Network;
  readonly sequence: Sequence;
  /** The size of every image. */
  readonly imageSize: { readonly height: number; readonly width: number };
  /** The initial parameters: flat, as {@link Network} lays them out. They are copied. */
  readonly parameters: Float32Array;
  /** Null for an engine that only predicts. */
  readonly training: EngineTraining | null;
}

/** A training, as an engine needs it. */
export interface EngineTraining {
  readonly optimizer: Optimizer;
  /** The images to train on, which must not change: an engine copies them to its device once, or reads them where they are. */
  readonly train: Split;
  /** The seed of the dropout masks, an unsigned 32-bit integer. */
  readonly seed: number;
  /** The images of the largest batch. */
  readonly batchSize: number;
}

/** What one training step measured before its update. */
export interface StepResult {
  /** The number of the step in the training, from 1 on. */
  readonly step: number;
  /** Mean softmax cross-entropy over the batch, in nats. */
  readonly loss: number;
  /** How many images of the batch were classified correctly. */
  readonly correct: number;
  /** The images of the batch. */
  readonly count: number;
}

/** All that a training needs to resume with the same bits, except for the order of the images, a function of seed and epoch. */
export interface EngineState {
  /** Flat, {@link Network.size} elements. */
  readonly parameters: Float32Array;
  /** The optimizer's slots, each as long as the parameters, in the order of the optimizer's equations. */
  readonly slots: readonly Float32Array[];
  /** Steps taken. */
  readonly step: number;
}

/** The device of an engine, for people and logs. */
export interface DeviceDescription {
  /** Which engine it is. */
  readonly kind: "reference" | "wasm" | "webgpu";
  /** Threads that compute; 1 for engines other than `wasm`. */
  readonly threads: number;
  /** The arithmetic of `wasm`, which its bits depend on. */
  readonly math?: "fused" | "plain";
  /** One line, for instance `WebAssembly SIMD, 2 threads, fused multiply-add`. */
  readonly detail: string;
}

/**
 * A device that computes one network, and trains it if it was opened with a training. A guard (`guard.ts`) checks all
 * arguments; a call while another one runs is an error, and disposing the engine fails the running call.
 */
export interface Engine extends AsyncDisposable {
  readonly device: DeviceDescription;

  /**
   * Takes one training step for each batch, in order.
   *
   * @param batches At most {@link MAX_STEPS}: the positions of each batch's images in the training split, 1 to `batchSize`
   * of them
   * @throws {Error} If the engine only predicts
   */
  train(batches: readonly Uint32Array[]): Promise<StepResult[]>;

  /**
   * The gradient of the mean loss of one batch, as the next step would compute it (with its dropout masks), flat as the
   * parameters. Changes nothing.
   *
   * @throws {Error} If the engine only predicts
   */
  gradient(batch: Uint32Array): Promise<Float32Array>;

  /**
   * The logits `[N, K]` of images, without dropout.
   *
   * @param images Any images of `imageSize`
   * @param positions Which of the images; all by default
   */
  predict(images: Images, positions?: Uint32Array): Promise<Float32Array>;

  /**
   * The top layer's outputs at every t, `[N, T, H]`, without dropout. The head turns those of the last t into the logits of
   * {@link predict}, those of an earlier t into what the network has recognized by then.
   *
   * @param images Any images of `imageSize`
   * @param positions Which of the images; all by default
   */
  outputs(images: Images, positions?: Uint32Array): Promise<Float32Array>;

  /** A copy of the parameters, flat, as the network lays them out. */
  readParameters(): Promise<Float32Array>;

  /** Replaces the parameters by a copy of these; slots and step stay. @throws {RangeError} If their number is wrong. */
  writeParameters(parameters: Float32Array): Promise<void>;

  /** A copy of the state. @throws {Error} If the engine only predicts. */
  readState(): Promise<EngineState>;

  /**
   * Replaces the state by a copy of this one.
   *
   * @throws {RangeError} If its lengths do not fit this network and optimizer.
   * @throws {Error} If the engine only predicts.
   */
  writeState(state: EngineState): Promise<void>;
}
