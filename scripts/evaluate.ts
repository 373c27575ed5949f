/**
 * Shows how well the model of a run does: accuracy, the confusion matrix, and its ten worst mistakes.
 *
 *     deno task evaluate --model runs/train-lstm/2026-11-22T05-41-25
 */
import "./support/deno_version.ts";
import * as scanline from "../mod.ts";
import { checkAllowed, countMistakes, openRun, printable } from "../run.ts";
import * as view from "../view.ts";
import {
  DATA_FLAGS,
  describeDevice,
  DEVICE_FLAGS,
  deviceOptions,
  OUTPUT_FLAGS,
  runCommand,
} from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import { loadImagesOf } from "./support/images.ts";
import { MODEL_FLAGS } from "./support/runs.ts";
import { describeOutput, drawForTerminal, StatusLine } from "./support/terminal.ts";

const mistakesShown = 10;

const command = {
  name: "evaluate",
  about: "Shows how well the model of a run does, and its worst mistakes.",
  flags: {
    ...MODEL_FLAGS,
    split: { kind: "choice", choices: ["test", "train"], default: "test", help: "which images" },
    ...DEVICE_FLAGS,
    ...DATA_FLAGS,
    dataset: { ...DATA_FLAGS.dataset, help: "other images than the run's" },
    ...OUTPUT_FLAGS,
  },
} as const;

await runCommand(command, async (flags) => {
  if (!flags.model) {
    throw new FlagError("Cannot evaluate: --model must be given, the folder of a run or a recipe");
  }
  checkAllowed({ read: [flags.model, flags["data-dir"]] });
  const run = await openRun(flags.model);
  const { split, quiet } = flags, otherData = flags.dataset !== undefined || flags["data-dir"] !== undefined;
  const data = await loadImagesOf(run, flags, { what: "evaluate", quiet, files: { read: [flags.model] } });
  const held = otherData ? 0 : run.config.training?.images.validation ?? 0;
  const tested = split === "test" ? data.test : scanline.takeImages(data.train, held, data.train.count);

  await using model = await scanline.openModel(run.model, { imageSize: data.test, ...deviceOptions(flags) });
  if (!quiet) console.error(describeDevice(model));

  const logits = await predict(model, tested, new StatusLine(!quiet));
  const { labels, count } = tested;
  const { classes } = data;
  const classNames = data.classNames.map((name) => printable(name));
  const score = view.scoreLogits(logits, labels, classes);
  const confusion = view.confusionMatrix(labels, scanline.predictedClasses(logits, classes), classes);
  const mistakes = view.worstMistakes(logits, labels, { classes, most: mistakesShown });

  if (flags.json) {
    const line = {
      event: "evaluation",
      model: flags.model,
      split,
      ...score,
      confusion,
      mistakes,
      modelSha256: scanline.modelSha256(run.model),
    };
    console.log(JSON.stringify(line));
    return 0;
  }
  console.log(
    `Accuracy on ${printable(data.name)}, ${split}: ${
      score.accuracy.toFixed(4)
    } (${score.correct} of ${count})`,
  );
  console.log(`Loss: ${score.loss.toFixed(6)}\n`);
  const { columns } = describeOutput();
  view.drawConfusion(confusion, classNames, { columns }).forEach((line) => console.log(line));
  console.log(`\n${countMistakes(mistakes.length, score)}\n`);
  listMistakes(mistakes, classNames).forEach((line) => console.log(line.slice(0, columns).trimEnd()));
  console.log();
  drawMistakes(mistakes, tested, classNames).forEach((line) => console.log(line));
  return 0;
});

async function predict(
  model: scanline.Model,
  images: scanline.Images,
  status: StatusLine,
): Promise<Float32Array> {
  const onProgress = ({ done, total, elapsedMs }: scanline.LoopProgress) =>
    status.draw((width) =>
      view.formatProgress({ label: "Evaluating", done, total, elapsedMs, unit: "images", width })
    );
  const logits = await model.predict(images, { onProgress });
  status.clear();
  return logits;
}

/** The least important column stands last: narrow terminals cut it off. */
function listMistakes(mistakes: readonly view.Mistake[], classNames: readonly string[]): string[] {
  const rows = mistakes.map(({ position, label, predicted, probability, loss }) => [
    `#${position}`,
    `${classNames[label]} → ${classNames[predicted]}`,
    view.formatShare(probability),
    loss.toFixed(1),
  ]);
  const table = [["image", "label → taken for", "surely", "loss"], ...rows];
  const width = Math.max(...table.map(([, taken]) => taken.length));
  return table.map(([image, taken, share, loss]) =>
    `${image.padEnd(6)} ${taken.padEnd(width)} ${share.padStart(6)} ${loss.padStart(4)}`
  );
}

function drawMistakes(
  mistakes: readonly view.Mistake[],
  { pixels, height, width }: scanline.Images,
  classNames: readonly string[],
): string[] {
  const size = height * width;
  return drawForTerminal(mistakes.map(({ position, label, predicted }) => ({
    pixels: pixels.subarray(position * size, (position + 1) * size),
    height,
    width,
    caption: `#${position}: ${classNames[label]} → ${classNames[predicted]}`,
  })));
}
