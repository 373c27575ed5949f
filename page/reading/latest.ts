/**
 * Questions of which only the latest matters.
 *
 * @module
 */

/** Asks; answers null where a later question came before this one was asked. */
export type AskLatest<Question, Answer> = (question: Question) => Promise<Answer | null>;

/**
 * Lets one question be asked at a time. Of those that come meanwhile only the last one is asked, once the answer is there: while
 * someone draws, no queue builds up.
 *
 * @example
 * ```ts
 * import { latestWins } from "./latest.ts";
 * import assert from "node:assert/strict";
 *
 * const ask = latestWins((n: number) => Promise.resolve(10 * n));
 * assert.deepEqual(await Promise.all([ask(1), ask(2), ask(3)]), [10, null, 30]);
 * ```
 */
export function latestWins<Question, Answer>(
  ask: (question: Question) => Promise<Answer>,
): AskLatest<Question, Answer> {
  let isAsking = false;
  let waiting: { go: () => void; drop: () => void } | null = null;
  return async (question) => {
    if (isAsking) {
      waiting?.drop();
      const isTurn = await new Promise<boolean>((resolve) => {
        waiting = { go: () => resolve(true), drop: () => resolve(false) };
      });
      if (!isTurn) return null;
    }
    isAsking = true;
    try {
      return await ask(question);
    } finally {
      const next = waiting;
      waiting = null;
      if (next) next.go();
      else isAsking = false;
    }
  };
}

/**
 * Lets all questions be asked, each as it comes. The answer is null if a later question was answered before, or failed; an error then
 * says nothing, either.
 *
 * @example
 * ```ts
 * import { dropStale } from "./latest.ts";
 * import assert from "node:assert/strict";
 *
 * const slow = Promise.withResolvers<string>();
 * const ask = dropStale((isSlow: boolean) => isSlow ? slow.promise : Promise.resolve("quick"));
 * const first = ask(true);
 * assert.equal(await ask(false), "quick");
 * slow.resolve("late");
 * assert.equal(await first, null);
 * ```
 */
export function dropStale<Question, Answer>(
  ask: (question: Question) => Promise<Answer | null>,
): AskLatest<Question, Answer> {
  let asked = 0, answered = 0;
  return async (question) => {
    const number = ++asked;
    const isLate = () => number < answered;
    try {
      const answer = await ask(question);
      if (answer === null || isLate()) return null;
      answered = number;
      return answer;
    } catch (error) {
      if (isLate()) return null;
      answered = number;
      throw error;
    }
  };
}
