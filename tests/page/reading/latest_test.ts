import assert from "node:assert/strict";
import { dropStale, latestWins } from "../../../page/reading/latest.ts";

Deno.test("latestWins() asks one question at a time, and of those that wait the last one", async () => {
  const asked: number[] = [], open: (() => void)[] = [];
  const ask = latestWins((n: number) => {
    asked.push(n);
    return new Promise<string>((resolve) => open.push(() => resolve(`answer ${n}`)));
  });
  const answers = [1, 2, 3].map(ask);
  assert.deepEqual(asked, [1]);
  open.shift()!();
  assert.equal(await answers[0], "answer 1");
  assert.equal(await answers[1], null);
  await Promise.resolve();
  assert.deepEqual(asked, [1, 3]);
  const late = ask(4);
  open.shift()!();
  assert.equal(await answers[2], "answer 3");
  await Promise.resolve();
  open.shift()!();
  assert.equal(await late, "answer 4");
  assert.deepEqual(asked, [1, 3, 4]);
});

Deno.test("latestWins() goes on after a question that failed", async () => {
  const ask = latestWins((n: number) => n === 1 ? Promise.reject(new Error("no")) : Promise.resolve(n));
  const [first, second] = [ask(1), ask(2)];
  await assert.rejects(first, /no/);
  assert.equal(await second, 2);
  assert.equal(await ask(3), 3);
});

Deno.test("dropStale() waits for nothing, and drops what comes after the answer to a later question", async () => {
  const coming = Array.from({ length: 4 }, () => Promise.withResolvers<string>());
  const ask = dropStale((n: number) => coming[n].promise);
  const answers = [0, 1, 2, 3].map(ask);
  coming[1].resolve("one");
  assert.equal(await answers[1], "one", "while a question before it waits");
  coming[0].reject(new Error("late"));
  assert.equal(await answers[0], null);
  coming[3].reject(new Error("in time"));
  await assert.rejects(answers[3], /in time/);
  coming[2].resolve("two");
  assert.equal(await answers[2], null, "a later question has failed: what it said would be taken back");
});
