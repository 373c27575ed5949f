/**
 * The worker of the wasm engine with a team that delays threads. The first message says which ones, and when:
 *
 * - `random`: every thread waits up to a millisecond, at any item and any barrier;
 * - `first`, `last`: all but the first (the last) thread wait before each item, so that it takes nearly all of them.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Team } from "../../../../lib/engines/wasm/team.ts";
import "../../../../lib/engines/wasm/worker.ts";

/** The first message. */
export interface Scrambling {
  readonly mode: "random" | "first" | "last";
  readonly rank: number;
  /** In shared memory: how many items each thread has taken. */
  readonly taken: Int32Array;
}

const idle = new Int32Array(new SharedArrayBuffer(4));
let scrambling: Scrambling | undefined;

function delay({ mode, rank, taken }: Scrambling): void {
  if (mode === "random" && Math.random() < 0.3) Atomics.wait(idle, 0, 0, Math.random());
  const busy = mode === "first" ? 0 : taken.length - 1;
  if (mode !== "random" && rank !== busy) Atomics.wait(idle, 0, 0, 1);
}

const { takeItem, barrier } = Team.prototype;
Team.prototype.takeItem = function (): number {
  delay(scrambling!);
  Atomics.add(scrambling!.taken, scrambling!.rank, 1);
  return takeItem.call(this);
};
Team.prototype.barrier = function (last?: () => void): void {
  if (scrambling!.mode === "random") delay(scrambling!);
  barrier.call(this, last);
};

const scope = self as unknown as { onmessage: (event: MessageEvent) => void };
const work = scope.onmessage;
scope.onmessage = (event) => {
  if (scrambling) work(event);
  else scrambling = event.data;
};
