/**
 * The data of a training: what is trained on, and what is measured after each epoch.
 *
 * @module
 */
import type { LayersModel } from "../model/from_tensorflow.ts";
import type { NumberArray } from "../model/tensorflow_arrays.ts";
import { FIT } from "../model/tensorflow_optimizers.ts";
import type { ModelTraining } from "../model/tensorflow_training.ts";
import type { FitArgs } from "./fit_arguments.ts";
import {
  cutSequences,
  cutTargets,
  type DataForm,
  type Named,
  type SequenceSource,
  takeSequences,
  takeTargets,
} from "./fit_data.ts";
import type { SessionData } from "./fit_session.ts";
import { weighSequences } from "./fit_weights.ts";

/** What a model reads and answers. */
export function formOf(model: LayersModel, { network, T, targets }: ModelTraining): DataForm {
  return { network, T, targets, names: { input: model.inputNames[0], output: model.outputNames[0] } };
}

/** What is trained on, and what is measured after each epoch. */
export interface FitData {
  readonly train: SessionData;
  readonly validation: SessionData | null;
}

/** Takes x and y, and cuts off what is to be measured. */
export async function takeData(
  form: DataForm,
  { x, y, args }: { x: Named<SequenceSource>; y: Named<NumberArray>; args: FitArgs },
): Promise<FitData> {
  const whole = await takePair({ form, x, y, names: ["x", "y"] });
  const { layout, sequences, targets, identity } = whole, { count } = sequences;
  const { validationData, validationSplit = 0, classWeight, sampleWeight } = args;
  const weights = await weighSequences(FIT, { targets, count, form, classWeight, sampleWeight });
  let validation: SessionData | null = null, end = count;
  if (validationData) {
    const [valX, valY] = validationData, names = ["x of validationData", "y of validationData"] as const;
    validation = await takePair({ form, x: valX, y: valY, names });
  } else if (validationSplit > 0) {
    end = Math.floor(count * (1 - validationSplit));
    validation = cut(whole, [end, count]);
    if (end === 0 || end === count) {
      throw new RangeError(
        `Cannot ${FIT}: validationSplit must leave one of the ${count} sequences or more to both parts: ` +
          `current value is ${validationSplit}`,
      );
    }
  }
  const train = {
    layout,
    sequences: end === count ? sequences : cutSequences(sequences, layout, [0, end]),
    targets: {
      ...(end === count ? targets : cutTargets(targets, count, [0, end])),
      weights: weights?.slice(0, end),
    },
    identity: identity && !weights ? [...identity, end] : null,
  };
  return { train, validation };
}

/** Sequences and their targets. */
export async function takePair(
  { form, x, y, names }: {
    form: DataForm;
    x: Named<SequenceSource>;
    y: Named<NumberArray>;
    names: readonly [string, string];
  },
): Promise<SessionData> {
  const { sequences, layout, identity } = await takeSequences(FIT, names[0], { value: x, form });
  const { count } = sequences;
  const taken = await takeTargets(FIT, names[1], { value: y, form, steps: layout.T, count });
  const both = identity && taken.identity ? [identity, taken.identity] : null;
  return { layout, sequences, targets: taken.targets, identity: both };
}

function cut({ layout, sequences, targets }: SessionData, range: readonly [number, number]): SessionData {
  return {
    layout,
    sequences: cutSequences(sequences, layout, range),
    targets: cutTargets(targets, sequences.count, range),
    identity: null,
  };
}
