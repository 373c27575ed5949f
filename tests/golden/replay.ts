/**
 * Replays the golden files of PyTorch and TensorFlow on an engine.
 *
 * @module
 */
import { layOutSequence } from "../../lib/data/sequence.ts";
import { sequencesOf } from "../../lib/data/sequences.ts";
import type { EngineOptions, EngineTraining } from "../../lib/engines/engine.ts";
import { sgd } from "../../lib/model/optimizers.ts";
import {
  compare,
  compareTensors,
  type EngineUnderTest,
  movement,
  register,
  roundedOver,
} from "../engines/comparison.ts";
import {
  type Golden,
  type GradientGolden,
  GRADIENTS,
  type TrainingGolden,
  TRAININGS,
} from "./golden_files.ts";
import { type RecipeGolden, RECIPES } from "./recipe_files.ts";

/**
 * Registers the replays: logits, loss and gradient of one batch, the losses and parameters of fifty steps with each optimizer,
 * and those of twenty steps of networks as people write them. Engines draw their own dropout masks, so the golden file with masks is left to the pure functions.
 *
 * PyTorch's own training in float32 ends up to 6.9e-7 (SGD, Momentum, RMSprop: 8.0e-7; Adadelta: 2.2e-6; Adam: 6.8e-6)
 * from its losses in float64, TensorFlow's 1.1e-6 (Momentum): no more can be asked of an engine in float32.
 */
export function replayGoldens(engine: EngineUnderTest): void {
  for (const [what, golden] of Object.entries(GRADIENTS)) {
    if (golden.masks.length > 0) continue;
    register(engine, `agrees with ${golden.source} on ${what}`, () => agreesOnGradient(engine, golden));
  }
  for (const [what, goldens] of Object.entries(TRAININGS)) {
    for (const golden of goldens) {
      const { source, batches: { length }, optimizer: { kind } } = golden;
      const text = `agrees with ${source} over ${length} steps of ${kind} on ${what}`;
      register(engine, text, () => agreesOnTraining(engine, golden));
    }
  }
  for (const golden of RECIPES) {
    const text = `agrees with PyTorch over ${golden.batches.length} steps of ${golden.name}`;
    register(engine, text, () => agreesOnRecipe(engine, golden));
  }
}

async function agreesOnGradient(engine: EngineUnderTest, golden: GradientGolden): Promise<void> {
  const options = optionsOf(golden), { network } = golden;
  const batch = Uint32Array.from(golden.images.labels.keys());
  const sequences = sequencesOf(golden.images);
  await using tested = await engine.open(options);
  compare(engine, "logits", { actual: await tested.predict(sequences, batch), expected: golden.logits });
  compareTensors(engine, "gradient", {
    network,
    actual: await tested.gradient(batch),
    expected: golden.gradient,
  });
  const [{ loss }] = await tested.train([batch]);
  compare(engine, "loss", { actual: [loss], expected: [golden.loss] });
}

async function agreesOnTraining(engine: EngineUnderTest, golden: TrainingGolden): Promise<void> {
  const { network, parameters, optimizer, batches } = golden;
  await using tested = await engine.open(optionsOf(golden, { optimizer, batchSize: batches[0].length }));
  const results = await tested.train(batches);
  compare(engine, "loss", { actual: results.map(({ loss }) => loss), expected: golden.losses });
  const state = await tested.readState();
  compareTensors(engine, "movement", {
    network,
    actual: movement(state.parameters, parameters),
    expected: movement(golden.trained, parameters),
  });
}

async function agreesOnRecipe(
  engine: EngineUnderTest,
  { options, batches, losses, trained, answers }: RecipeGolden,
): Promise<void> {
  const { network, parameters, training: { sequences } } = options;
  await using tested = await engine.open(options);
  const results = await tested.train(batches);
  compare(engine, "loss", { actual: results.map(({ loss }) => loss), expected: losses });
  compareTensors(engine, "movement", {
    network,
    actual: movement(await tested.readParameters(), parameters),
    expected: movement(trained, parameters),
    roundedBy: roundedOver(batches.length, parameters),
  });
  compare(engine, "logits", { name: "answers", actual: await tested.predict(sequences), expected: answers });
}

function optionsOf(
  { network, images, sequence, parameters }: Golden,
  changes: Partial<EngineTraining> = {},
): EngineOptions {
  return {
    network,
    layout: layOutSequence(sequence, images),
    parameters: Float32Array.from(parameters),
    training: {
      optimizer: sgd({ learningRate: 0.1 }),
      sequences: sequencesOf(images),
      targets: { kind: "classes", data: images.labels },
      seed: 1,
      batchSize: images.count,
      ...changes,
    },
  };
}
