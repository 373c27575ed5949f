import assert from "node:assert/strict";
import { Turns } from "../../lib/engines/turns.ts";

Deno.test("a call while another one runs is an error, and the running one gets its result", async () => {
  const turns = new Turns("the desk");
  const { promise, resolve } = Promise.withResolvers<number>();
  const first = turns.take("count", () => promise);
  for (let again = 0; again < 2; again++) {
    await assert.rejects(turns.take("sum", () => assert.fail("it was not its turn")), {
      message: "Cannot sum: the desk must have nothing else to do: current value is a call to count " +
        "(await each call before the next)",
    });
  }
  resolve(3);
  assert.equal(await first, 3);
  assert.equal(await turns.take("sum", () => 4), 4);
});

Deno.test("the next call runs after one that failed, at once or later", async () => {
  const turns = new Turns("the desk");
  const fail = () => {
    throw new RangeError("no");
  };
  await assert.rejects(turns.take("count", fail), /^RangeError: no/);
  await assert.rejects(turns.take("count", () => Promise.reject(new RangeError("no"))), /^RangeError: no/);
  assert.equal(await turns.take("count", () => 1), 1);
});

Deno.test("close() fails the running call, whose work may never end, and all later ones", async () => {
  const turns = new Turns("the desk");
  const never = turns.take("count", () => new Promise(() => {}));
  turns.close();
  turns.close();
  assert.equal(turns.open, false);
  await assert.rejects(never, {
    message: "Cannot count: the desk must stay open until the call is done: current value is disposed",
  });
  await assert.rejects(turns.take("sum", () => 1), {
    message: "Cannot sum: the desk must be open: current value is disposed",
  });
});

Deno.test("work that fails after its call was ended causes no unhandled rejection", async () => {
  const turns = new Turns("the desk");
  const { promise, reject } = Promise.withResolvers<never>();
  const call = turns.take("count", () => promise);
  turns.close();
  reject(new Error("too late"));
  await assert.rejects(call, /must stay open/);
});
