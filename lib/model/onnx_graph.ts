/**
 * Builds the graph of an ONNX file: nodes, the tensors that they read, and what goes in and comes out.
 *
 * Source: `onnx.proto`, IR version 8, https://onnx.ai/onnx/.
 *
 * @module
 */
import { joinBytes } from "../bytes.ts";
import { type Bytes, field, float32, message, text, whole } from "../protobuf.ts";

/** `TensorProto.DataType`. */
export const ELEMENTS = { float: 1, int32: 6, int64: 7, bool: 9 } as const;

/** `AttributeProto.AttributeType`. */
const ATTRIBUTE = { float: 1, int: 2, string: 3, floats: 6, ints: 7, strings: 8 } as const;

/** A number that is a float, where a bare one is a whole number. */
export interface FloatAttribute {
  readonly float: number;
}

/** The attributes of a node: whole numbers, texts, lists of them, floats, and a Float32Array for a list of floats. */
export type Attributes = Readonly<
  Record<string, number | string | FloatAttribute | readonly number[] | readonly string[] | Float32Array>
>;

/** A graph, while nodes are added to it one after another. A value is known by its name. */
export class OnnxGraph {
  readonly #nodes: Bytes[] = [];
  /** By name, in the order in which they are read first. */
  readonly #tensors = new Map<string, Bytes>();
  readonly #counts = new Map<string, number>();

  /**
   * Adds a node with one output.
   *
   * @returns The name of the output
   */
  add(operator: string, inputs: readonly string[], output: string, attributes: Attributes = {}): string {
    this.addNode(operator, { inputs, outputs: [output] }, attributes);
    return output;
  }

  /** Adds a node; an empty name stands for an input or an output that is left out. */
  addNode(
    operator: string,
    { inputs, outputs }: { inputs: readonly string[]; outputs: readonly string[] },
    attributes: Attributes,
  ): void {
    this.#nodes.push(message(1, [
      ...inputs.map((name) => text(1, name)),
      ...outputs.map((name) => text(2, name)),
      text(3, outputs.at(-1)!),
      text(4, operator),
      ...Object.entries(attributes).map(([name, value]) => message(5, [attribute(name, value)])),
    ]));
  }

  /** A float32 tensor. @returns Its name */
  floats(name: string, shape: readonly number[], values: Float32Array): string {
    const raw = new Uint8Array(values.slice().buffer);
    this.#tensors.set(name, tensor(name, { elements: ELEMENTS.float, shape, raw }));
    return name;
  }

  /** An int64 tensor of one dimension, or of none if `scalar`; it is once in the file. @returns Its name */
  wholes(name: string, values: readonly number[], { scalar = false }: { scalar?: boolean } = {}): string {
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    const shape = scalar ? [] : [values.length];
    this.#tensors.set(name, tensor(name, { elements: ELEMENTS.int64, shape, raw }));
    return name;
  }

  /** A number for a name: 0, 1, … for each stem. */
  count(stem: string): number {
    const count = this.#counts.get(stem) ?? 0;
    this.#counts.set(stem, count + 1);
    return count;
  }

  /** The fields of the `GraphProto`, without its input and output. */
  encode(): Bytes[] {
    return [...this.#nodes, text(2, "scanline"), ...this.#tensors.values()];
  }
}

/** The axis of an operator that takes it as a tensor `[1]`. @returns Its name */
export function axisOf(graph: OnnxGraph, axis: number): string {
  return graph.wholes(`axis${axis}`, [axis]);
}

/** What goes in or comes out. A name in its shape means any size. */
export interface ValueInfo {
  readonly name: string;
  /** One of {@link ELEMENTS}. */
  readonly elements: number;
  readonly shape: readonly (number | string)[];
  readonly doc: string;
}

/** `GraphProto.input` (11) or `output` (12). */
export function valueInfo(number: 11 | 12, { name, elements, shape, doc }: ValueInfo): Bytes {
  const dimensions = shape.map((size) =>
    message(1, [typeof size === "number" ? whole(1, size) : text(2, size)])
  );
  const type = message(1, [whole(1, elements), message(2, dimensions)]);
  return message(number, [text(1, name), message(2, [type]), text(3, doc)]);
}

/** `GraphProto.initializer`; `raw` is little-endian, like every machine that Deno runs on. */
function tensor(
  name: string,
  { elements, shape, raw }: { elements: number; shape: readonly number[]; raw: Bytes },
): Bytes {
  return message(5, [
    ...shape.map((size) => whole(1, size)),
    whole(2, elements),
    text(8, name),
    field(9, raw),
  ]);
}

function attribute(name: string, value: Attributes[string]): Bytes {
  if (typeof value === "number") return joinBytes(text(1, name), whole(3, value), whole(20, ATTRIBUTE.int));
  if (typeof value === "string") return joinBytes(text(1, name), text(4, value), whole(20, ATTRIBUTE.string));
  if (value instanceof Float32Array) {
    return joinBytes(text(1, name), ...[...value].map((one) => float32(7, one)), whole(20, ATTRIBUTE.floats));
  }
  if ("float" in value) {
    return joinBytes(text(1, name), float32(2, value.float), whole(20, ATTRIBUTE.float));
  }
  const parts = value.map((one) => typeof one === "string" ? text(9, one) : whole(8, one));
  const type = typeof value[0] === "string" ? ATTRIBUTE.strings : ATTRIBUTE.ints;
  return joinBytes(text(1, name), ...parts, whole(20, type));
}
