/**
 * Watches a network read: its prediction after each line of an image, and the line from which on it stays the same.
 *
 *     deno task read 7 --model runs/train-lstm/2026-11-22T05-41-25
 *     deno task read my-seven.png --model runs/train-lstm/2026-11-22T05-41-25
 *
 * A number is that test image. The picture, as SVG and PNG, goes into `readings/` in the folder of the run.
 */
import "./support/deno_version.ts";
import * as scanline from "../mod.ts";
import { checkAllowed, inReadingOrder, openRun, printable, RunFolder, shown } from "../run.ts";
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
import {
  describePreparation,
  loadPicture,
  type NamedImage,
  PICTURE_FLAGS,
  preparationFor,
  takeImage,
} from "./support/pictures.ts";
import { MODEL_FLAGS } from "./support/runs.ts";
import { describeOutput } from "./support/terminal.ts";

const command = {
  name: "read",
  about: "Shows what a network thinks of an image after each line of it.",
  flags: {
    images: {
      kind: "operands",
      placeholder: "IMAGE",
      input: true,
      least: 1,
      help: "a PNG or JPEG file, or a test image's number",
    },
    model: { ...MODEL_FLAGS.model, input: true },
    ...PICTURE_FLAGS,
    ...DEVICE_FLAGS,
    device: { ...DEVICE_FLAGS.device, default: "wasm" }, // to read one image, a GPU takes longer to start
    ...DATA_FLAGS,
    dataset: { ...DATA_FLAGS.dataset, help: "test images of another set than the run's" },
    ...OUTPUT_FLAGS,
  },
  interrupted: "Interrupted: files that were written are whole; the same command writes the rest",
} as const;

await runCommand(command, async (flags) => {
  if (!flags.model) {
    throw new FlagError("Cannot read: --model must be given, the folder of a run or a recipe");
  }
  const pictures = flags.images.filter((name) => !/^\d+$/.test(name));
  const files = { read: [flags.model, ...pictures], write: [flags.model] };
  checkAllowed({ ...files, read: [flags.model, flags["data-dir"], ...pictures] });
  const run = await openRun(flags.model);
  const size = scanline.imageSize(run.model);
  let tests: Promise<scanline.Dataset> | undefined;
  const options = preparationFor(run, flags);
  const images: NamedImage[] = [];
  for (const name of flags.images) images.push(await find(name)); // one photograph in memory
  await using model = await scanline.openModel(run.model, deviceOptions(flags));
  const preparation = describePreparation(images, options, size);
  if (!flags.quiet) {
    console.error(describeDevice(model));
    if (preparation) console.error(preparation);
  }

  const classNames = model.classNames.map((name) => printable(name));
  const readings = [];
  for (const named of images) {
    const probabilities = await model.read(named.image);
    const pixels = inReadingOrder(named.image.pixels, model.sequence, size);
    const image = { ...size, pixels, caption: "" };
    const reading = { image, axis: model.sequence.axis, probabilities, classNames };
    image.caption = captionOf(named, reading);
    readings.push(reading);
    if (flags.json) console.log(JSON.stringify(lineOf(named, reading)));
  }
  const path = await save(readings, images);
  if (flags.json) return 0;
  for (const reading of readings) {
    view.drawReading(reading, describeOutput()).forEach((line) => console.log(line));
    console.log();
  }
  console.log(`saved     ${shown(path)}.svg, .png`);
  return 0;

  async function find(name: string): Promise<NamedImage> {
    if (!/^\d+$/.test(name)) return await loadPicture(name, size, options);
    tests ??= loadImagesOf(run, flags, { what: `read test image ${name}`, quiet: flags.quiet, files });
    return takeImage((await tests).test, Number(name));
  }

  async function save(readings: readonly view.Reading[], images: readonly NamedImage[]): Promise<string> {
    const svg = view.readingsSvg(readings, { perRow: 3 });
    const names = images.map(({ name }) =>
      name.replace(/^.*\//, "").replace(/\W+/g, "-").replace(/^-|-$/g, "")
    );
    const path = `readings/${names.join("_").slice(0, 100)}`;
    const folder = new RunFolder(run.path);
    await folder.write(`${path}.svg`, svg);
    await folder.write(`${path}.png`, await view.toPng(svg));
    return `${run.path}/${path}`;
  }
});

/** The prediction after the last step, the step that settles it, and the line of the image which that is in, in reading order. */
function verdict({ probabilities, axis, image, classNames }: view.Reading) {
  const classes = classNames.length;
  const steps = probabilities.length / classes;
  const predicted = view.likeliest(probabilities, steps - 1, classes);
  const settled = view.decidedAt(probabilities, classes);
  const perLine = axis === "pixels" ? image.width : 1;
  return {
    predicted,
    probability: probabilities[(steps - 1) * classes + predicted],
    settled,
    line: Math.floor(settled / perLine),
  };
}

function captionOf({ name, label }: NamedImage, reading: view.Reading): string {
  const { predicted, probability, settled } = verdict(reading);
  const is = label === null ? "" : `${reading.classNames[label]} → `;
  const taken = `${reading.classNames[predicted]} ${view.formatShare(probability)}`;
  return `${name}: ${is}${taken}, settled after ${view.formatQuantity(settled + 1, reading.axis)}`;
}

function lineOf({ name, label, prepared }: NamedImage, reading: view.Reading) {
  const { predicted, probability, line } = verdict(reading);
  const K = reading.classNames.length;
  const probabilities = Array.from(
    { length: reading.probabilities.length / K },
    (_, t) => [...reading.probabilities.subarray(t * K, (t + 1) * K)],
  );
  const how = prepared && { done: prepared.done, inverted: prepared.inverted };
  return {
    event: "reading",
    image: name,
    label,
    prepared: how,
    predicted,
    probability,
    settledAt: line,
    probabilities,
  };
}
