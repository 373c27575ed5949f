/**
 * A network as an engine sees it: how sequences come in, a chain of layers, a loss, and one flat layout of the parameters. It
 * knows nothing of TensorFlow.js. `create_network.ts` makes them.
 *
 * @module
 */
import type { Loss, Metric } from "./losses.ts";

/** One array of parameters within the flat array. */
export interface Parameter {
  /**
   * `layer0.kernel`, `layer0.recurrentKernel`, `layer0.bias`, …: layers with weights are numbered from the input up. The last of
   * them is `head` if it is dense; the layers of a bidirectional one are `layer0.forward` and `layer0.backward`; the table of
   * tokens is `embeddings`.
   */
  readonly name: string;
  /** Keras's shape: kernel `[C, G·H]`, recurrent kernel `[H, G·H]`, bias `[G·H]`; G = 4 gates (i f g o), 3 (z r h) or 1. */
  readonly shape: readonly number[];
  /** Where it starts in the flat array, in elements. */
  readonly offset: number;
  /** The product of `shape`. */
  readonly size: number;
  /**
   * The factor of its updates: 2 for the sum of two arrays that are trained alike (PyTorch's biases), 0 for averages that the
   * layer itself keeps, which no optimizer moves; else 1.
   */
  readonly updateScale: 0 | 1 | 2;
  /** λ₁: the loss has `λ₁ Σ|w|` more. */
  readonly l1: number;
  /** λ₂: the loss has `λ₂ Σw²` more. */
  readonly l2: number;
}

/** λ₁ and λ₂ of a {@link Parameter}; 0 by default. */
export interface Regularizer {
  /** λ₁, 0 or more. */
  readonly l1?: number;
  /** λ₂, 0 or more. */
  readonly l2?: number;
}

/** The functions that act on one number: z, max(z, 0), tanh z, 1/(1 + e⁻ᶻ), min(max(0.2 z + 0.5, 0), 1). */
export const CELL_ACTIVATIONS = ["linear", "relu", "tanh", "sigmoid", "hardSigmoid"] as const;

/** One of {@link CELL_ACTIVATIONS}. */
export type CellActivation = typeof CELL_ACTIVATIONS[number];

/** One of {@link CELL_ACTIVATIONS}, or softmax over the features of a step. */
export type Activation = CellActivation | "softmax";

/** How sequences come in: as C features at each t, or as tokens whose features are a table's rows. */
export type Input = FeatureInput | TokenInput;

/** `x_t`, the C numbers of step t. */
export interface FeatureInput {
  /** Which of the inputs this is. */
  readonly kind: "features";
  /** C. */
  readonly size: number;
  /** A step all of whose features have this value is masked, and its features become 0; null: none is. */
  readonly maskValue: number | null;
}

/** `x_t = E[token_t]`. */
export interface TokenInput {
  /** Which of the inputs this is. */
  readonly kind: "tokens";
  /** V: tokens are 0 … V − 1. */
  readonly vocabulary: number;
  /** C, the features of a token. */
  readonly size: number;
  /** Whether steps with token 0 are masked. */
  readonly maskZero: boolean;
  /** E `[V, C]`. */
  readonly embeddings: Parameter;
}

/** What all recurrent layers have. T steps go in; T come out, or with `returnSequences` false the last one. */
export interface CellLayer {
  /** Begins the names of its parameters. */
  readonly name: string;
  /** The number of its dropout masks, see `dropoutWords()`. */
  readonly stream: number;
  /** C, the features at one t. */
  readonly inputSize: number;
  /** H, the hidden units. */
  readonly hiddenSize: number;
  /** φ. */
  readonly activation: CellActivation;
  /** Whether the outputs of all t go on, or of the last one read only. */
  readonly returnSequences: boolean;
  /** Whether it reads from t = T − 1 to 0; its outputs then come in the order in which it reads. */
  readonly backwards: boolean;
  /** The share of x that training drops: one mask a sequence, the same at all t and for all gates. */
  readonly inputDropout: number;
  /** The share of h that training drops before the product with R; one mask a sequence. */
  readonly recurrentDropout: number;
  /** Whether masked steps reach it: there it keeps its state, and its output is its last one (0 at the start). */
  readonly masked: boolean;
  /** W `[C, G·H]`. */
  readonly kernel: Parameter;
  /** R `[H, G·H]`. */
  readonly recurrentKernel: Parameter;
  /** b `[G·H]`; `[2, 3H]`, that of x and that of h, in a GRU with reset after; null without. */
  readonly bias: Parameter | null;
}

/** `i f g o = σ σ φ σ (x W + h R + b)`, `c' = f∘c + i∘g`, `h' = o∘φ(c')`. */
export interface LstmLayer extends CellLayer {
  /** Which of the layers this is. */
  readonly kind: "lstm";
  /** σ. */
  readonly gateActivation: CellActivation;
}

/**
 * `z r = σ(x W + h R + b)`, `h' = z∘h + (1 − z)∘φ(g)`; `g = x W_g + (r∘h) R_g + b_g` (Keras's and tfjs's default), or with
 * `resetAfter` `g = x W_g + b_g + r∘(h R_g + b'_g)` (PyTorch, cuDNN, Keras 3). With recurrent dropout, h is the masked h
 * everywhere, as in TensorFlow.js.
 */
export interface GruLayer extends CellLayer {
  /** Which of the layers this is. */
  readonly kind: "gru";
  /** σ. */
  readonly gateActivation: CellActivation;
  /** Whether r acts after the product with R. */
  readonly resetAfter: boolean;
}

/** `h' = φ(x W + h R + b)`. */
export interface RnnLayer extends CellLayer {
  /** Which of the layers this is. */
  readonly kind: "rnn";
}

/** A recurrent layer. */
export type RecurrentLayer = LstmLayer | GruLayer | RnnLayer;

/** The ways to merge the outputs of two directions. */
export const MERGES = ["concat", "sum", "ave", "mul"] as const;

/** Two recurrent layers over the same sequence, the second from its end; the outputs of both are in the order of t. */
export interface BidirectionalLayer {
  /** Which of the layers this is. */
  readonly kind: "bidirectional";
  /** `[a, b]`, a + b, (a + b)/2, a∘b. */
  readonly merge: typeof MERGES[number];
  /** It reads from t = 0 on. */
  readonly forward: RecurrentLayer;
  /** Its `backwards` is true. Without `returnSequences` its output is that after t = 0, its own last one. */
  readonly backward: RecurrentLayer;
}

/** The one step that comes in, `steps` times. */
export interface RepeatLayer {
  /** Which of the layers this is. */
  readonly kind: "repeat";
  /** How many steps it returns. */
  readonly steps: number;
}

/** Inverted dropout: in training, each number of each step becomes 0 with probability `rate`, else 1/(1 − rate) times itself. */
export interface DropoutLayer {
  /** Which of the layers this is. */
  readonly kind: "dropout";
  /** The share of the numbers that training drops. */
  readonly rate: number;
  /** The number of its masks, see `dropoutWords()`. */
  readonly stream: number;
}

/** `y_t = φ(x_t)`. */
export interface ActivationLayer {
  /** Which of the layers this is. */
  readonly kind: "activation";
  /** φ. */
  readonly activation: Activation;
}

/** `y_t = φ(x_t W + b)` at every step. */
export interface DenseLayer {
  /** Which of the layers this is. */
  readonly kind: "dense";
  /** Begins the names of its parameters. */
  readonly name: string;
  /** C. */
  readonly inputSize: number;
  /** The features of its output. */
  readonly units: number;
  /** φ. */
  readonly activation: Activation;
  /** W `[C, units]`. */
  readonly kernel: Parameter;
  /** b `[units]`; null without. */
  readonly bias: Parameter | null;
}

/** `y = x_{T−1}`: the last step alone. */
export interface LastLayer {
  /** Which of the layers this is. */
  readonly kind: "last";
}

/**
 * Batch normalization (Ioffe, Szegedy 2015). In training, with the mean m and the variance v of each feature over all sequences
 * of the batch and all steps, n numbers:
 *
 *     y = γ (x − m) / √(v + ε) + β      m = Σx / n      v = Σ(x − m)² / n
 *
 * and after the update of the step `M ← µ M + (1 − µ) m`, `V ← µ V + (1 − µ) v` (with `unbiased` v·n / max(n − 1, 1), as in
 * PyTorch). Everywhere else M and V take the place of m and v.
 */
export interface BatchNormLayer {
  /** Which of the layers this is. */
  readonly kind: "batchNorm";
  /** Begins the names of its parameters. */
  readonly name: string;
  /** C, the features. */
  readonly size: number;
  /** ε, positive. */
  readonly epsilon: number;
  /** µ, in [0, 1): Keras's momentum, 1 less PyTorch's. */
  readonly momentum: number;
  /** Whether V averages the estimates for the population. */
  readonly unbiased: boolean;
  /** γ `[C]`; null for 1. */
  readonly gamma: Parameter | null;
  /** β `[C]`; null for 0. */
  readonly beta: Parameter | null;
  /** M `[C]`, which no optimizer moves. */
  readonly movingMean: Parameter;
  /** V `[C]`, which no optimizer moves. */
  readonly movingVariance: Parameter;
}

/** One of the layers of a chain. */
export type Layer =
  | RecurrentLayer
  | BidirectionalLayer
  | LastLayer
  | BatchNormLayer
  | RepeatLayer
  | DropoutLayer
  | ActivationLayer
  | DenseLayer;

/** What an engine computes: an input, layers, a loss, and the place of each parameter in one flat float32 array. */
export interface Network {
  /** How sequences come in. */
  readonly input: Input;
  /** From the input up. */
  readonly layers: readonly Layer[];
  /** What comes out: K numbers, once a sequence or at every step. */
  readonly output: { readonly size: number; readonly everyStep: boolean };
  /** What training minimizes. */
  readonly loss: Loss;
  /** What training measures besides. */
  readonly metrics: readonly Metric[];
  /** Bias vectors of every recurrent layer that are trained as their sum: PyTorch's two, or one. */
  readonly biases: 1 | 2;
  /** In the order of the flat array. */
  readonly parameters: readonly Parameter[];
  /** Elements of the flat array. */
  readonly size: number;
  /** How many numbers are trained; a bias of two vectors counts twice, as in PyTorch, a moving average not. */
  readonly parameterCount: number;
}

/** How many columns the kernels of a layer have for each unit. */
export function gateCount({ kind }: Pick<RecurrentLayer, "kind">): 1 | 3 | 4 {
  return kind === "lstm" ? 4 : kind === "gru" ? 3 : 1;
}

/** The recurrent layers of a chain, from the input up; of a bidirectional one the forward layer first. */
export function recurrentLayers({ layers }: Pick<Network, "layers">): RecurrentLayer[] {
  return layers.flatMap((layer): RecurrentLayer[] => {
    if (layer.kind === "bidirectional") return [layer.forward, layer.backward];
    return isRecurrent(layer) ? [layer] : [];
  });
}

/** Whether a layer is recurrent, in one direction. */
export function isRecurrent(layer: Layer): layer is RecurrentLayer {
  return layer.kind === "lstm" || layer.kind === "gru" || layer.kind === "rnn";
}

/** The steps of a sequence somewhere in a chain. */
export interface Steps {
  /** How many there are. */
  readonly count: number;
  /** The t of the first one, which dropout masks depend on: the last step alone keeps its t. */
  readonly first: number;
}

/**
 * The steps before and after each layer: element 0 is what comes in, element i + 1 what layer i returns.
 *
 * @param T The steps that come in
 */
export function stepsOf({ layers }: Pick<Network, "layers">, T: number): Steps[] {
  const steps: Steps[] = [{ count: T, first: 0 }];
  for (const layer of layers) {
    const { count, first } = steps[steps.length - 1];
    const recurrent = layer.kind === "bidirectional" ? layer.forward : isRecurrent(layer) ? layer : null;
    if (layer.kind === "repeat") steps.push({ count: layer.steps, first: 0 });
    else if (layer.kind === "last" || recurrent?.returnSequences === false) {
      steps.push({ count: 1, first: first + count - 1 });
    } else steps.push({ count, first });
  }
  return steps;
}

/** The features of what a layer returns, from those of what comes in. */
export function outputSize(layer: Layer, inputSize: number): number {
  switch (layer.kind) {
    case "dense":
      return layer.units;
    case "bidirectional":
      return layer.forward.hiddenSize * (layer.merge === "concat" ? 2 : 1);
    case "last":
    case "batchNorm":
    case "repeat":
    case "dropout":
    case "activation":
      return inputSize;
    default:
      return layer.hiddenSize;
  }
}
