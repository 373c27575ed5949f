/**
 * The structure of a network, as lines of text and as a picture: a chain of layers, and the shapes between them.
 *
 * @module
 */
import type { ImageSize } from "../data/raster.ts";
import type { Order } from "../data/sequence.ts";
import type { PlacedLayer } from "../engines/reference/inspect.ts";
import type { Classifier } from "../model/classifier.ts";
import {
  type Activation,
  isRecurrent,
  type Layer,
  outputSize,
  type Parameter,
  type RecurrentLayer,
  stepsOf,
} from "../model/network.ts";
import { formatQuantity } from "./progress.ts";
import { element, NARROW, picture, text } from "./svg.ts";

/** The size of the images that the network reads, and in which order. */
export interface StructureInput extends ImageSize, Order {}

/** One link of the chain. */
interface Link {
  readonly kind: "input" | "recurrent" | "other";
  readonly title: string;
  readonly details: readonly string[];
  /** The steps that it reads. */
  readonly steps: number;
  /** The shape of its output. */
  readonly shape: string;
  readonly parameters: number;
}

const BOX_LEFT = 20, BOX_WIDTH = 360, TOP = 20;
const TITLE_HEIGHT = 38, LINE = 23, GAP = 44;

/**
 * A summary: one line a layer, and the sum of the parameters.
 *
 * @example
 * ```ts
 * import { createClassifier } from "../model/classifier.ts";
 * import { describeStructure } from "./structure.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "lstm", hiddenSize: 64 }, { kind: "dropout", rate: 0.5 }, { kind: "dense", units: 10 }] as const;
 * const network = createClassifier({ inputSize: 28, layers });
 * assert.deepEqual(describeStructure(network, { height: 28, width: 28, axis: "rows" }), [
 *   "image 28 × 28, row by row   28 × 28",
 *   "LSTM, 64 units              64       23,808 parameters",
 *   "dropout 0.5                 64",
 *   "dense, 10 classes           10          650 parameters",
 *   "                                     24,458 parameters",
 * ]);
 * ```
 */
export function describeStructure(network: Classifier, input: StructureInput): string[] {
  const links = linksOf(network, input);
  const rows = links.map(({ title, shape, parameters }) => [title, shape, parameters] as const);
  const all = [...rows, ["", "", network.parameterCount] as const];
  const widths = [0, 1].map((column) => Math.max(...all.map((row) => String(row[column]).length)));
  const counts = all.map(([, , parameters]) => parameters.toLocaleString("en-US"));
  const countWidth = Math.max(...counts.map((count) => count.length));
  return all.map(([title, shape, parameters], i) => {
    const count = parameters > 0 ? `${counts[i].padStart(countWidth)} parameters` : "";
    return `${title.padEnd(widths[0])}   ${shape.padEnd(widths[1])}  ${count}`.trimEnd();
  });
}

/**
 * Draws the network from the image (top) to the classes (bottom), each layer with its shapes and parameters.
 *
 * @returns SVG
 */
export function drawStructure(network: Classifier, input: StructureInput): string {
  const links = linksOf(network, input);
  const parts: string[] = [];
  let y = TOP;
  links.forEach((link, i) => {
    const height = heightOf(link);
    if (i > 0) y += GAP;
    parts.push(drawBox(link, y));
    if (link.kind === "recurrent") parts.push(drawLoop(y + height / 2, link.steps));
    y += height;
    parts.push(drawArrow(y, link.shape));
  });
  y += GAP;
  const x = BOX_LEFT + BOX_WIDTH / 2;
  parts.push(text("probability of each class", { class: "ink", x, y: y + 14, "text-anchor": "middle" }));
  const total = `${formatQuantity(network.parameterCount, "parameters")} in all`;
  parts.push(text(total, { class: "soft", x, y: y + 36, "text-anchor": "middle" }));
  const title = `The network: ${links.map((link) => link.title).join(", ")}`;
  return picture({ width: NARROW, height: y + 54, title }, ...parts);
}

function linksOf(network: Classifier, input: StructureInput): Link[] {
  const { height, width, axis } = input;
  const steps = stepsOf(network, { rows: height, columns: width, pixels: height * width }[axis]);
  const links: Link[] = [{
    kind: "input",
    title: `image ${height} × ${width}, ${describeOrder(input)}`,
    ...parametersIn({}),
    steps: 0,
    shape: `${steps[0].count} × ${network.input.size}`,
  }];
  let size = network.input.size;
  network.layers.forEach((layer, index) => {
    size = outputSize(layer, size);
    const { count } = steps[index + 1];
    links.push({
      kind: isRecurrent(layer) || layer.kind === "bidirectional" ? "recurrent" : "other",
      title: titleOf(layer, index === network.layers.length - 1),
      ...parametersIn(namedParameters(layer)),
      steps: steps[index].count,
      shape: count > 1 ? `${count} × ${size}` : String(size),
    });
  });
  return links;
}

const ACTIVATION_NAMES: Readonly<Record<Activation, string>> = {
  linear: "linear",
  relu: "ReLU",
  tanh: "tanh",
  sigmoid: "sigmoid",
  hardSigmoid: "hard sigmoid",
  softmax: "softmax",
};

/** @param isLast Whether what it returns are the classes */
function titleOf(layer: Layer, isLast: boolean): string {
  switch (layer.kind) {
    case "dropout":
      return `dropout ${layer.rate}`;
    case "dense": {
      const { units, activation } = layer;
      const named = activation === "linear" ? "" : `, ${ACTIVATION_NAMES[activation]}`;
      return `dense, ${formatQuantity(units, isLast ? "classes" : "units")}${named}`;
    }
    case "batchNorm":
      return "batch normalization";
    case "last":
      return "the last step";
    case "repeat":
      return `${layer.steps} times the same step`;
    case "activation":
      return ACTIVATION_NAMES[layer.activation];
    case "bidirectional": {
      const title = titleOf(layer.forward, false),
        merged = layer.merge === "concat" ? "" : ` (${layer.merge})`;
      return `${title}, in both directions${merged}`;
    }
    default:
      return titleOfCell(layer);
  }
}

/** The order in which images are read, in a few words: `row by row`, or `pixel by pixel, shuffled`. */
export function describeOrder({ axis, reversed, permutation }: Order): string {
  const line = lineOf(axis);
  return [
    `${line} by ${line}`,
    ...(permutation === undefined ? [] : ["shuffled"]),
    ...(reversed ? ["from the end"] : []),
  ].join(", ");
}

/** What is read at a step: a row, a column or a pixel. */
export function lineOf(axis: Order["axis"]): string {
  return axis.slice(0, -1);
}

/** Recurrent layers in a few words: `LSTM, 64 units`; of several each with its place: `layer 1 forward: LSTM, 64 units`. */
export function titlesOfLayers(layers: readonly PlacedLayer[]): string[] {
  return layers.map(({ layer, number }) => {
    if (layers.length === 1) return titleOfCell(layer);
    const isHalf = layers.filter((other) => other.number === number).length > 1;
    if (!isHalf) return `layer ${number}: ${titleOfCell(layer)}`;
    const direction = layer.backwards ? "backward" : "forward";
    return `layer ${number} ${direction}: ${titleOfCell({ ...layer, backwards: false })}`;
  });
}

/** A recurrent layer in a few words: `LSTM, 64 units`. */
export function titleOfCell(layer: RecurrentLayer): string {
  const { kind, activation, backwards } = layer;
  const gates = kind === "rnn" || layer.gateActivation === "sigmoid"
    ? []
    : [ACTIVATION_NAMES[layer.gateActivation]];
  const own = kind === "rnn" || activation !== "tanh" ? [ACTIVATION_NAMES[activation]] : [];
  const title = [`${kind.toUpperCase()}, ${formatQuantity(layer.hiddenSize, "units")}`, ...gates, ...own];
  return [...title, ...(backwards ? ["from the end"] : [])].join(", ");
}

/** The parameters of a layer, by the words for them; of a bidirectional one those of one direction after the other. */
function namedParameters(layer: Layer): Record<string, Parameter | null> {
  switch (layer.kind) {
    case "bidirectional": {
      const both = Object.entries({ forward: layer.forward, backward: layer.backward });
      return Object.fromEntries(
        both.flatMap(([direction, one]) =>
          Object.entries(namedParameters(one)).map(([name, parameter]) => [`${direction} ${name}`, parameter])
        ),
      );
    }
    case "dense":
      return { kernel: layer.kernel, bias: layer.bias };
    case "batchNorm": {
      const { gamma, beta, movingMean, movingVariance } = layer;
      return { gamma, beta, mean: movingMean, variance: movingVariance };
    }
    case "lstm":
    case "gru":
    case "rnn":
      return { kernel: layer.kernel, recurrent: layer.recurrentKernel, bias: layer.bias };
    default:
      return {};
  }
}

/** The shapes of a layer's parameters, and the number of those trained; `updateScale` 2 stands for two biases, 0 for averages. */
function parametersIn(
  named: Readonly<Record<string, Parameter | null>>,
): Pick<Link, "details" | "parameters"> {
  const found = Object.entries(named).flatMap(([name, parameter]) =>
    parameter ? [[name, parameter] as const] : []
  );
  return {
    details: found.map(([name, { shape, updateScale }]) =>
      `${name} ${updateScale === 2 ? "2 of " : ""}${shape.join(" × ")}`
    ),
    parameters: found.reduce((sum, [, { size, updateScale }]) => sum + size * updateScale, 0),
  };
}

/** The lines below the title of a box. */
function linesOf({ details, parameters }: Link): string[] {
  return parameters > 0 ? [...details, formatQuantity(parameters, "parameters")] : [];
}

function heightOf(link: Link): number {
  const { length } = linesOf(link);
  return TITLE_HEIGHT + (length > 0 ? length * LINE + 4 : 0);
}

function drawBox(link: Link, y: number): string {
  const { kind, title } = link;
  const box = { class: "box", x: BOX_LEFT, y, width: BOX_WIDTH, height: heightOf(link) };
  return [
    element("rect", { ...box, rx: kind === "input" ? 3 : 8 }),
    text(title, { class: "ink", x: BOX_LEFT + 16, y: y + 25, "font-weight": 700 }),
    ...linesOf(link).map((line, i) =>
      text(line, { class: "soft", x: BOX_LEFT + 16, y: y + TITLE_HEIGHT + (i + 0.6) * LINE })
    ),
  ].join("");
}

/** An arrow from a box to the next, with the shape between them. */
function drawArrow(y: number, shape: string): string {
  const x = BOX_LEFT + BOX_WIDTH / 2, end = y + GAP - 3;
  return [
    element("path", { class: "series7", d: `M${x} ${y + 3}V${end}`, stroke: "currentColor", fill: "none" }),
    element("path", { class: "series7", d: `M${x - 5} ${end - 7}L${x} ${end}L${x + 5} ${end - 7}`, ...OPEN }),
    text(shape, { class: "ink", x: x + 14, y: y + GAP / 2 + 5 }),
  ].join("");
}

/** The loop of a recurrent layer's state. */
function drawLoop(y: number, steps: number): string {
  const x = BOX_LEFT + BOX_WIDTH;
  return element(
    "g",
    { class: "series0" },
    element("path", { d: `M${x + 2} ${y - 14}h12a14 14 0 0 1 0 28h-9`, ...OPEN }),
    element("path", { d: `M${x + 11} ${y + 8}l-7 6l7 6`, ...OPEN }),
    text(formatQuantity(steps, "steps"), { class: "soft", x: x + 36, y: y + 5 }),
  );
}

const OPEN = { stroke: "currentColor", "stroke-width": 1.5, fill: "none" } as const;
