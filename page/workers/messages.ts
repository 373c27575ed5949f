/**
 * What the page and its workers say to each other.
 *
 * @module
 */

import type { RunFiles } from "../../core.ts";
import type { Stroke } from "../ink/strokes.ts";

/** A model as bytes of safetensors, as `toSafetensors()` writes them. */
export type ModelBytes = Uint8Array<ArrayBuffer>;

/** A model in either form. */
export type ModelFiles = ModelBytes | RunFiles;

/** What is known of a model that was opened. */
export interface AboutModel {
  readonly axis: "rows" | "columns" | "pixels";
  /** Whether it begins with the last line. */
  readonly reversed: boolean;
  /** Whether it reads the pixels in a shuffled order. */
  readonly shuffled: boolean;
  readonly classNames: readonly string[];
  /** Whether the pictures that it learned from were scaled, not cropped and centred as digits. */
  readonly scaled: boolean;
}

/** To the worker that reads. The answer to a question has its ticket; to close a model is no question. */
export type ReaderRequest =
  | { readonly ticket: number } & ReaderQuestion
  | { readonly kind: "close"; readonly id: string };

/** What the worker that reads is asked. */
export type ReaderQuestion =
  | { readonly kind: "open"; readonly id: string; readonly model: ModelFiles }
  /** Pixels `[height, width]`, u8; lines that are hidden are black to the network. */
  | { readonly kind: "read"; readonly id: string; readonly pixels: Uint8Array }
  /** Makes what networks see of strokes, or of the file of a picture. */
  | { readonly kind: "prepare"; readonly ink: readonly Stroke[] | Blob };

/** One state or gate of a layer: values `[T, H]`. */
export interface ShownTrace {
  readonly name: string;
  readonly values: Float32Array;
}

/** The traces of one recurrent layer, or of one direction of it. */
export interface ShownLayer {
  readonly title: string;
  readonly hiddenSize: number;
  readonly gates: readonly ShownTrace[];
  readonly states: readonly ShownTrace[];
}

/** How a model read an image. */
export interface ShownReading {
  readonly T: number;
  readonly classes: number;
  /** After each line, `[T, classes]`. */
  readonly probabilities: Float32Array;
  /** Those that take a step of the image at each of theirs. */
  readonly layers: readonly ShownLayer[];
  /** The titles of the other recurrent layers: they read on when the image is over. */
  readonly later: readonly string[];
}

/** From the worker that reads. */
export type ReaderAnswer =
  & { readonly ticket: number }
  & (
    | { readonly kind: "opened"; readonly about: AboutModel }
    | { readonly kind: "reading"; readonly reading: ShownReading }
    /** Null where there is too little ink. */
    | { readonly kind: "prepared"; readonly pixels: Uint8Array | null }
    | { readonly kind: "failed"; readonly message: string }
  );

/** To the worker that trains. */
export type TrainerRequest =
  | TrainRequest
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "stop" }
  /** The model as it is now, as a file. */
  | { readonly kind: "download"; readonly format: DownloadFormat };

/** Begins a training, and ends one that runs. */
export interface TrainRequest {
  readonly kind: "train";
  /** Its number; events tell of which training they are. */
  readonly run: number;
  readonly recipe: string;
  readonly seed: number;
  readonly learningRate: number;
  readonly device: "wasm" | "webgpu";
  /** Of `wasm`; null for as many as help. */
  readonly threads: number | null;
  /** How many training images, from the first on; null for all. */
  readonly limit: number | null;
  /** How many steps, or null for the recipe's own length. */
  readonly steps: number | null;
}

/** The files that a trained model can become; a `run` is what `deno task evaluate --model` takes, zipped. */
export type DownloadFormat = "safetensors" | "onnx" | "run";

/** From the worker that trains. */
export type TrainerEvent = { readonly run: number } & TrainerNews;

/** What a {@link TrainerEvent} tells. */
export type TrainerNews =
  | { readonly kind: "loading"; readonly loadedBytes: number; readonly totalBytes: number }
  /** The images are there; the device is being opened. */
  | { readonly kind: "opening" }
  | {
    readonly kind: "opened";
    readonly device: string;
    /** The arithmetic of `wasm`, which its bits depend on. */
    readonly math: "fused" | "plain" | null;
    readonly parameterCount: number;
    readonly stepsPerEpoch: number;
    readonly totalSteps: number;
  }
  /** The losses of the steps since the last event; the model now, for reading while it learns. */
  | {
    readonly kind: "steps";
    readonly step: number;
    readonly losses: Float32Array;
    /** Of the images of these steps. */
    readonly accuracy: number;
    /** Spent on training so far. */
    readonly seconds: number;
    readonly model: ModelBytes;
  }
  /** After an epoch, and at the end, on all test images. */
  | { readonly kind: "tested"; readonly step: number; readonly loss: number; readonly accuracy: number }
  | { readonly kind: "paused" }
  | { readonly kind: "resumed" }
  | { readonly kind: "ended"; readonly step: number; readonly sha256: string; readonly seconds: number }
  /** Something is missing, and the training goes on. */
  | { readonly kind: "notice"; readonly message: string }
  | { readonly kind: "file"; readonly name: string; readonly bytes: ModelBytes }
  | { readonly kind: "failed"; readonly message: string };
