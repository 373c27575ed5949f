/**
 * Looks inside networks: the gates and states of every layer while it reads an image, and how much the loss depends on what it knew
 * at every step. Several runs stand side by side: why does a plain RNN forget the top of an image that an LSTM remembers?
 *
 *     deno task inspect train-rnn train-lstm-adam --image 7
 *
 * The picture of a run, as SVG and PNG, goes into `inside/` in its folder; that of several runs stands where `--out` says.
 */
import "./support/deno_version.ts";
import * as scanline from "../mod.ts";
import {
  checkAllowed,
  openMetrics,
  openRun,
  printable,
  RunFolder,
  type SavedRun,
  shown,
  writeNamed,
} from "../run.ts";
import * as view from "../view.ts";
import { DATA_FLAGS, OUTPUT_FLAGS, runCommand } from "./support/command.ts";
import type { FlagValues } from "./support/flags.ts";
import { loadImagesOf } from "./support/images.ts";
import { nameRuns } from "./support/name_runs.ts";
import { takeImage } from "./support/pictures.ts";
import { MODEL_FLAGS } from "./support/runs.ts";
import { StatusLine } from "./support/terminal.ts";

const command = {
  name: "inspect",
  about:
    "Looks inside networks: gates, states, and how much the loss depends on what they knew at every step.",
  flags: {
    runs: { kind: "operands", placeholder: "RUN", run: true, least: 1, help: MODEL_FLAGS.model.help },
    image: { kind: "whole", least: 0, default: 0, help: "the number of the test image that is read" },
    mean: { kind: "whole", least: 1, default: 32, help: "test images whose gradients are averaged" },
    out: {
      kind: "text",
      placeholder: "NAME",
      default: "runs/inspect",
      help: "where the picture of several runs goes, without .svg and .png",
    },
    ...DATA_FLAGS,
    dataset: { ...DATA_FLAGS.dataset, help: "test images of another set than the run's" },
    ...OUTPUT_FLAGS,
  },
  interrupted: "Interrupted: files that were written are whole; the same command writes the rest",
} as const;

type InspectFlags = FlagValues<typeof command.flags>;

await runCommand(command, async (flags) => {
  const { runs: paths, json } = flags, out = flags.out.replace(/\.(svg|png)$/, "");
  const several = paths.length > 1 ? { svg: `${out}.svg`, png: `${out}.png` } : null;
  checkAllowed({ read: [...paths, flags["data-dir"]], write: [...paths, ...Object.values(several ?? {})] });
  const names = nameRuns(await Promise.all(paths.map(openMetrics)));
  const inspected: view.RunGradients[] = [];
  for (const [index, path] of paths.entries()) { // one set of images in memory
    const run = await openRun(path), inside = await lookInside(run, flags);
    const { sequence } = run.model, { gradients, image, traces } = inside;
    inspected.push({ ...sequence, name: printable(names[index]), gradients });
    const svg = view.drawInside({ image, traces, gradients: { ...sequence, name: "", gradients } });
    const saved = await save(run, `inside/${flags.image}`, svg);
    if (json) console.log(JSON.stringify(lineOf(path, inside)));
    else console.log([shown(path), image.caption, ...layersOf(inside), `saved     ${saved}`, ""].join("\n"));
  }
  if (!several) return 0;
  const svg = view.drawGradients(inspected);
  await writeNamed(several.svg, new TextEncoder().encode(svg));
  await writeNamed(several.png, await view.toPng(svg));
  if (!json) console.log(`compared  ${shown(out)}.svg, .png`);
  return 0;
});

/** What was found inside the network of one run. */
interface Found {
  readonly image: view.Picture;
  readonly label: number;
  readonly predicted: number;
  readonly traces: view.ImageTraces;
  readonly gradients: view.GradientsOverTime;
}

async function lookInside(run: SavedRun, flags: InspectFlags): Promise<Found> {
  const { model } = run, { quiet } = flags, files = { read: [run.path], write: [run.path] };
  const { test } = await loadImagesOf(run, flags, { what: `inspect ${shown(run.path)}`, quiet, files });
  const { name, image, label } = takeImage(test, flags.image);
  const traces = view.traceImage(model, image, 0);
  const [predicted] = scanline.predictedClasses(Float32Array.from(traces.answers), model.network.classes);
  const status = new StatusLine(!quiet);
  const gradients = await view.gradientsOverTime(model, test, {
    to: Math.min(flags.mean, test.count),
    onProgress: ({ done, total, elapsedMs }) =>
      status.draw((width) =>
        view.formatProgress({ label: "Going back", done, total, elapsedMs, unit: "images", width })
      ),
  });
  status.clear();
  const [is, taken] = [label!, predicted].map((k) => printable(model.classNames[k]));
  const caption = `${name}: ${is} → ${taken}, read ${view.describeOrder(model.sequence)}`;
  return { image: { ...image, caption }, label: label!, predicted, traces, gradients };
}

/** A line for each layer: how far its gates are open on average, and how much its first state counts. */
function layersOf({ traces, gradients }: Found): string[] {
  const titles = view.titlesOfLayers(traces.layers);
  return traces.layers.map(({ gates }, index) => {
    const open = gates.filter(({ name }) => name !== "g") // the content, and no gate
      .map(({ name, values }) => `${name} ${meanOf(values).toFixed(2)}`);
    const opened = open.length > 0 ? `gates open ${open.join(", ")}; ` : "";
    return `  ${titles[index]}: ${opened}${view.describeReach(gradients.layers[index])}`;
  });
}

function lineOf(path: string, { image, label, predicted, traces, gradients }: Found) {
  const layers = traces.layers.map(({ layer, gates }, index) => ({
    kind: layer.kind,
    units: layer.hiddenSize,
    backwards: layer.backwards,
    gates: Object.fromEntries(gates.map(({ name, values }) => [name, meanOf(values)])),
    gradients: Object.fromEntries(
      gradients.layers[index].states.map(({ name, values }) => [name, [...values]]),
    ),
  }));
  return { event: "inspection", run: path, image: image.caption.split(":")[0], label, predicted, layers };
}

function meanOf(values: Float64Array): number {
  return values.reduce((a, b) => a + b) / values.length;
}

async function save(run: SavedRun, name: string, svg: string): Promise<string> {
  const folder = new RunFolder(run.path);
  await folder.write(`${name}.svg`, svg);
  await folder.write(`${name}.png`, await view.toPng(svg));
  return `${shown(`${run.path}/${name}`)}.svg, .png`;
}
