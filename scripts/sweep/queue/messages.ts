/**
 * What is said between a sweep or a worker and the one process that may reach Redis: a JSON object a line.
 *
 * @module
 */
import type { Address } from "./address.ts";

/** The first line: where Redis is, and what the process does there. */
export type Hello =
  & { readonly address: Address; /** Of the code, see `codeVersion()`. */ readonly version: string }
  & (
    | { readonly role: "give" }
    | { readonly role: "take"; readonly name: string; readonly concurrency: number }
  );

/** A job on its way to the queue. */
export interface JobSpec {
  /** `t-KEY`, or `c-KEY` of a training that is done a second time to check the first one. */
  readonly id: string;
  readonly recipe: string;
  readonly data: unknown;
  readonly priority: number;
}

/** What a sweep says. */
export type FromGiver =
  | { readonly say: "add"; readonly jobs: readonly JobSpec[] }
  | { readonly say: "drop"; readonly ids: readonly string[] }
  /** The result has been written down here. */
  | { readonly say: "taken"; readonly id: string }
  /** These workers are no longer trusted. */
  | { readonly say: "off"; readonly names: readonly string[] }
  | { readonly say: "close" };

/** What a worker says of a job that it was given; `ticket` is the number of that job. */
export type FromTaker =
  | { readonly say: "progress"; readonly ticket: number; readonly progress: object }
  | { readonly say: "done"; readonly ticket: number; readonly result: string; readonly artefacts: string }
  /** `isFinal` if another attempt would end the same. */
  | { readonly say: "failed"; readonly ticket: number; readonly reason: string; readonly isFinal: boolean }
  /** It is for another worker: this one ends. */
  | { readonly say: "back"; readonly ticket: number }
  | { readonly say: "close" };

/** What both hear. */
export type Heard =
  | {
    readonly event: "ready"; /** The workers that are no longer trusted. */
    readonly off: readonly string[];
  }
  | { readonly event: "lost"; readonly reason: string }
  | { readonly event: "back" };

/** What a sweep hears. */
export type ToGiver =
  | Heard
  | {
    readonly event: "done";
    readonly id: string;
    readonly result: string;
    readonly artefacts: string | null;
  }
  | { readonly event: "failed"; readonly id: string; readonly reason: string }
  | { readonly event: "progress"; readonly id: string; readonly progress: unknown }
  /** Those of this version, and how many there are of others. */
  | { readonly event: "workers"; readonly names: readonly string[]; readonly others: number };

/** What a worker hears. */
export type ToTaker =
  | Heard
  | { readonly event: "job"; readonly ticket: number; readonly id: string; readonly data: unknown }
  /** This worker is no longer trusted. */
  | { readonly event: "off" };
