/**
 * What each layer of a chain reads, writes and keeps while eight sequences go through it.
 *
 * Sequences are processed in groups of eight, the lanes of two vectors, and every array of activations ends in `[8]`.
 * Addresses are offsets in the memory of a thread where it says so, and addresses of the whole memory elsewhere.
 *
 * @module
 */
import type { BackPlan, MatrixPlan } from "./plan_matrix.ts";

/** What one layer leaves to the next; offsets in the memory of a thread. */
export interface SignalPlan {
  readonly steps: number;
  /** The t of the first step, which dropout masks depend on. */
  readonly first: number;
  readonly features: number;
  /** [steps], `yBytes` apart, of [features][8]. */
  readonly y: number;
  /** 0: all steps are the same. */
  readonly yBytes: number;
  /** ∂loss/∂y, `dyBytes` apart; 0 where no layer below has parameters. */
  readonly dy: number;
  readonly dyBytes: number;
}

/** How a group of sequences comes in. */
export interface InputPlan {
  /** `images`: bytes that the first layer itself reads, around its state. */
  readonly kind: "images" | "bytes" | "floats" | "tokens";
  readonly T: number;
  /** Features of a step; of bytes and numbers, those that come in. */
  readonly C: number;
  /** Elements of a sequence. */
  readonly stride: number;
  /** The input of a byte is blank + byte / divisor; `images` are stored as x − blank. */
  readonly blank: number;
  readonly divisor: number;
  /** Offset of the sequences as they lie in memory, [8][stride], and some more, since 16 bytes at a time are read. */
  readonly rows: number;
  /** Offset of [stride][8] bytes or tokens, and some more, since 16 bytes at a time are written. */
  readonly columns: number;
  /** Where images are transformed; null where they stay as they are. */
  readonly transform: TransformPlan | null;
  /** Address of uint32 [T·C]: which pixel is read next; 0 where they are read in the order in which they lie. */
  readonly order: number;
  /** Offset of [T·C][8] bytes in the order in which they are read; `columns` where that is their own. */
  readonly pixels: number;
  /** Offset of int32 [2]: which of the first layer's inputs are not blank. */
  readonly range: number;
  /** Offset of int32 [T][8]: −1 where a step is read, 0 where it is masked; 0 without masks. */
  readonly read: number;
  readonly maskValue: number;
  readonly to: SignalPlan | null;
  readonly embedding: EmbeddingPlan | null;
}

/** How images are transformed before they are read. */
export interface TransformPlan {
  readonly width: number;
  readonly height: number;
  /** Offset of the image as it lies in memory, [height][width]. */
  readonly image: number;
  /** Address of int32 [MAX_STEPS][batchSize][6]. */
  readonly transforms: number;
}

/** The table of tokens [V][4·quads]. */
export interface EmbeddingPlan {
  readonly V: number;
  readonly C: number;
  readonly quads: number;
  /** Where it starts, in elements of the parameters. */
  readonly E: number;
  /** The flat index of its first element. */
  readonly start: number;
  readonly l1: number;
  readonly l2: number;
  /** Rows of a work item. */
  readonly rowsPerItem: number;
  /** As in {@link MatrixPlan}, one for each work item. */
  readonly penalties: number;
  readonly squares: number;
  /** Address of [groups][T][8][4·quads], the gradients of a batch. */
  readonly gradients: number;
  /** Address of int32 [groups][T][8]. */
  readonly tokens: number;
}

/** What every recurrent layer has. */
export interface RecurrentPlan {
  readonly C: number;
  readonly H: number;
  readonly T: number;
  readonly backwards: boolean;
  /** Whether groups of a batch share their first t, see prefix.ts. */
  readonly shared: boolean;
  readonly gate: number;
  readonly activation: number;
  /** Null for the layer that reads images. */
  readonly from: SignalPlan | null;
  readonly to: SignalPlan;
  readonly stream: number;
  readonly inputDropout: number;
  readonly recurrentDropout: number;
  // Offsets in the memory of a thread; 0 where there is no such array:
  readonly inputMask: number; // [4·ceil(C/4)][8]
  readonly recurrentMask: number; // [4·ceil(H/4)][8]
  readonly read: number; // int32 [T][8]: where steps are masked
  readonly y: number; // [1+T], `yBytes` apart, of [H][8]: 0, then the outputs
  readonly yBytes: number;
  readonly dh: number; // [H][8]: ∂loss/∂h of the current t
  readonly heldH: number; // [H][8]: of masked lanes
  readonly dx: number; // [T], `dxBytes` apart, of [C][8]
  readonly dxBytes: number;
}

/** An LSTM or an RNN: one matrix, the kernel above the recurrent kernel, J = C + H, since its input is x beside h. */
export interface CellPlan extends RecurrentPlan {
  readonly kind: "lstm" | "rnn";
  readonly matrix: MatrixPlan;
  /**
   * Features of x before h. In the layer that reads images h stands in the middle of x, so that h and the features with ink,
   * around the middle of a line, are one range.
   */
  readonly front: number;
  readonly recurrentBack: BackPlan;
  readonly inputBack: BackPlan | null;
  /** Address of [groups][2][H] float32, dh and dc: what each group hands to the row that all groups share. */
  readonly boundary: number;
  /** From one of these [H] to the next. */
  readonly boundaryBytes: number;
  // Offsets in the memory of a thread:
  readonly xh: readonly [number, number]; // [J][8] each: x and h, for even and odd t
  readonly c: number; // [T+1][H][8]
  readonly phiC: number; // [T][H][8], φ(c) of the c after each t
  readonly dc: number; // [H][8]
  readonly heldC: number; // [H][8]
}

/**
 * A GRU. Matrix `gates` [H+C, 2H] gives z r from h beside x. With reset before, `candidate` [C+H, H] gives g from x beside r∘h;
 * with reset after, `candidate` [C, H] gives the part of x and `recurrent` [H, H] that of h. The dz of one t lie beside each
 * other, z r g or q z r p, so that one product leads back to x.
 */
export interface GruPlan extends RecurrentPlan {
  readonly kind: "gru";
  readonly gates: MatrixPlan;
  readonly candidate: MatrixPlan;
  /** Null with reset before. */
  readonly recurrent: MatrixPlan | null;
  /** From z r, or from q z r, to h. */
  readonly stateBack: BackPlan;
  /** From g to r∘h; null with reset after. */
  readonly resetBack: BackPlan | null;
  /** From z r g, or from z r p, to x. */
  readonly inputBack: BackPlan | null;
  // Offsets in the memory of a thread:
  readonly hx: number; // [H+C+H][8]: h, x, r∘h
  readonly carried: number; // [H][8]
  readonly drh: number; // [H][8]
}

/** Two recurrent layers and the merge of what they return. */
export interface BidirectionalPlan {
  readonly kind: "bidirectional";
  readonly forward: CellPlan | GruPlan;
  readonly backward: CellPlan | GruPlan;
  /** The place in `MERGES`. */
  readonly merge: number;
  readonly from: SignalPlan;
  readonly to: SignalPlan;
}

/** A batch normalization, see batch_norms.ts. */
export interface NormPlan {
  readonly kind: "batchNorm";
  readonly C: number;
  readonly epsilon: number;
  readonly momentum: number;
  readonly unbiased: boolean;
  /** Null for 1. */
  readonly gamma: ArrayPlan | null;
  /** Null for 0. */
  readonly beta: ArrayPlan | null;
  readonly mean: ArrayPlan;
  readonly variance: ArrayPlan;
  /** As in {@link MatrixPlan}, one for all of its parameters. */
  readonly penalties: number;
  readonly squares: number;
  readonly from: SignalPlan;
  readonly to: SignalPlan;
  // Addresses; 0 where there is no such array:
  readonly sums: number; // float64 [groups][C][2]: mean and sum of squares; on the way back Σ dy and Σ dy (x − m)
  readonly moments: number; // float64 [C][2]: m and v of the last batch
  readonly deviations: number; // float64 [C]: √(v + ε)
  readonly factors: number; // [5][C]: m, γ/√(v + ε), β; on the way back those of dx
  readonly averages: number; // [3][C]: the same with M and V
}

/** An array [C] of parameters. */
export interface ArrayPlan {
  /** Where it starts, in elements of the parameters, of their gradients and of each slot. */
  readonly at: number;
  /** The flat index of its first element. */
  readonly start: number;
  readonly l1: number;
  readonly l2: number;
}

/** The last step alone, which is read where it is: on the way back, the gradients of the others become 0. */
export interface LastPlan {
  readonly kind: "last";
  readonly from: SignalPlan;
  readonly to: SignalPlan;
}

/** Repeats are the same step, read again: only the way back has work. */
export interface RepeatPlan {
  readonly kind: "repeat";
  readonly from: SignalPlan;
  readonly to: SignalPlan;
}

/** Dropout. */
export interface DropoutPlan {
  readonly kind: "dropout";
  readonly rate: number;
  readonly stream: number;
  /** Offset of [steps][4·ceil(features/4)][8]. */
  readonly mask: number;
  readonly from: SignalPlan;
  readonly to: SignalPlan;
}

/** An activation. */
export interface ActivationPlan {
  readonly kind: "activation";
  readonly activation: number;
  readonly from: SignalPlan;
  readonly to: SignalPlan;
}

/** A dense layer, at every step. */
export interface DensePlan {
  readonly kind: "dense";
  readonly activation: number;
  readonly matrix: MatrixPlan;
  readonly inputBack: BackPlan | null;
  readonly from: SignalPlan;
  readonly to: SignalPlan;
}

/** One layer of the chain. */
export type PassPlan =
  | CellPlan
  | GruPlan
  | BidirectionalPlan
  | NormPlan
  | LastPlan
  | RepeatPlan
  | DropoutPlan
  | ActivationPlan
  | DensePlan;

/** The matrices of a layer, from the input up. */
export function matricesOf(plan: PassPlan): MatrixPlan[] {
  switch (plan.kind) {
    case "lstm":
    case "rnn":
    case "dense":
      return [plan.matrix];
    case "gru":
      return [plan.gates, plan.candidate, ...(plan.recurrent ? [plan.recurrent] : [])];
    case "bidirectional":
      return [...matricesOf(plan.forward), ...matricesOf(plan.backward)];
    default:
      return [];
  }
}
