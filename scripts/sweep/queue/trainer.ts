/**
 * Trains the jobs of a queue, each in a process of its own.
 *
 * @module
 */
import { messageOf, printable } from "../../../run.ts";
import { FlagError } from "../../support/flags.ts";
import { checkCodeVersion } from "../code_version.ts";
import { isComplete, type MetricsLine, type ProcessOptions, runRecipeProcess } from "../processes.ts";
import { divergence, type Result, toResult } from "../results.ts";
import { argumentsOf } from "../training.ts";
import { packArtefacts } from "./artefacts.ts";
import { checkJob, type Job } from "./job.ts";
import type { FromTaker, ToTaker } from "./messages.ts";

/** What a worker trains with. */
export interface TrainerOptions {
  /** Its name, which its results bear. */
  readonly name: string;
  /** See `codeVersion()`. */
  readonly version: string;
  /** Where runs go meanwhile. */
  readonly folder: string;
  readonly interrupt: ProcessOptions["interrupt"];
  readonly say: (message: FromTaker) => void;
}

/** A job that the queue has given. */
type Given = Extract<ToTaker, { event: "job" }>;

/** How a job ended: with a result, a failure that comes again anywhere, or one that another machine may not have. */
export type JobEnd = "done" | "refused" | "failed" | "back";

/** The name of a job, safe to print: anyone who reaches Redis may have given it. */
export function nameOfJob({ id }: Pick<Given, "id">): string {
  return printable(String(id));
}

/** Trains a job and answers it. Never rejects. */
export async function trainJob({ ticket, data }: Given, options: TrainerOptions): Promise<JobEnd> {
  const { say, interrupt, version } = options;
  try {
    const job = checkJob(data, version), run = `${options.folder}/${job.key}-${ticket}`;
    const answer = await train(job, run, { ...options, ticket });
    say({ ...answer, ticket });
    await Deno.remove(run, { recursive: true }).catch(() => {}); // it may not have begun
    return answer.say === "failed" && answer.isFinal ? "refused" : answer.say;
  } catch (error) {
    if (interrupt.signal.aborted) {
      say({ say: "back", ticket });
      return "back";
    }
    const isFinal = error instanceof FlagError;
    say({ say: "failed", ticket, reason: messageOf(error), isFinal });
    return isFinal ? "refused" : "failed";
  }
}

/** The least time between two messages about the progress of a job: of a thousand workers they would be most of the traffic. */
const PROGRESS_MS = 2_000;

type Answer =
  | { readonly say: "done"; readonly result: string; readonly artefacts: string }
  | { readonly say: "failed"; readonly reason: string; readonly isFinal: boolean }
  | { readonly say: "back" };

async function train(
  job: Job,
  run: string,
  { name, version, interrupt, say, ticket }: TrainerOptions & { ticket: number },
): Promise<Answer> {
  let told = Date.now();
  const onLine = ({ step, trainLoss }: MetricsLine) => {
    if (trainLoss === undefined || Date.now() - told < PROGRESS_MS) return;
    told = Date.now();
    say({ say: "progress", ticket, progress: { step, trainLoss } });
  };
  const own = job.flags.device === "wasm" ? ["--threads", "1"] : [];
  const flags = [...argumentsOf(job), ...own, "--no-pictures", "--out", run];
  const { lines, code, ending, seconds } = await runRecipeProcess(job.recipe, flags, {
    interrupt,
    onLine,
    directly: true,
  });
  if (interrupt.signal.aborted) return { say: "back" };
  const about = { key: job.key, device: String(job.flags.device), seconds, worker: name };
  await checkCodeVersion(version);
  if (isComplete(lines)) {
    return {
      say: "done",
      result: JSON.stringify(toResult(lines, about)),
      artefacts: await packArtefacts(run),
    };
  }
  const failure = divergence(ending);
  if (failure === null) return { say: "failed", reason: `${ending} (${name})`, isFinal: code === 2 };
  const result: Result = { ...about, figures: {}, modelSha256: null, failure };
  return { say: "done", result: JSON.stringify(result), artefacts: "{}" };
}
