/**
 * The contract between the training loop and the devices. The same tests run over every engine.
 *
 * @module
 */
import type { SequenceLayout, Sequences, Targets } from "../data/sequences.ts";
import type { Network } from "../model/network.ts";
import type { Optimizer } from "../model/optimizers.ts";

/** The most steps of one call of {@link Engine.train}. */
export const MAX_STEPS = 256;

/** The most calls of {@link Engine.begin} whose results have not been collected. */
export const MAX_BEGUN = 2;

/** The options of every engine. */
export interface EngineOptions {
  readonly network: Network;
  /** How every sequence lies in memory, of the kind that the network's input reads. */
  readonly layout: SequenceLayout;
  /** The initial parameters: flat, as {@link Network} lays them out. They are copied. */
  readonly parameters: Float32Array;
  /** Null for an engine that only predicts. */
  readonly training: EngineTraining | null;
  /** Called before the engine takes memory, with how many bytes; not called by engines that do not know it. */
  readonly onMemory?: (bytes: number) => void;
}

/** What an engine trains on. */
export interface TrainingData {
  /**
   * The sequences to train on, which must not change: an engine copies them to its device once, or reads them where they are.
   */
  readonly sequences: Sequences;
  /** What the network is to answer. */
  readonly targets: Targets;
}

/** A training, as an engine needs it. */
export interface EngineTraining extends TrainingData {
  readonly optimizer: Optimizer;
  /** The seed of the dropout masks, an unsigned 32-bit integer. */
  readonly seed: number;
  /** The sequences of the largest batch. */
  readonly batchSize: number;
  /** What limits a gradient before its update; nothing by default. */
  readonly clip?: Clip | null;
  /**
   * s of `y ← (1 − s) y + s/K`, what the targets of a softmax cross-entropy become for the loss, not for the metrics; 0 by
   * default.
   */
  readonly labelSmoothing?: number;
  /** Whether every batch comes with transforms of its images, see `lib/data/transform.ts`; false by default. */
  readonly transforms?: boolean;
}

/**
 * What limits a gradient g, the terms of the regularizers included, before its update:
 *
 * - `norm`: `g ← g · min(1, most / (‖g‖ + 1e-6))`, where `‖g‖² = Σ updateScale · g²`, as `torch.nn.utils.clip_grad_norm_`, which
 *   sees both vectors of a bias of two;
 * - `value`: `g ← min(max(g, −most), most)`.
 */
export interface Clip {
  readonly kind: "norm" | "value";
  /** Positive. */
  readonly most: number;
}

/** What a step takes besides the positions of its sequences. */
export interface StepOptions {
  /** One for each batch, 0 or more; that of the optimizer by default. */
  readonly learningRates?: readonly number[];
  /** One for each batch: int32 `[N, 6]`, see `lib/data/transform.ts`. They must be there if the training has transforms. */
  readonly transforms?: readonly Int32Array[];
}

/** What one training step measured before its update. */
export interface StepResult {
  /** The number of the step in the training, from 1 on. */
  readonly step: number;
  /** The mean loss over the batch, with the terms of the regularizers. */
  readonly loss: number;
  /** Of each metric of the network, the sum over the sequences of its mean over their steps; never NaN where outputs are finite. */
  readonly metrics: readonly number[];
  /** The sequences of the batch. */
  readonly count: number;
}

/** All that a training needs to resume with the same bits, except for the order of the sequences, a function of seed and epoch. */
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
   * @param batches At most {@link MAX_STEPS}: the positions of each batch's sequences, 1 to `batchSize` of them
   * @throws {Error} If the engine only predicts
   */
  train(batches: readonly Uint32Array[], options?: StepOptions): Promise<StepResult[]>;

  /**
   * Begins steps as {@link train} takes them. While the device works on them, the next ones can be begun, so that it need not
   * pause between them: {@link MAX_BEGUN} calls at most, whose results are then collected in the same order. Until all are, any
   * other call is an error.
   *
   * @param batches As in {@link train}; neither they nor what belongs to them may change until the results are collected
   * @throws {Error} If the engine only predicts, or too many calls were begun
   */
  begin(batches: readonly Uint32Array[], options?: StepOptions): Promise<void>;

  /**
   * Waits for the steps of the first {@link begin} whose results have not been collected, and returns these. If it fails,
   * nothing that was begun is taken, or can be collected.
   *
   * @throws {Error} If nothing was begun
   */
  collect(): Promise<StepResult[]>;

  /** Whether the device works by itself on what was begun. If false, steps are taken when they are collected. */
  readonly runsAhead: boolean;

  /**
   * Replaces what is trained on by other sequences of the same layout, with their targets. Parameters, slots and step stay.
   *
   * @returns False if the engine has no room for them, and must be opened again; nothing has changed then
   * @throws {Error} If the engine only predicts
   */
  replaceData(data: TrainingData): Promise<boolean>;

  /**
   * The gradient of the loss of one batch, as the next step would compute it (with its dropout masks and its regularizers, before
   * it is clipped), flat as the parameters. Changes nothing.
   *
   * @param transforms As in {@link StepOptions}
   * @throws {Error} If the engine only predicts
   */
  gradient(batch: Uint32Array, transforms?: Int32Array): Promise<Float32Array>;

  /**
   * What the network answers, `[N, K]` or `[N, T, K]`, without dropout.
   *
   * @param sequences Any sequences of the engine's layout
   * @param positions Which of them; all by default
   */
  predict(sequences: Sequences, positions?: Uint32Array): Promise<Float32Array>;

  /**
   * The last recurrent layer's outputs at every t, `[N, T, H]`, without dropout. For a classifier, the head turns those of the
   * last t into the logits of {@link predict}, those of an earlier t into what the network has recognized by then.
   *
   * @param sequences Any sequences of the engine's layout
   * @param positions Which of them; all by default
   * @throws {Error} If the network has no recurrent layer, or its last one is bidirectional
   */
  outputs(sequences: Sequences, positions?: Uint32Array): Promise<Float32Array>;

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
