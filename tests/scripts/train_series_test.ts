import * as tf from "@tensorflow/tfjs";
import assert from "node:assert/strict";
import { setTimeout as delay } from "node:timers/promises";
import { sha256 } from "../../lib/data/files.ts";
import { parseLines, projectTest as test, runScript, scriptCommand } from "./tiny_project.ts";

tf.enableProdMode();

/** 60 rows with the columns `day`, `other` and `price`. */
const ROWS = Array.from(
  { length: 60 },
  (_, t) => [`day ${t}`, String(t * t % 13), (10 + 3 * Math.sin(t)).toFixed(3)],
);

/** Writes `data/series.csv`; `change` makes other rows of {@link ROWS}. */
async function writeSeries(
  path: string,
  change: (row: readonly string[], t: number) => readonly string[] = (row) => row,
  names: readonly string[] = ["day", "other", "price"],
): Promise<void> {
  const lines = [names, ...ROWS.map(change)].map((cells) => cells.join(","));
  await Deno.writeTextFile(`${path}/data/series.csv`, lines.join("\n") + "\n");
}

const CSV = ["--csv", "data/series.csv", "--device", "reference"];
const TINY = [...CSV, "--window", "4", "--units", "2", "--epochs", "2"];

const train = (path: string, ...flags: string[]) => runScript(path, "train_series", flags);

test("train_series prints device, series, epochs and errors, and leaves model, forecasts and pictures", async (path) => {
  await writeSeries(path);
  const { code, stdout, stderr } = await train(path, ...TINY, "--out", "runs/a");
  assert.equal(code, 0, stderr);
  assert.equal(
    stderr,
    "Device: reference (plain loops in float64)\nSeries: price, 60 rows, from other, price\n",
  );
  const lines = stdout.split("\n");
  for (const epoch of [0, 1]) {
    assert.match(
      lines[epoch],
      new RegExp(`^Epoch ${epoch}\\. Train Loss: \\d\\.\\d{6}, Valid Loss: \\d\\.\\d{6}$`),
    );
  }
  assert.match(stdout, /The last 12 rows, with the weights after epoch \d:\n/);
  assert.match(stdout, /\nnetwork {2}[\d.]+ +[\d.]+\nnaive {4}[\d.]+ +[\d.]+\n/);
  const weights = await Deno.readFile(`${path}/runs/a/model/weights.bin`);
  assert.ok(stdout.includes(`sha256   ${sha256(weights)}  model/weights.bin\n`), stdout);

  const names = await Array.fromAsync(Deno.readDir(`${path}/runs/a`), ({ name }) => name);
  assert.deepEqual(names.sort(), ["forecast.csv", "forecast.png", "forecast.svg", "model"]);
  const [header, ...rows] = (await Deno.readTextFile(`${path}/runs/a/forecast.csv`)).trimEnd().split("\n");
  assert.equal(header, "time,truth,forecast,naive");
  assert.equal(rows.length, 12);
  const [time, truth, , naive] = rows[0].split(",");
  assert.deepEqual([time, truth, naive], [
    '"day 48"',
    String(Number(ROWS[48][2])),
    String(Number(ROWS[47][2])),
  ]);
});

test("train_series trains to the same bits with the same seed, whatever the threads and the output", async (path) => {
  await writeSeries(path);
  const wasm = [...TINY, "--device", "wasm"]; // of a flag the last value counts
  const hashes = await Promise.all([["1", "1"], ["1", "2"], ["2", "1"]].map(async ([seed, threads]) => {
    const { stdout, stderr } = await train(
      path,
      ...wasm,
      "--seed",
      seed,
      "--threads",
      threads,
      "--json",
      "--quiet",
    );
    assert.equal(stderr, "");
    const lines = parseLines(stdout);
    assert.deepEqual(lines.map(({ event }) => event), ["start", "epoch", "epoch", "end"]);
    assert.deepEqual([lines[0].target, lines[0].features, lines[0].rows], ["price", ["other", "price"], 60]);
    return lines[3].weightsSha256;
  }));
  assert.equal(hashes[0], hashes[1]);
  assert.notEqual(hashes[0], hashes[2]);
});

test("train_series forecasts the weather where no file is named", async (path) => {
  const flags = ["--device", "wasm", "--epochs", "1", "--units", "4", "--quiet", "--json"];
  const { code, stdout, stderr } = await train(path, ...flags);
  assert.equal(code, 0, stderr);
  const [start, , end] = parseLines(stdout);
  assert.deepEqual([start.target, start.rows, end.tested], ["temp_max", 1461, 292]);
});

test("train_series tells of a column that has gaps, and refuses to forecast one", async (path) => {
  await writeSeries(path, ([day, other, price], t) => [day, t === 20 || t === 31 ? "" : other, price]);
  const left = await train(path, ...TINY, "--epochs", "1");
  assert.equal(left.code, 0, left.stderr);
  assert.match(left.stderr, /60 rows, from price\nNot read: column other, .*: "" in line 22, and 1 more \(/);

  const named = await train(path, ...TINY, "--target", "other");
  assert.equal(named.code, 1);
  assert.match(named.stderr, /column other must hold a number in every row: .* "" in line 22, and 1 more/);

  await writeSeries(path, ([day, other, price], t) => [day, other, t === 20 ? "n/a" : price]);
  const last = await train(path, ...TINY); // not the column before it in its place
  assert.equal(last.code, 1);
  assert.match(last.stderr, /column price must hold a number in every row: .* "n\/a" in line 22/);
});

test("train_series does not read columns that count the rows, nor those without a name", async (path) => {
  await writeSeries(path, ([, other, price], t) => [String(1000 + 60 * t), other, price], [
    "time",
    "",
    "price",
  ]);
  const { code, stdout, stderr } = await train(path, ...TINY, "--json", "--out", "runs/a");
  assert.equal(code, 0, stderr);
  assert.deepEqual(parseLines(stdout)[0].features, ["price"]);
  assert.match(await Deno.readTextFile(`${path}/runs/a/forecast.csv`), /\n"3880",/); // what it counts names the row
});

test("train_series says what is wrong with a file or a flag, before it makes a folder", async (path) => {
  const cases: [RegExp, number, string[], () => Promise<void>][] = [
    [
      /at least 9 rows for a window of 4 and a horizon of 1: current value is 2/,
      1,
      [],
      () => Deno.writeTextFile(`${path}/data/series.csv`, "a\n1\n2\n"),
    ],
    [
      /it must be text in UTF-8/,
      1,
      [],
      () => Deno.writeFile(`${path}/data/series.csv`, Uint8Array.of(0xff, 0xfe, 97, 0, 10, 0)),
    ],
    [/the first line must name the columns/, 1, [], () => writeSeries(path, (row) => row, ["1", "2", "3"])],
    [
      /a column with a number in every row: current value of price is "\$1" in line 2, and 59 more/,
      1,
      [],
      () => writeSeries(path, ([day]) => [day, "x", "$1"]),
    ],
    [
      /the oldest row must be the first: current value of day begins with "2020-01-60"/,
      1,
      [],
      () =>
        writeSeries(
          path,
          ([, other, price], t) => [`2020-01-${60 - t}`.replace(/-(\d)$/, "-0$1"), other, price],
        ),
    ],
    [
      /the target, price, must change in the training part: current value is always 5/,
      1,
      [],
      () => writeSeries(path, ([day, other]) => [day, other, "5"]),
    ],
    [
      /within ±1e\+150: current value is 1e\+300/,
      1,
      [],
      () => writeSeries(path, ([day, other], t) => [day, other, `${t % 3}e300`]),
    ],
    [
      /--target: .* of other, price: current value is "prise"/,
      2,
      ["--target", "prise"],
      () => writeSeries(path),
    ],
    [/--features: .* current value is "x"/, 2, ["--features", "price,x"], () => writeSeries(path)],
    [/--features: .* has "price" twice/, 2, ["--features", "price,price"], () => writeSeries(path)],
    [
      /the loss must be finite: .* \(try a smaller --learning-rate\)/,
      1,
      ["--device", "wasm", "--learning-rate", "1e30"],
      () => writeSeries(path),
    ],
    [
      /data\/none.csv: it must be a readable file: current value is missing/,
      1,
      ["--csv", "data/none.csv"],
      () => writeSeries(path),
    ],
  ];
  for (const [message, expected, flags, prepare] of cases) {
    await prepare();
    const { code, stderr } = await train(path, ...TINY, ...flags);
    assert.match(stderr, message);
    assert.equal(code, expected, stderr);
    const runs = await Array.fromAsync(Deno.readDir(`${path}/runs/train-series`)).catch(() => []);
    assert.deepEqual(runs, [], stderr);
  }
});

test("train_series does not train where its results cannot go", async (path) => {
  await writeSeries(path);
  await Deno.mkdir(`${path}/runs/full`);
  await Deno.writeTextFile(`${path}/runs/full/a`, "");
  const full = await train(path, ...TINY, "--out", "runs/full");
  assert.deepEqual([full.code, full.stdout], [1, ""]);
  assert.match(
    full.stderr,
    /Cannot write the run to runs\/full: it must be empty: current value is 1 entries/,
  );
  const elsewhere = await train(path, ...TINY, "--out", "elsewhere");
  assert.deepEqual([elsewhere.code, elsewhere.stdout], [1, ""]);
  assert.match(elsewhere.stderr, /--allow-write=elsewhere[^]*this does:\n {2}deno run .*train_series\.ts/);
});

test("train_series keeps what it has after Ctrl-C, and nothing before the end of an epoch", async (path) => {
  await writeSeries(path);
  const child = scriptCommand(path, "train_series", [...TINY, "--epochs", "1000000", "--out", "runs/a"])
    .spawn();
  const [stdout, stderr] = [child.stdout, child.stderr].map((stream) =>
    stream.pipeThrough(new TextDecoderStream())
  );
  const errors = Array.fromAsync(stderr);
  let printed = "";
  for await (const text of stdout) {
    if (!/^Epoch 1\./m.test(printed) && /^Epoch 1\./m.test(printed + text)) child.kill("SIGINT");
    printed += text;
  }
  assert.equal((await child.status).code, 130);
  assert.match((await errors).join(""), /Stopping after the running step; Ctrl-C again exits at once\n/);
  assert.match(printed, /\nInterrupted\n\nThe last 12 rows[^]*\nsaved {4}runs\/a\n/);
  assert.ok((await Deno.stat(`${path}/runs/a/forecast.png`)).isFile);

  const long = Array.from({ length: 40_000 }, (_, t) => (t * 7919 % 1000) / 10);
  await Deno.writeTextFile(`${path}/data/series.csv`, `y\n${long.join("\n")}\n`);
  const early = scriptCommand(path, "train_series", [...CSV, "--out", "runs/b"]).spawn();
  const words = new Response(early.stdout).text();
  let told = "";
  for await (const text of early.stderr.pipeThrough(new TextDecoderStream())) {
    if (!told.includes("Series:") && text.includes("Series:")) {
      void delay(300).then(() => early.kill("SIGINT"));
    }
    told += text;
  }
  assert.equal((await early.status).code, 130, told);
  assert.match(told, /Interrupted before the end of the first epoch: nothing was saved\n$/);
  assert.equal(await words, "");
  assert.equal(await Deno.stat(`${path}/runs/b`).catch(() => null), null);
});
