/**
 * Tells what pictures show: PNG or JPEG of any size, prepared as the training images of the model were.
 *
 *     deno task predict seven.jpg two.png --model runs/train-lstm/2026-11-22T05-41-25
 */
import "./support/deno_version.ts";
import * as scanline from "../mod.ts";
import { checkAllowed, messageOf, openRun, printable } from "../run.ts";
import * as view from "../view.ts";
import { describeDevice, DEVICE_FLAGS, deviceOptions, OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import {
  describePreparation,
  loadPicture,
  type NamedImage,
  PICTURE_FLAGS,
  preparationFor,
} from "./support/pictures.ts";
import { MODEL_FLAGS } from "./support/runs.ts";
import { describeOutput } from "./support/terminal.ts";

const GAP = 2;

const command = {
  name: "predict",
  about: "Tells what pictures show.",
  flags: {
    images: {
      kind: "operands",
      placeholder: "IMAGE",
      input: true,
      least: 1,
      help: "a PNG or JPEG file of any size",
    },
    model: { ...MODEL_FLAGS.model, input: true },
    ...PICTURE_FLAGS,
    ...DEVICE_FLAGS,
    device: { ...DEVICE_FLAGS.device, default: "wasm" }, // for a few images, a GPU takes longer to start
    ...OUTPUT_FLAGS,
  },
} as const;

await runCommand(command, async (flags) => {
  if (!flags.model) {
    throw new FlagError("Cannot predict: --model must be given, the folder of a run or a recipe");
  }
  checkAllowed({ read: [flags.model, ...flags.images] });
  const run = await openRun(flags.model);
  const size = scanline.imageSize(run.model);
  const options = preparationFor(run, flags);
  const images: NamedImage[] = [], failures: Error[] = [];
  for (const path of flags.images) { // one photograph in memory
    const loaded = await loadPicture(path, size, options).catch((error) => error as Error);
    if (loaded instanceof Deno.errors.NotCapable) throw loaded;
    if (loaded instanceof Error) failures.push(loaded);
    else images.push(loaded);
  }
  if (images.length === 0) {
    throw new AggregateError(
      failures,
      failures.map(({ message }) => message).join("\n"),
    );
  }
  await using model = await scanline.openModel(run.model, deviceOptions(flags));
  if (!flags.quiet) {
    console.error(describeDevice(model));
    console.error(describePreparation(images, options, size));
  }

  const classNames = model.classNames.map((name) => printable(name));
  const found = [];
  for (const { name: path, image, prepared } of images) {
    const probabilities = scanline.softmax(await model.predict(image));
    const predicted = probabilities.indexOf(Math.max(...probabilities));
    found.push({ path, image, prepared, probabilities, predicted });
  }
  if (flags.json) {
    for (const { path, prepared, probabilities, predicted } of found) {
      const { done, inverted } = prepared!;
      const line = {
        event: "prediction",
        image: path,
        predicted,
        className: classNames[predicted],
        prepared: { done, inverted },
        probabilities: [...probabilities],
      };
      console.log(JSON.stringify(line));
    }
    return conclude(failures);
  }
  const pictures = found.map(({ image, path, predicted }) => ({
    pixels: image.pixels,
    ...size,
    caption: `${path.replace(/^.*\//, "").slice(-16)}: ${classNames[predicted]}`,
  }));
  draw(pictures).forEach((line) => console.log(line));
  console.log();
  for (const { path, probabilities, predicted } of found) {
    const ranked = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 3);
    const shares = ranked.map((k) => `${classNames[k]} ${view.formatShare(probabilities[k])}`).join(", ");
    console.log(`${printable(path, 400)}: ${printable(classNames[predicted])} (${printable(shares, 400)})`);
  }
  return conclude(failures);
});

/** Says which pictures could not be used. @returns The exit code */
function conclude(failures: readonly Error[]): number {
  failures.forEach((error) => console.error(messageOf(error)));
  return failures.length === 0 ? 0 : 1;
}

/** As many pictures side by side as fit at full size. */
function draw(pictures: readonly view.Picture[]): string[] {
  const { columns, colour } = describeOutput();
  const widest = Math.max(...pictures.map(({ width, caption }) => Math.max(width, caption.length)));
  const perRow = Math.max(1, Math.floor((columns + GAP) / (widest + GAP)));
  return view.drawPictures(pictures, { columns, perRow, colour });
}
