import assert from "node:assert/strict";
import { effect } from "@preact/signals";
import { announce, announceAnswer, spoken } from "../../page/announce.ts";

Deno.test("a screen reader hears what was done, then the answer, and the same once more if it happens once more", async () => {
  const heard: string[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = effect(() => {
    if (heard.push(spoken.value) === 2) announce("last step undone"), announceAnswer("after line 28: 7, 99%");
    if (heard.length === 3) resolve();
  });
  announce("pen at 50 across, 25 down");
  announce("last step undone");
  announceAnswer("after line 28: 4, 71%");
  announceAnswer("after line 28: 7, 99%");
  await promise;
  stop();
  assert.deepEqual(heard.map((text) => text.trim()), [
    "",
    "last step undone. after line 28: 7, 99%",
    "last step undone. after line 28: 7, 99%",
  ]);
  assert.notEqual(heard[1], heard[2], "what does not change is not heard");
});
