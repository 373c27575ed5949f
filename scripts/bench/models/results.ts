/**
 * The results of the bench of published models, as a table in Markdown.
 *
 * @module
 */
import type { Machine } from "../describe.ts";
import { number } from "../results.ts";
import type { Standing } from "../rounds.ts";
import { median } from "../statistics.ts";
import type { Agreement } from "./agree.ts";
import type { PublishedModel } from "./table.ts";

/** A model, and the figures of all players: ours first. */
export interface ModelResult {
  readonly model: PublishedModel;
  readonly standings: readonly Standing[];
}

/** All results. */
export interface ModelsResult {
  readonly machine: Machine;
  readonly commit: string | null;
  readonly results: readonly ModelResult[];
  /** None if they were not measured. */
  readonly agreements: readonly Agreement[];
}

/** The peers by the beginning of their labels; of several ones the quickest counts. */
const PEERS = ["tfjs", "tfjs webgpu", "PyTorch", "tfjs-node"];

/** The table, with a line before it that tells what was measured, and one after it with the medians. */
export function formatModels({ machine, commit, results, agreements }: ModelsResult): string[] {
  const peers = PEERS.filter((peer) => results.some((result) => bestOf(result, peer)));
  const head = ["model", "layers", "batch", "losses, metrics", "weights", "Scanline", ...peers];
  const rows = results.map((result) => {
    const { model: { id, name, layers, batchSize }, standings: [ours] } = result;
    const agreement = agreements.find((agreement) => agreement.id === id);
    const power = (value: number | undefined) => value === undefined ? "" : value.toExponential(0);
    return [
      ...[`${id} ${name}`, layers.map(describeLayer).filter(Boolean).join(" → "), String(batchSize)],
      ...[power(agreement?.history), power(agreement?.weights), ours.train ? ms(ours) : ours.problem ?? ""],
      ...peers.map((peer) => describePeer(result, peer)),
    ];
  });
  const details = [...new Set(results.flatMap(({ standings }) => standings.map(({ detail }) => detail)))];
  return [
    `${machine.cpu}, ${machine.cores} cores, ${machine.os}; Scanline ${commit ?? ""}. ${details.join("; ")}.`,
    "",
    line(head),
    line(head.map((_, column) => column < 2 ? "---" : "--:")),
    ...rows.map(line),
    "",
    peers.map((peer) => summarizePeer(results, peer)).join(" "),
  ];
}

function line(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** The quickest of the players of a peer; undefined if none has a figure. */
function bestOf({ standings }: ModelResult, peer: string): Standing | undefined {
  const players = standings.slice(1).filter(({ label, train }) =>
    train && (label === peer || label.startsWith(`${peer},`))
  );
  return players.sort((a, b) => a.train!.ms.median - b.train!.ms.median)[0];
}

function ms({ train }: Standing): string {
  return `${number(train!.ms.median)} ms`;
}

/** Its time, and how many times ours that is. */
function describePeer(result: ModelResult, peer: string): string {
  const best = bestOf(result, peer);
  return best?.train?.ratio ? `${ms(best)} (${number(best.train.ratio.median)} ×)` : "–";
}

function summarizePeer(results: readonly ModelResult[], peer: string): string {
  const ratios = results.flatMap((result) => bestOf(result, peer)?.train?.ratio?.median ?? []);
  const [least, middle, most] = [Math.min(...ratios), median(ratios), Math.max(...ratios)].map(number);
  return `${peer}: ${least} to ${most} times as long, median ${middle}, over ${ratios.length} models.`;
}

/** A layer in a word or two: `LSTM 64`, `dense 1`; empty for what is left out. */
function describeLayer(layer: PublishedModel["layers"][number]): string {
  switch (layer.kind) {
    case "bidirectional":
      return `two-way ${describeLayer(layer.layer)}`;
    case "timeDistributed":
      return describeLayer(layer.layer);
    case "embedding":
      return `embedding ${layer.inputDim}×${layer.outputDim}`;
    case "repeatVector":
      return `repeat ${layer.n}`;
    case "activation":
    case "dropout":
      return "";
    case "masking":
      return "masking";
    case "dense":
      return `dense ${layer.units}`;
    default:
      return `${layer.activation ? "ReLU " : ""}${NAMES[layer.kind]} ${layer.units}`;
  }
}

const NAMES = { lstm: "LSTM", gru: "GRU", simpleRNN: "RNN" };
