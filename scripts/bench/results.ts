/**
 * The results of a bench: the JSON file, and the lines for people.
 *
 * @module
 */
import type { MeasuredMachine } from "./machine.ts";
import type { Cost, Standing } from "./rounds.ts";
import { fitExponent, type Spread } from "./statistics.ts";
import type { WholeRecipe } from "./whole_recipe.ts";
import type { Flops } from "./workloads.ts";

/** A network, and the figures of all players. */
export interface Comparison {
  readonly name: string;
  readonly about: string;
  readonly batchSize: number;
  readonly flops: Flops;
  /** Scanline's first. */
  readonly standings: readonly Standing[];
  /** The seconds of an epoch of 60,000 images by label, if one was measured and not only computed. */
  readonly epochSeconds: Readonly<Record<string, number>>;
}

/** A point of a sweep. */
export interface SweepResult {
  readonly axis: "H" | "N" | "T";
  readonly size: number;
  /** Whether the exponent is fitted to it. */
  readonly fitted: boolean;
  readonly flops: Flops;
  readonly standings: readonly Standing[];
}

/** All results. */
export interface BenchResult {
  readonly startedAt: string;
  readonly quick: boolean;
  readonly machine: MeasuredMachine;
  readonly comparisons: readonly Comparison[];
  readonly sweep: readonly SweepResult[];
  readonly exponents: readonly Exponent[];
  readonly recipe: WholeRecipe | null;
  /** The peak memory of `train-lstm`. */
  readonly memoryBytes: number | null;
  readonly elapsedSeconds: number;
}

/** How the cost of a step grows. */
export interface Exponent {
  readonly label: string;
  readonly axis: SweepResult["axis"];
  readonly exponent: number;
  readonly sizes: readonly number[];
}

const BATCHES_OF_AN_EPOCH = 937.5;
const OURS = "Scanline wasm";

/** The labels of all players in a sweep. */
export function labelsOf(sweep: readonly SweepResult[]): string[] {
  return [...new Set(sweep.flatMap(({ standings }) => standings.map(({ label }) => label)))];
}

/** The milliseconds of a player's training step at a point; undefined if it was not measured. */
export function stepMs({ standings }: SweepResult, label: string): number | undefined {
  return standings.find((standing) => standing.label === label)?.train?.ms.median;
}

/** Fits exponents for all players that were measured at three sizes or more. */
export function fitSweep(sweep: readonly SweepResult[]): Exponent[] {
  const labels = labelsOf(sweep);
  return (["H", "N", "T"] as const).flatMap((axis) =>
    labels.flatMap((label) => {
      const points = sweep.filter((point) => point.axis === axis && point.fitted).flatMap((point) => {
        const cost = stepMs(point, label);
        return cost === undefined ? [] : [{ size: point.size, cost }];
      });
      if (points.length < 3) return [];
      return [{ label, axis, exponent: fitExponent(points), sizes: points.map(({ size }) => size) }];
    })
  );
}

/** The fastest of the measured players whose label starts with one of `names`. */
export function best(standings: readonly Standing[], names: readonly string[]): Standing | null {
  const measured = standings.filter(({ label, train }) =>
    train !== null && names.some((name) => label.startsWith(name))
  );
  return measured.toSorted((a, b) => a.train!.ms.median - b.train!.ms.median)[0] ?? null;
}

/** The report as lines of text. */
export function formatResult(result: BenchResult): string[] {
  return [
    ...formatMachine(result),
    ...result.comparisons.flatMap((comparison) => formatComparison(comparison, result.machine)),
    ...formatSweep(result),
    ...formatPrograms(result),
    "",
    `${result.elapsedSeconds.toFixed(0)} s in all`,
  ];
}

function formatMachine({ machine, comparisons }: BenchResult): string[] {
  const { cpu, cores, os, adapter, commit, versions, peak } = machine;
  const gpu = adapter === null ? "none" : `${adapter.description}${adapter.software ? ", software" : ""}`;
  const versionList = Object.entries(versions).map(([name, version]) => `${name} ${version}`).join(", ");
  const [fused, plain] = [peak.fused, peak.plain].map((rate) => rate.toFixed(1));
  return [
    `${cpu}, ${cores} cores, ${os}; WebGPU adapter: ${gpu}`,
    `Scanline ${commit ?? "of no commit"}; ${versionList}`,
    `One core does ${fused} GFLOP/s of 128-bit multiply-adds, ${plain} of multiplications and additions`,
    ...comparisons.slice(0, 1).flatMap(({ standings }) =>
      standings.filter(({ train }) => train).map(({ label, detail }) => `  ${label}: ${detail}`)
    ),
    ...(comparisons.some(({ standings }) => best(standings, ["PyTorch"]))
      ? []
      : ["  PyTorch takes no part: `pip install torch`, then --python PATH"]),
  ];
}

const COLUMNS = [
  ["step", 9],
  ["quartiles", 17],
  ["× ours", 8],
  ["quartiles", 15],
  ["GFLOP/s", 9],
  ["forward", 10],
  ["× ours", 8],
  ["epoch", 9],
] as const;

function formatComparison(comparison: Comparison, { peak }: MeasuredMachine): string[] {
  const { name, about, batchSize, flops, standings } = comparison;
  return [
    "",
    `${name}: ${about}; ${batchSize} images, ${(flops.step / 1e6).toFixed(0)} MFLOP a step, ms`,
    "".padEnd(32) + COLUMNS.map(([title, width]) => title.padStart(width)).join(""),
    ...standings.map((standing) => formatStanding(standing, comparison)),
    ...formatNotes(standings),
    ...formatVerdict(standings, flops, peak.fused),
  ];
}

function formatStanding(standing: Standing, { flops, epochSeconds }: Comparison): string {
  const { label, software, train, forward, problem } = standing;
  const left = `  ${label}${software ? " (software)" : ""}`.padEnd(32);
  if (!train) return `${left}  not measured: ${problem}`;
  const epoch = epochSeconds[label];
  const { median } = train.ms;
  const cells = [
    number(median),
    range(train.ms),
    train.ratio ? number(train.ratio.median) : "",
    train.ratio ? range(train.ratio) : "",
    (flops.step / median / 1e6).toFixed(1),
    forward ? number(forward.ms.median) : "",
    forward?.ratio ? number(forward.ratio.median) : "",
    epoch !== undefined ? `${epoch.toFixed(1)} s` : `≈${number(median * BATCHES_OF_AN_EPOCH / 1000)} s`,
  ];
  return left + cells.map((cell, i) => cell.padStart(COLUMNS[i][1])).join("");
}

/** Says which players computed something else, and which stopped midway. */
function formatNotes([ours, ...others]: readonly Standing[]): string[] {
  return others.flatMap(({ label, train, firstLoss, problem }) => [
    ...(train && problem !== null ? [`  ${label} stopped: ${problem}`] : []),
    ...(firstLoss !== null && ours.firstLoss !== null && !(Math.abs(firstLoss - ours.firstLoss) < 1e-4)
      ? [`  ${label} finds another first loss: ${firstLoss} instead of ${ours.firstLoss}`]
      : []),
  ]);
}

function formatVerdict(standings: readonly Standing[], flops: Flops, peak: number): string[] {
  const lines: string[] = [];
  const say = (against: string, standing: Standing | null) => {
    const ratio = standing?.train?.ratio;
    if (!ratio) return;
    lines.push(
      ratio.median >= 1
        ? `  ${number(ratio.median)} times as fast as ${against}`
        : `  ${against} is ${number(1 / ratio.median)} times as fast`,
    );
  };
  const pytorch = best(standings, ["PyTorch"]), library = best(standings, ["tfjs", "jax-js"]);
  say(`${pytorch?.label}, its better number of threads`, pytorch);
  say(`${library?.label}, the best of tfjs and jax-js`, library);
  say("one thread", best(standings, ["Scanline wasm, 1 thread"]));
  say("--math plain", best(standings, ["Scanline wasm, --math plain"]));
  const alone = standings.find(({ label }) => label === "Scanline wasm, 1 thread")?.train;
  if (alone) {
    const share = flops.step / alone.ms.median / 1e6 / peak;
    lines.push(
      `  one thread reaches ${(100 * share).toFixed(0)} % of its core's multiply-add peak, ` +
        "counting also those that shared prefixes and blank inputs save (`deno task profile` does not)",
    );
  }
  return lines;
}

function formatSweep({ sweep, exponents }: BenchResult): string[] {
  if (sweep.length === 0) return [];
  const lines = ["", "Sweep of one LSTM layer: H 64, N 64, T 28 but for the one named; ms a training step"];
  for (const { axis, size, flops, standings, fitted } of sweep) {
    const cells = standings.map(({ label, software, train, problem }) =>
      `${label}${software ? " (software)" : ""} ${describe(train, flops, problem)}`
    );
    const note = fitted ? "" : " (pixel by pixel)";
    lines.push(`  ${axis} = ${String(size).padEnd(4)}${cells.join("; ")}${note}`);
  }
  for (const { label, axis, exponent, sizes } of exponents) {
    lines.push(`  ${label}: cost ~ ${axis}^${exponent.toFixed(2)} over ${sizes[0]}-${sizes.at(-1)}`);
  }
  return lines;
}

function describe(train: Cost | null, flops: Flops, problem: string | null): string {
  if (!train) return `not measured: ${problem}`;
  const rate = `${(flops.step / train.ms.median / 1e6).toFixed(1)} GFLOP/s`;
  return `${number(train.ms.median)} (${train.ratio ? `${number(train.ratio.median)} × ours, ` : ""}${rate})`;
}

function formatPrograms({ recipe, memoryBytes, comparisons }: BenchResult): string[] {
  const lines: string[] = [];
  if (recipe) {
    const { ours, pytorch, ratio } = recipe;
    lines.push("", `train-lstm-adam, process start to exit: ${(ours.median / 1000).toFixed(2)} s`);
    if (pytorch && ratio) {
      const share = (1 / ratio.median).toFixed(2), pairs = `${ours.count} pair${ours.count > 1 ? "s" : ""}`;
      lines.push(
        `  PyTorch ${(pytorch.median / 1000).toFixed(2)} s; ours takes ${share} of its time (${pairs})`,
      );
    }
  }
  if (memoryBytes !== null) lines.push(`train-lstm holds at most ${megabytes(memoryBytes)}`);
  const held = comparisons.flatMap(({ standings }) => standings.filter(({ label }) => label === OURS))
    .map(({ residentBytes }) => residentBytes ?? 0);
  if (held.length > 0) lines.push(`the measured process of ours holds ${megabytes(Math.max(...held))}`);
  return lines;
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

/** Three significant digits. */
export function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function range({ quartiles: [low, high] }: Spread): string {
  return `${number(low)}-${number(high)}`;
}
