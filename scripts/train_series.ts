/**
 * One LSTM layer reads the last days of a time series and forecasts the next one.
 *
 *     deno task train-series
 *     deno task train-series --csv prices.csv --target close --window 30 --horizon 5
 *
 * By default it forecasts the highest temperature of the next day in New York, from the weather of the 24 days before it
 * (NOAA, 2012 to 2015, as in the npm package @observablehq/sample-datasets).
 *
 * What a forecast must beat is the naive one: the last known value. The network is therefore trained on what changes from
 * there, and both are measured on the last fifth of the series, which it has never seen: not for training, not for the means
 * and deviations that scale its inputs, and not to choose the epoch whose weights are kept.
 */
import "./support/deno_version.ts";
import weather from "@observablehq/sample-datasets/weather.csv" with { type: "text" };
import * as tf from "@tensorflow/tfjs";
import * as scanline from "../mod.ts";
import {
  checkAllowed,
  createRunFolder,
  cutSeries,
  measureForecast,
  parseTable,
  readWhole,
  sha256,
  type Windows,
} from "../run.ts";
import { drawForecast, toPng } from "../view.ts";
import { deviceOptions, OUTPUT_FLAGS, runCommand, TRAINING_DEVICE_FLAGS } from "./support/command.ts";
import { Interrupt } from "./support/interrupt.ts";
import { chooseSeries, decodeText } from "./support/series.ts";
import { SeriesLog } from "./support/series_log.ts";

const command = {
  name: "train-series",
  interrupted: null,
  about: "Trains one LSTM layer to forecast a time series, and compares it with the last known value.",
  flags: {
    csv: {
      kind: "text",
      placeholder: "FILE",
      input: true,
      help: "your own series: names in the first line, then the oldest row",
    },
    target: {
      kind: "text",
      placeholder: "COLUMN",
      help: "what to forecast; its last column of numbers by default",
    },
    features: {
      kind: "text",
      placeholder: "A,B,C",
      help: "what the network reads; all columns of numbers by default",
    },
    window: { kind: "whole", least: 1, default: 24, help: "rows that it reads before each forecast" },
    horizon: { kind: "whole", least: 1, default: 1, help: "how many rows ahead it forecasts" },
    units: { kind: "whole", least: 1, default: 32, help: "of the LSTM layer" },
    epochs: { kind: "whole", least: 1, default: 20, help: "passes over the training windows" },
    "batch-size": { kind: "whole", least: 1, default: 32, help: "windows a step" },
    "learning-rate": { kind: "positive", default: 0.003, help: "of Adam" },
    seed: { kind: "whole", least: 0, most: 2 ** 32 - 1, default: 1, help: "of weights and order" },
    ...TRAINING_DEVICE_FLAGS,
    out: {
      kind: "text",
      placeholder: "FOLDER",
      help: "where the results go (default runs/train-series/<time>)",
    },
    quiet: OUTPUT_FLAGS.quiet,
    json: OUTPUT_FLAGS.json,
    help: OUTPUT_FLAGS.help,
  },
} as const;

/** The weather of one place, of the package's two. */
const WEATHER = { place: "New York", target: "temp_max" };
const SHARES = [0.7, 0.1] as const; // for training, and to choose the epoch; the others are for testing
const MAX_BYTES = 2 ** 26; // a table may take eighty times as much memory

await runCommand(command, async (flags) => {
  using interrupt = new Interrupt();
  checkAllowed({
    read: [flags.csv, flags.out ?? "runs/train-series"],
    write: [flags.out ?? "runs/train-series"],
  });
  const series = chooseSeries(parseTable(await loadText(flags.csv)), {
    target: flags.target ?? (flags.csv ? undefined : WEATHER.target),
    features: flags.features,
  });
  const { window, horizon, units, epochs, seed } = flags, C = series.features.length;
  const { train, validation, test, changeScale } = cutSeries(series, { window, horizon, shares: SHARES });

  const model = tf.sequential({
    layers: [
      tf.layers.lstm({
        units,
        inputShape: [window, C],
        kernelInitializer: tf.initializers.glorotUniform({ seed }),
        recurrentInitializer: tf.initializers.glorotUniform({ seed: seed + 1 }),
        recurrentActivation: "sigmoid",
      }),
      tf.layers.dense({ units: 1, kernelInitializer: "zeros" }), // begins with the naive forecast: no change
    ],
  });
  model.compile({ optimizer: tf.train.adam(flags["learning-rate"]), loss: "meanSquaredError" });
  // Steps are small, and taken one by one where a callback sees each: no work for a GPU that nobody asked for.
  const chosen = flags.device === "auto" ? { device: "wasm", "no-self-check": false } as const : {};
  const device = deviceOptions({ ...flags, ...chosen });
  await using predictor = await scanline.openPredictor(model, device);

  const folder = await createRunFolder({ recipe: "train-series", out: flags.out });
  const log = new SeriesLog(flags, { interrupt, path: folder.path });
  log.start(series, { device: predictor.device!, seed, parameterCount: model.countParams() });
  interrupt.signal.addEventListener("abort", () => model.stopTraining = true);
  let best = { loss: Infinity, epoch: -1, weights: [] as tf.Tensor[] };
  try {
    await scanline.fit(model, xsOf(train), ysOf(train), {
      epochs,
      batchSize: flags["batch-size"],
      validationData: [xsOf(validation), ysOf(validation)],
      seed,
      ...device,
      callbacks: {
        onEpochBegin() {
          if (interrupt.signal.aborted) model.stopTraining = true; // it was, before the training began
        },
        ...log.onBatches({ epochs, steps: Math.ceil(train.count / flags["batch-size"]) }),
        onEpochEnd(epoch, logs) {
          const { loss: trainLoss, val_loss: validationLoss } = logs as Record<string, number>;
          if (validationLoss === undefined) return; // stopped before its end
          log.epoch({ epoch, trainLoss, validationLoss });
          if (validationLoss >= best.loss) return;
          tf.dispose(best.weights);
          best = { loss: validationLoss, epoch, weights: model.getWeights().map((weight) => weight.clone()) };
        },
      },
    });
    if (best.epoch < 0) throw interrupt.signal.reason;
  } catch (error) {
    log.clear();
    await Deno.remove(folder.path); // nothing is in it
    if (error !== interrupt.signal.reason) throw error;
    return log.endEmpty();
  }
  model.setWeights(best.weights);
  tf.dispose(best.weights);

  const { data: changes } = await predictor.predict(xsOf(test));
  const forecast = test.naive.map((value, n) => value + changeScale * changes[n]);
  const network = measureForecast(forecast, test.truth), naive = measureForecast(test.naive, test.truth);

  await folder.saveModel(model);
  await folder.write(
    "forecast.csv",
    tableOf(test.times, { labels: series.labels, truth: test.truth, forecast, naive: test.naive }),
  );
  const picture = drawForecast({
    name: series.targetName,
    labels: Array.from(test.times, (time) => series.labels[time]),
    truth: test.truth,
    network: { values: forecast, error: network.meanAbsolute },
    naive: { values: test.naive, error: naive.meanAbsolute },
    horizon,
  });
  await folder.write("forecast.svg", picture);
  await folder.write("forecast.png", await toPng(picture));
  const weights = await readWhole(`${folder.path}/model/weights.bin`, { mostBytes: MAX_BYTES });
  return log.end({ epoch: best.epoch, tested: test.count, network, naive, weightsSha256: sha256(weights) });

  function xsOf({ xs, count }: Windows) {
    return { data: xs, shape: [count, window, C] };
  }
});

function ysOf({ ys, count }: Windows) {
  return { data: ys, shape: [count, 1] };
}

/** The CSV file, or the weather of one place. */
async function loadText(path: string | undefined): Promise<string> {
  if (path !== undefined) return decodeText(await readWhole(path, { mostBytes: MAX_BYTES }), path);
  const [names, ...rows] = weather.split("\n");
  return [names, ...rows.filter((row) => row.startsWith(`${WEATHER.place},`))].join("\n");
}

/** Forecasts as a CSV file. */
function tableOf(
  times: Uint32Array,
  { labels, ...columns }:
    & { labels: readonly string[] }
    & Record<"truth" | "forecast" | "naive", Float64Array>,
): string {
  const rows = Array.from(times, (time, n) => {
    const numbers = Object.values(columns).map((column) => String(column[n]));
    return [`"${labels[time].replaceAll('"', '""')}"`, ...numbers].join(",");
  });
  return [`time,${Object.keys(columns).join(",")}`, ...rows, ""].join("\n");
}
