/**
 * Watches a network read: what it thinks of an image after each of its lines, and when it makes up its mind.
 *
 *     deno task read 7 --model runs/train-lstm/2026-11-22T05-41-25
 *     deno task read my-seven.png --model runs/train-lstm/2026-11-22T05-41-25
 *
 * A number is that test image. The picture, as SVG and PNG, goes into `readings/` in the folder of the run.
 */
import "./support/deno_version.ts";
import * as scanline from "../mod.ts";
import {
  DATA_FLAGS,
  describeDevice,
  DEVICE_FLAGS,
  deviceOptions,
  OUTPUT_FLAGS,
  runCommand,
} from "./support/command.ts";
import { FlagError } from "./support/flags.ts";
import {
  classNamesOf,
  describePreparation,
  loadPicture,
  type NamedImage,
  PICTURE_FLAGS,
  pictureOptions,
  takeImage,
} from "./support/pictures.ts";
import { toPng } from "./support/raster.ts";

const COLUMNS_OF_A_FILE = 160;

const command = {
  name: "read",
  about: "Shows what a network thinks of an image after each line of it.",
  flags: {
    images: {
      kind: "operands",
      placeholder: "IMAGE",
      least: 1,
      help: "a PNG or JPEG file, or a test image's number",
    },
    model: { kind: "text", placeholder: "FOLDER", help: "the folder of a run" },
    ...PICTURE_FLAGS,
    ...DEVICE_FLAGS,
    device: { ...DEVICE_FLAGS.device, default: "wasm" }, // to read one image, a GPU takes longer to start
    ...DATA_FLAGS,
    dataset: { ...DATA_FLAGS.dataset, help: "test images of another set than the run's" },
    ...OUTPUT_FLAGS,
  },
  read: [".", "data", "runs", "lib"],
  write: ["runs"],
} as const;

await runCommand(command, async (flags) => {
  if (!flags.model) {
    throw new FlagError("Cannot read: --model must be the folder of a run: current value is missing");
  }
  const run = await scanline.openRun(flags.model);
  const { sequence } = run.config.training;
  const size = scanline.imageSize(run.model, sequence);
  const options = pictureOptions(run, flags);
  const images: NamedImage[] = [];
  for (const name of flags.images) images.push(await find(name)); // one photograph in memory
  await using reader = await scanline.openReader(run.model, run.config.training, deviceOptions(flags));
  const preparation = describePreparation(images, options, size);
  if (!flags.quiet) {
    console.error(describeDevice(reader));
    if (preparation) console.error(preparation);
  }

  const classNames = classNamesOf(run, reader.network.head.classes);
  const readings = [];
  for (const named of images) {
    const probabilities = await reader.read(named.image);
    const { pixels } = named.image;
    const reading = {
      image: { ...size, pixels, caption: "" },
      axis: sequence.axis,
      probabilities,
      classNames,
    };
    readings.push({ ...reading, image: { ...reading.image, caption: captionOf(named, reading) } });
    if (flags.json) console.log(JSON.stringify(lineOf(named, reading)));
  }
  const path = await save(readings, images);
  if (flags.json) return 0;
  const isTerminal = Deno.stdout.isTerminal();
  const columns = isTerminal ? Deno.consoleSize().columns : COLUMNS_OF_A_FILE;
  for (const reading of readings) {
    scanline.drawReading(reading, { columns, colour: isTerminal && !Deno.noColor })
      .forEach((line) => console.log(line));
    console.log();
  }
  console.log(`saved     ${path}.svg, .png`);
  return 0;

  async function find(name: string): Promise<NamedImage> {
    if (!/^\d+$/.test(name)) return await loadPicture(name, size, options);
    const { dataset } = flags;
    const other = dataset || flags["data-dir"] ? { dataset, dataDir: flags["data-dir"] } : run.config.data;
    const { test } = await scanline.loadDataset({ ...other, limit: undefined });
    if (test.height === size.height && test.width === size.width) return takeImage(test, Number(name));
    throw new RangeError(
      `Cannot read test image ${name}: it must be of ${size.height} × ${size.width} pixels, as the model ` +
        `reads them: current value is ${test.height} × ${test.width}`,
    );
  }

  async function save(readings: readonly scanline.Reading[], images: readonly NamedImage[]): Promise<string> {
    const svg = scanline.readingsSvg(readings, { perRow: 3 });
    const names = images.map(({ name }) =>
      name.replace(/^.*\//, "").replace(/\W+/g, "-").replace(/^-|-$/g, "")
    );
    const path = `${run.path}/readings/${names.join("_").slice(0, 100)}`;
    await Deno.mkdir(`${run.path}/readings`, { recursive: true });
    await Deno.writeTextFile(`${path}.svg`, svg);
    await Deno.writeFile(`${path}.png`, await toPng(svg));
    return path;
  }
});

/** Where the network ends, and from which line on it stays there. */
function verdict({ probabilities, axis, image, classNames }: scanline.Reading) {
  const classes = classNames.length;
  const steps = probabilities.length / classes;
  const predicted = scanline.likeliest(probabilities, steps - 1, classes);
  const settled = scanline.decidedAt(probabilities, classes);
  const perLine = axis === "pixels" ? image.width : 1;
  return {
    predicted,
    probability: probabilities[(steps - 1) * classes + predicted],
    line: Math.floor(settled / perLine),
    word: axis === "columns" ? "column" : "row",
  };
}

function captionOf({ name, label }: NamedImage, reading: scanline.Reading): string {
  const { predicted, probability, line, word } = verdict(reading);
  const is = label === null ? "" : ` (${reading.classNames[label]})`;
  const percent = `${(100 * probability).toFixed(1)}%`;
  return `${name}${is}: ${reading.classNames[predicted]} ${percent}, settled at ${word} ${line}`;
}

function lineOf({ name, label, prepared }: NamedImage, reading: scanline.Reading) {
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
