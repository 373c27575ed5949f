/**
 * The results of the bench of WebGPU as lines of text.
 *
 * @module
 */
import { best, number } from "../results.ts";
import type { Standing } from "../rounds.ts";
import { type AdapterModel, peakMads } from "./adapter_model.ts";
import type { Forecast } from "./forecast.ts";
import {
  FACTOR,
  LEAST_SHARE,
  missed,
  type NetworkResult,
  type PeersResult,
  type WebgpuBenchResult,
} from "./results.ts";

/** The report. */
export function formatWebgpu(result: WebgpuBenchResult): string[] {
  const { networks, peers, forecasts, elapsedSeconds } = result;
  return [
    ...formatHead(result),
    "",
    ...formatNetworks(networks),
    ...networks.flatMap(formatKernels),
    ...networks.flatMap(formatShapes),
    ...peers.flatMap(formatPeers),
    ...result.noCuda === null ? [] : [`  PyTorch takes no part: ${result.noCuda}`],
    ...forecasts.length === 0 ? [] : formatForecasts(result),
    "",
    `${elapsedSeconds.toFixed(0)} s in all`,
  ];
}

function formatHead({ machine, adapter }: WebgpuBenchResult): string[] {
  const { adapter: gpu, cpu, cores, os, commit, versions } = machine;
  const { vendor, architecture, description, software } = gpu!;
  const maker = [vendor, architecture].filter(Boolean).join(" ");
  return [
    `${description} (vendor ${maker}), ${
      software ? "software" : "hardware"
    }; on ${cpu}, ${cores} cores, ${os}`,
    `Scanline ${commit ?? "of no commit"}, Deno ${versions.deno}`,
    ...software ? ["A software adapter: not a measurement of hardware"] : [],
    ...formatAdapter(adapter),
  ];
}

function formatAdapter(adapter: AdapterModel): string[] {
  const { cores, width, overlaps, latencyNs, bandwidth, cacheBandwidth, barrierNs, passNs, gapNs } = adapter;
  const { mad, coreLoad, load, local, barrier } = latencyNs;
  const warps = overlaps
    ? `${adapter.residentWarps} warps of ${width} together`
    : `one warp of ${width} after another`;
  return [
    `Probed: ${number(2 * peakMads(adapter))} GFLOP/s of multiply-adds in ${cores} core${
      cores === 1 ? "" : "s"
    }, each ${warps}; ` +
    `memory ${number(bandwidth)} GB/s, caches ${number(cacheBandwidth)} GB/s`,
    `  a chain waits ${number(mad)} ns for a multiply-add, ${number(coreLoad)}-${number(load)} for a load, ${
      number(local)
    } for ` +
    `workgroup memory, ${number(barrier)} for a barrier (${
      number(barrierNs)
    } a warp); an empty dispatch takes ` +
    `${number(passNs / 1000)} µs alone, ${number(gapNs / 1000)} among others`,
  ];
}

const NETWORK_COLUMNS = [["step, ms", 10], ["quartiles", 14], ["epoch, s", 10], ["dispatches", 12], [
  "peak",
  8,
], ["bandwidth", 11]] as const;

function formatNetworks(networks: readonly NetworkResult[]): string[] {
  return [
    row("A training step", NETWORK_COLUMNS.map(([title]) => title), NETWORK_COLUMNS),
    ...networks.map(({ name, stepMs, epochSeconds, dispatches, shareOfPeak, shareOfBandwidth }) =>
      row(`  ${name}`, [
        number(stepMs.median),
        stepMs.quartiles.map(number).join("-"),
        number(epochSeconds),
        String(dispatches),
        percent(shareOfPeak),
        percent(shareOfBandwidth),
      ], NETWORK_COLUMNS)
    ),
  ];
}

const KERNEL_COLUMNS = [["ms", 10], ["of a step", 11], ["peak", 8], ["bandwidth", 11], ["predicted", 11], [
  "ratio",
  8,
]] as const;

function formatKernels(network: NetworkResult): string[] {
  const { name, about, batchSize, kernels } = network;
  const named = kernels.filter(({ share }) => share >= LEAST_SHARE), others = kernels.length - named.length;
  const off = missed(network);
  return [
    "",
    row(`${name}: ${about}, batch of ${batchSize}`, [], []),
    row("", KERNEL_COLUMNS.map(([title]) => title), KERNEL_COLUMNS),
    ...named.map(({ label, ms, share, shareOfPeak, shareOfBandwidth, predictedMs, ratio, bound, shape }) =>
      row(`  ${label}`, [
        number(ms),
        percent(share),
        percent(shareOfPeak),
        percent(shareOfBandwidth),
        number(predictedMs),
        ratio.toFixed(2),
      ], KERNEL_COLUMNS) + `  ${bound}${shape === null ? "" : `; ${shape}`}`
    ),
    `  ${others} others take less than ${percent(LEAST_SHARE)} each; ` +
    (off.length === 0
      ? `all of these are predicted within a factor of ${FACTOR}`
      : `NOT predicted within a factor of ${FACTOR}: ${off.map(({ label }) => label).join(", ")}`),
  ];
}

/** The shapes of the kernels that take a share worth naming. */
function formatShapes({ name, kernels, shapes }: NetworkResult): string[] {
  const named = kernels.filter(({ share }) => share >= LEAST_SHARE).map(({ label }) => label);
  const rows = shapes.filter(({ kernel }) => named.includes(kernel));
  if (rows.length === 0) return [];
  const ratios = rows.flatMap(({ ms, predictedMs }) => ms === null ? [] : [predictedMs / ms]);
  return [
    "",
    `${name} in all shapes; ms, predicted, ratio from ${Math.min(...ratios).toFixed(2)} to ${
      Math.max(...ratios).toFixed(2)
    }`,
    ...rows.map(({ kernel, shape, ms, fault, predictedMs }) => {
      const cells = ms === null
        ? `${fault}`
        : `${number(ms).padStart(9)}${number(predictedMs).padStart(9)}${
          (predictedMs / ms).toFixed(2).padStart(7)
        }`;
      return `  ${kernel.padEnd(32)}${shape.padEnd(48)}${cells}`;
    }),
  ];
}

function formatPeers({ name, standings }: PeersResult): string[] {
  const ours = best(standings, ["Scanline"]);
  return [
    "",
    `${name}, in turn with others; ms a step`,
    ...standings.map((standing) => formatStanding(standing, ours)),
  ];
}

function formatStanding({ label, detail, train, problem }: Standing, ours: Standing | null): string {
  const left = `  ${label}`.padEnd(22);
  if (!train) return `${left} not measured: ${problem}`;
  const ratio = train.ratio && ours?.label !== label ? `, ${number(train.ratio.median)} × ours` : "";
  return `${left}${number(train.ms.median).padStart(9)} (${
    train.ms.quartiles.map(number).join("-")
  })${ratio}; ${detail}`;
}

const FORECAST_COLUMNS = [["step, ms", 10], ["epoch, s", 10], ["step, ms", 14], ["epoch, s", 10]] as const;

function formatForecasts({ cards, forecasts }: WebgpuBenchResult): string[] {
  const lines = [
    "",
    "Predicted, not measured: GPU time with the gaps between dispatches, without the host; right to a factor of two at best",
    row("", ["usual", "shapes", "best", "shapes"], FORECAST_COLUMNS),
    row("", FORECAST_COLUMNS.map(([title]) => title), FORECAST_COLUMNS),
  ];
  for (const { name, source } of cards) {
    const ofCard = forecasts.filter(({ card }) => card === name);
    lines.push(`  ${name}`);
    for (const { network, usual, best } of ofCard) {
      const cells = [usual, best].flatMap((
        { stepMs, epochSeconds },
      ) => [number(stepMs), number(epochSeconds)]);
      lines.push(row(`    ${network}`, cells, FORECAST_COLUMNS));
    }
    lines.push(
      ...ofCard.slice(0, 2).map(({ network, best }) => `    best for ${network}: ${shapesOf(best)}`),
    );
    lines.push(`    ${source}`);
  }
  return lines;
}

/** The shapes of kernels, each once. */
function shapesOf({ shapes }: Forecast): string {
  return [...new Set(Object.values(shapes))].join("; ") || "the usual ones";
}

function row(
  left: string,
  cells: readonly string[],
  columns: readonly (readonly [string, number])[],
): string {
  return left.padEnd(34) + cells.map((cell, index) => cell.padStart(columns[index][1])).join("");
}

function percent(share: number): string {
  return `${(100 * share).toFixed(share < 0.0995 ? 1 : 0)} %`;
}
