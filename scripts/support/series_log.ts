/**
 * What `train-series` prints.
 *
 * @module
 */
import type { DeviceDescription, ForecastErrors } from "../../run.ts";
import { printable, shown } from "../../run.ts";
import { formatFigure, formatProgress, formatQuantity, formatShare } from "../../view.ts";
import type { Interrupt } from "./interrupt.ts";
import type { NamedSeries } from "./series.ts";
import { StatusLine } from "./terminal.ts";

/** How the training ended. */
export interface SeriesResult {
  /** Whose weights are kept. */
  readonly epoch: number;
  /** How many rows were forecast. */
  readonly tested: number;
  readonly network: ForecastErrors;
  readonly naive: ForecastErrors;
  /** Of `model/weights.bin`. */
  readonly weightsSha256: string;
}

/** Lines for people, or with `--json` one object a line; the progress bar, and what Ctrl-C does. */
export class SeriesLog {
  readonly #flags: { readonly json: boolean; readonly quiet: boolean };
  readonly #interrupt: Interrupt;
  readonly #path: string;
  readonly #status: StatusLine;

  /** @param path The folder of the results */
  constructor(
    flags: { readonly json: boolean; readonly quiet: boolean },
    { interrupt, path }: { interrupt: Interrupt; path: string },
  ) {
    this.#flags = flags;
    this.#interrupt = interrupt;
    this.#path = path;
    this.#status = new StatusLine(!flags.quiet);
    interrupt.lastWords = () => flags.quiet ? null : "Stopped at once: the results are not whole";
    interrupt.signal.addEventListener(
      "abort",
      () => this.#tell("Stopping after the running step; Ctrl-C again exits at once"),
    );
  }

  /** What is about to be trained. */
  start(
    { targetName, target, featureNames, notes }: NamedSeries,
    { device, seed, parameterCount }: { device: DeviceDescription; seed: number; parameterCount: number },
  ): void {
    const read = featureNames.map((name) => printable(name, 40)).join(", ");
    this.#tell(`Device: ${device.kind} (${device.detail})`);
    this.#tell(
      `Series: ${printable(targetName, 40)}, ${formatQuantity(target.length, "rows")}, from ${read}`,
    );
    notes.forEach((note) => this.#tell(note));
    this.#emit({
      event: "start",
      run: this.#path,
      device: device.kind,
      deviceDetail: device.detail,
      target: targetName,
      features: featureNames,
      rows: target.length,
      notes,
      seed,
      parameterCount,
    });
  }

  /** The hook that draws the progress bar; none where nobody would see it, since it costs time. */
  onBatches({ epochs, steps }: { epochs: number; steps: number }) {
    if (!this.#status.visible) return {};
    const began = performance.now();
    let epoch = 0;
    return {
      onBatchEnd: (batch: number) => {
        const done = epoch * steps + batch + 1;
        this.#status.draw((width) =>
          formatProgress({
            label: `Epoch ${epoch}`,
            done,
            total: epochs * steps,
            elapsedMs: performance.now() - began,
            unit: "steps",
            width,
          })
        );
        if (batch + 1 === steps) epoch++;
      },
    };
  }

  /**
   * The figures of an epoch.
   *
   * @throws {RangeError} If a loss is not finite: nothing more will be learned.
   */
  epoch(figures: { epoch: number; trainLoss: number; validationLoss: number }): void {
    const { epoch, trainLoss, validationLoss } = figures;
    this.#emit({ event: "epoch", ...figures });
    this.#print(
      `Epoch ${epoch}. Train Loss: ${trainLoss.toFixed(6)}, Valid Loss: ${validationLoss.toFixed(6)}`,
    );
    if (Number.isFinite(trainLoss + validationLoss)) return;
    throw new RangeError(
      `Cannot go on: the loss must be finite: current value is ${trainLoss} in epoch ${epoch} ` +
        "(try a smaller --learning-rate)",
    );
  }

  /** The end of a training that was interrupted before anything could be kept. @returns The exit code */
  endEmpty(): number {
    this.#tell("Interrupted before the end of the first epoch: nothing was saved");
    return this.#interrupt.exitCode;
  }

  /** The figures of the test. @returns The exit code */
  end(result: SeriesResult): number {
    const { epoch, tested, network, naive, weightsSha256 } = result;
    const interrupted = this.#interrupt.received !== null;
    this.#emit({ event: "end", run: this.#path, interrupted, ...result });
    const row = (name: string, errors: ForecastErrors) =>
      [name, formatFigure(errors.meanAbsolute, 4).padEnd(12), formatFigure(errors.rootMeanSquare, 4)].join(
        "  ",
      );
    if (interrupted) this.#print("Interrupted");
    this.#print(
      "",
      `The last ${formatQuantity(tested, "rows")}, with the weights after epoch ${epoch}:`,
      "         mean error    root mean square",
      row("network", network),
      row("naive  ", naive),
      verdict(network.meanAbsolute, naive.meanAbsolute),
      "",
      `saved    ${shown(this.#path)}`,
      `sha256   ${weightsSha256}  model/weights.bin`,
      `picture  ${shown(this.#path)}/forecast.png`,
    );
    return this.#interrupt.exitCode;
  }

  /** Erases the progress bar. */
  clear(): void {
    this.#status.clear();
  }

  #print(...lines: string[]): void {
    this.#status.clear();
    if (!this.#flags.json) lines.forEach((line) => console.log(line));
  }

  #emit(line: Readonly<Record<string, unknown>>): void {
    this.#status.clear();
    if (this.#flags.json) console.log(JSON.stringify(line));
  }

  #tell(text: string): void {
    this.#status.clear();
    if (!this.#flags.quiet) console.error(text);
  }
}

/** The network's mean error beside the naive one. */
function verdict(network: number, naive: number): string {
  if (network < naive) return `The network's mean error is ${formatShare(1 - network / naive)} smaller`;
  return "The last known value is the better forecast here: there may be nothing more to learn from these columns";
}
