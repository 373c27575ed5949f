/**
 * A trained model as a file to download.
 *
 * @module
 */
import { zipSync } from "fflate";
import { toOnnx, toSafetensors } from "../../core.ts";
import type { DownloadFormat } from "../workers/messages.ts";
import { fileName, runFiles, type TrainedRun } from "./run_files.ts";

/** The file, and a name for it. */
export function fileOf(
  run: TrainedRun,
  format: DownloadFormat,
): { name: string; bytes: Uint8Array<ArrayBuffer> } {
  switch (format) {
    case "safetensors":
      return { name: fileName(run, ".safetensors"), bytes: toSafetensors(run.model) };
    case "onnx":
      return { name: fileName(run, ".onnx"), bytes: toOnnx(run.model) };
    case "run":
      return {
        name: fileName(run, ".zip"),
        bytes: zipSync(Object.fromEntries(runFiles(run)), { mtime: run.endedAt }),
      };
  }
}
