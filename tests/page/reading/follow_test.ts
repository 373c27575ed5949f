import assert from "node:assert/strict";
import { createClassifier, toSafetensors } from "../../../core.ts";
import { source } from "../../../page/ink/source.ts";
import { models, readings, shown, type ShownModel } from "../../../page/state.ts";
import { ReaderDesk } from "../../../page/workers/desk.ts";
import { readerAt } from "./desk_channel.ts";

// What the page asks of the browser when it is loaded.
Object.assign(globalThis, { matchMedia: () => ({ matches: true, addEventListener() {} }) });
const { follow } = await import("../../../page/reading/follow.ts");

const network = createClassifier({
  inputSize: 28,
  layers: [{ kind: "lstm", hiddenSize: 2 }, { kind: "dense", units: 2 }],
});

/** A network of the page. */
function modelOf(id: string, weight: number): ShownModel {
  const classNames = ["no", "yes"],
    parameters = Float32Array.from({ length: network.size }, (_, i) => weight * Math.sin(i));
  const model = toSafetensors({
    network,
    T: 28,
    sequence: { axis: "rows", range: [0, 1] },
    classNames,
    parameters,
  });
  return { id, name: id, origin: "trained", model, axis: "rows", classNames };
}

/** Waits until networks have read, and no others. */
async function untilRead(...ids: string[]): Promise<void> {
  while ([...readings.value.keys()].sort().join() !== ids.sort().join()) {
    await new Promise((resolve) => setTimeout(resolve));
  }
}

Deno.test("a network that is gone is closed, and an answer of its that is still to come is dropped", async () => {
  await using desk = new ReaderDesk();
  const reader = readerAt(desk), closed: string[] = [], close = reader.close.bind(reader);
  reader.close = (id) => {
    closed.push(id);
    close(id);
  };
  const pixels = new Uint8Array(784).fill(9);
  source.value = { kind: "pixels", pixels };
  follow(reader); // as the page does, which has no network yet
  models.value = [modelOf("a", 0.1), modelOf("b", 0.2)];
  shown.value = ["a", "b"];
  await untilRead("a", "b");
  const first = readings.value.get("b")!;

  for (const weight of [0.3, 0.35]) models.value = [models.value[0], modelOf("b", weight)]; // it has learned, and is asked
  models.value = models.value.slice(0, 1); // while one question is asked, and one waits
  assert.deepEqual([[...readings.value.keys()], closed], [["a"], ["b"]]);
  models.value = [...models.value, modelOf("b", 0.4)]; // another one of its name
  await untilRead("a", "b");
  const { probabilities } = readings.value.get("b")!;
  assert.notDeepEqual(probabilities, first.probabilities);
  const expected = await readerAt(desk).open("c", modelOf("c", 0.4).model).then(() =>
    readerAt(desk).read("c", pixels)
  );
  assert.deepEqual(probabilities, expected.probabilities);
  await assert.rejects(reader.read("d", pixels), /must be open/);
});
