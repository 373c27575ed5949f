/**
 * The weight of each sequence in the loss, from `classWeight` and `sampleWeight`.
 *
 * @module
 */
import { excerpt, printable } from "../excerpt.ts";
import type { Targets } from "../data/sequences.ts";
import { type NumberArray, readArray } from "../model/tensorflow_arrays.ts";
import type { ClassWeightOption, ClassWeights } from "./fit_arguments.ts";
import type { DataForm } from "./fit_data.ts";

/**
 * The weights of all sequences, f32 `[N]`: of its class, times its own; undefined where neither is given.
 *
 * As in TensorFlow.js, the class of a row of several targets is that of the largest, and the class of a single target is its
 * value.
 *
 * @throws {TypeError} If targets are one a step, or there is no weight for a class.
 * @throws {RangeError} If a weight is not a finite number.
 */
export async function weighSequences(
  action: string,
  { targets, count, form, classWeight, sampleWeight }: {
    targets: Targets;
    count: number;
    form: DataForm;
    classWeight?: ClassWeightOption;
    sampleWeight?: NumberArray;
  },
): Promise<Float32Array | undefined> {
  const own = sampleWeight === undefined ? null : await takeSampleWeights(action, sampleWeight, count);
  if (classWeight === undefined) return own ?? undefined;
  if (form.network.output.everyStep) {
    throw new TypeError(
      `Cannot ${action}: classWeight must be used with one target a sequence: current value is one a step`,
    );
  }
  const weights = ofOneOutput(classWeight, form.names.output);
  return Float32Array.from({ length: count }, (_, n) => {
    const target = classOf(targets, n, form.network.output.size);
    return weightOf(action, weights, target) * (own?.[n] ?? 1);
  });
}

async function takeSampleWeights(action: string, value: NumberArray, count: number): Promise<Float32Array> {
  const { data, shape } = await readArray(action, "sampleWeight", value);
  if (shape[0] !== count || data.length !== count) {
    throw new TypeError(
      `Cannot ${action}: sampleWeight must have the shape [${count}], one for each sequence: ` +
        `current value is [${shape.join(", ")}]`,
    );
  }
  for (let n = 0; n < count; n++) {
    if (Number.isFinite(Math.fround(data[n]))) continue;
    throw new RangeError(
      `Cannot ${action}: sampleWeight must be finite: current value is ${data[n]}, of sequence ${n}`,
    );
  }
  return Float32Array.from(data);
}

/** As `standardizeClassWeights()` of TensorFlow.js finds them for a model with one output. */
function ofOneOutput(given: ClassWeightOption, output: string): ClassWeights {
  if (Array.isArray(given) && given.length === 1) return given[0];
  return (Object.hasOwn(given, output) ? Reflect.get(given, output) : given) as ClassWeights;
}

/** The class of a target, or the value of a single one. */
function classOf({ kind, data }: Targets, n: number, K: number): number {
  if (kind === "classes" || K === 1) return data[n];
  let best = 0;
  for (let k = 1; k < K; k++) if (data[n * K + k] > data[n * K + best]) best = k;
  return best;
}

function weightOf(action: string, weights: ClassWeights, target: number): number {
  const weight: unknown = weights[target];
  if (weight === undefined || weight === null) {
    throw new TypeError(
      `Cannot ${action}: classWeight must have a weight for every class of y: ` +
        `current value has none for ${printable(String(target))}`,
    );
  }
  if (typeof weight !== "number" || !Number.isFinite(Math.fround(weight))) {
    throw new RangeError(
      `Cannot ${action}: classWeight must have finite numbers: current value is ${
        excerpt(weight)
      }, for ${target}`,
    );
  }
  return weight;
}
