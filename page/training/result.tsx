/**
 * What came of a training: its hash, compared with the published one, and the model as files.
 *
 * @module
 */
/// <reference lib="dom" />
import type { JSX } from "preact";
import { formatShare } from "../../lib/view/words.ts";
import type { DownloadFormat } from "../workers/messages.ts";
import type { Progress } from "./progress.ts";
import type { Verdict } from "./published.ts";
import { recipeOf, type SettledSettings } from "./settings.ts";
import { download } from "./trainer.ts";

const FORMATS: readonly (readonly [DownloadFormat, string])[] = [
  ["safetensors", "safetensors"],
  ["onnx", "ONNX"],
  ["run", "a run (zip)"],
];

/** Shown as soon as there is a model; the hash once the training has ended. */
export function Result({ progress }: { progress: Progress }): JSX.Element | null {
  const { result, settings, opened, step, phase, tested, hasModel } = progress;
  if (!hasModel) return null;
  const isStill = phase === "paused" || phase === "ended" || phase === "failed";
  return (
    <div class="card stack result">
      {result && (
        <>
          <h3>
            {tested
              ? `${formatShare(tested.accuracy, 10_000)} of the 10,000 test images were classified correctly`
              : "Trained"}
          </h3>
          <p class="quiet">{sayTraining(settings!)}</p>
          <Judgement verdict={result.verdict} settings={settings!} math={opened!.math} />
          <p>
            <span class="quiet">SHA-256 of the model</span>{" "}
            <code class="bits" data-testid="sha256">{result.sha256}</code>
          </p>
        </>
      )}
      <div class="row">
        <span>
          {phase === "ended"
            ? "Download:"
            : `The model after step ${step.toLocaleString("en")}${isStill ? "" : ", once you pause"}:`}
        </span>
        {FORMATS.map(([format, name]) => (
          <button
            key={format}
            type="button"
            disabled={!isStill}
            title={isStill ? undefined : "Pause first"}
            onClick={() => download(format)}
          >
            {name}
          </button>
        ))}
      </div>
      {isStill && (
        <p class="quiet">
          Unpack a run in the folder <code>runs</code> of Scanline, and{" "}
          <code>deno task evaluate --model {settings!.recipe}</code> tests it; <code>deno task read</code>,
          {" "}
          <code>inspect</code> and <code>predict</code>{" "}
          take it as well. Drop a run or a .safetensors file on this page to watch it here again.
        </p>
      )}
    </div>
  );
}

/** What was trained; meanwhile others may have been chosen. */
function sayTraining(settings: SettledSettings): string {
  const { seed, steps, limit, learningRate, device } = settings;
  const counted = (count: number, noun: string) =>
    `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
  const images = limit === null ? "all images" : `the first ${counted(limit, "image")}`;
  return `${recipeOf(settings).title}, seed ${seed}, ${counted(steps, "step")} over ${images}, ` +
    `learning rate ${learningRate}, on ${device}`;
}

/** Whether the bits are the published ones, and where that can be checked. */
function Judgement({ verdict, settings, math }: {
  readonly verdict: Verdict;
  readonly settings: SettledSettings;
  readonly math: "fused" | "plain" | null;
}): JSX.Element {
  if (verdict.kind === "unknown") {
    return (
      <p>
        No hash is published for these settings. {settings.device === "wasm"
          ? (
            <>
              This trains the same in Deno, to the same bits: <code>{commandOf(settings, math)}</code>
            </>
          )
          : "The bits of WebGPU depend on the graphics device and its driver."}
      </p>
    );
  }
  const { published: { sha256, file, command } } = verdict;
  switch (verdict.kind) {
    case "same":
      return (
        <p class="same" data-testid="verdict">
          <strong>The same bits as published</strong> in <code>{file}</code>, and as <code>{command}</code>
          {" "}
          trains on your machine.
        </p>
      );
    case "other":
      return (
        <p class="error" data-testid="verdict">
          <strong>Not the published bits:</strong> <code>{file}</code> has{" "}
          <code class="bits">{sha256}</code>. On wasm with fused multiply-add they must be the same;{" "}
          <code>{command}</code> shows whether Deno computes them on this machine. Please report it.
        </p>
      );
    case "device":
      return (
        <p data-testid="verdict">
          The published bits are those of wasm with fused multiply-add: <code class="bits">{sha256}</code> in
          {" "}
          <code>{file}</code>. {settings.device === "webgpu"
            ? "Those of WebGPU depend on the graphics device and its driver. Choose wasm to see the same."
            : (
              <>
                The multiply-add of this browser rounds twice, so its bits are those of{" "}
                <code>{commandOf(settings, math)}</code>.
              </>
            )}
        </p>
      );
  }
}

/** The command that trains the same in Deno. */
function commandOf(settings: SettledSettings, math: "fused" | "plain" | null): string {
  const { recipe, seed, learningRate, limit, steps } = settings;
  const limited = limit === null ? "" : ` --limit ${limit}`, plain = math === "plain" ? " --math plain" : "";
  return `deno task ${recipe} --device wasm --seed ${seed} --learning-rate ${learningRate} --steps ${steps}${limited}${plain}`;
}
