import assert from "node:assert/strict";
import fc from "fast-check";
import { formatDuration, formatProgress, formatQuantity, type Progress } from "../../lib/view/progress.ts";

const EPOCH: Progress = {
  label: "Epoch 1",
  done: 15_000,
  total: 60_000,
  elapsedMs: 2_000,
  unit: "images",
  width: 80,
};

const show = (changes: Partial<Progress>) => formatProgress({ ...EPOCH, ...changes });

/** The most columns a terminal would need: characters outside ASCII may take two. */
function columns(text: string): number {
  return [...text].reduce((sum, character) => sum + (character < "\x7f" ? 1 : 2), 0);
}

Deno.test("formatProgress() shows what there is room for", () => {
  const extra = "loss 0.0945";
  const lines = [20, 30, 40, 50, 60, 80, 120].map((width) => show({ width, extra }));
  assert.deepEqual(lines, [
    "Epoch 1   25%",
    "Epoch 1   25% [###..........]",
    "Epoch 1   25% [###.........]  0:06 left",
    "Epoch 1   25% [#####.................]  0:06 left",
    "Epoch 1   25% [####............]  7,500 images/s  0:06 left",
    "Epoch 1   25% [#####..................]  7,500 images/s  0:06 left  loss 0.0945",
    "Epoch 1   25% [##########..............................]  7,500 images/s  0:06 left  loss 0.0945",
  ]);
});

Deno.test("formatProgress() shows the beginning, the end and more than the total", () => {
  assert.equal(show({ done: 0, elapsedMs: 0, width: 60 }), `Epoch 1    0% [${".".repeat(40)}]`);
  assert.equal(
    show({ done: 59_999, width: 40, elapsedMs: 8_000 }),
    "Epoch 1   99% [###########.]  0:00 left",
  );
  assert.match(
    show({ done: 60_000, elapsedMs: 8_000 }),
    /^Epoch 1 {2}100% \[#+\] {2}7,500 images\/s {2}in 0:08$/,
  );
  assert.match(show({ done: 70_000 }), /100% \[#+\]/);
  assert.match(show({ done: 0, total: 0 }), /100% \[#+\]/);
  assert.match(show({ done: NaN }), / 0% \[\.+\]/);
});

Deno.test("formatProgress() does without a total", () => {
  const download = { label: "labels", done: 3_200_000, total: undefined, elapsedMs: 4_000, unit: "B" };
  assert.equal(show(download), "labels  3.2 MB  800.0 kB/s  0:04");
  assert.equal(show({ ...download, extra: "mirror 1" }), "labels  3.2 MB  800.0 kB/s  0:04  mirror 1");
  assert.equal(show({ ...download, width: 20 }), "labels  3.2 MB");
  assert.equal(show({ ...download, done: 0, elapsedMs: 0 }), "labels  0 B  0:00");
});

Deno.test("formatProgress() draws one line shorter than the terminal, whatever it is given", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary", maxLength: 60 }),
    fc.constantFrom("訓練画像", "\x1b[31mred", "a\nb"),
  );
  const number = fc.oneof(fc.double(), fc.nat(1_000_000), fc.constantFrom(0, -1, Infinity, 1e300));
  const progress: fc.Arbitrary<Progress> = fc.record({
    label: text,
    done: number,
    total: fc.option(number, { nil: undefined }),
    elapsedMs: number,
    unit: fc.oneof(fc.constantFrom("B", "images"), text),
    width: fc.integer({ min: 20, max: 200 }),
    extra: fc.option(text, { nil: undefined }),
  });
  fc.assert(
    fc.property(progress, (progress) => {
      const line = formatProgress(progress);
      assert(columns(line) < progress.width, `${columns(line)} columns: ${JSON.stringify(line)}`);
      assert.doesNotMatch(line, /\p{Cc}/u);
      assert.doesNotMatch(line, /NaN|Infinity|undefined/);
    }),
    { numRuns: 500 },
  );
});

Deno.test("formatProgress() never shrinks the bar", () => {
  const filled = (done: number) => show({ done, extra: "x" }).split("#").length;
  for (let done = 1; done <= 60_000; done += 500) assert(filled(done) >= filled(done - 1));
});

Deno.test("formatProgress() works with any width", () => {
  for (const width of [-1, 0, 1, 19, 20.9, NaN]) assert.equal(show({ width }), "Epoch 1   25%");
  assert(show({ width: Infinity }).length < 200);
});

Deno.test("formatQuantity() writes amounts as people read them", () => {
  const bytes = [0, 1, 999, 1000, 9_999, 999_949, 999_960, 47_040_016, 3e9, 5e15];
  assert.deepEqual(
    bytes.map((value) => formatQuantity(value, "B")),
    ["0 B", "1 B", "999 B", "1.0 kB", "10.0 kB", "999.9 kB", "1.0 MB", "47.0 MB", "3.0 GB", "5000.0 TB"],
  );
  const steps = [0, 0.04, 3.21, 9.96, 12.5, 999, 1000, 1234567];
  assert.deepEqual(
    steps.map((value) => formatQuantity(value, "steps")),
    ["0", "0.0", "3.2", "10", "13", "999", "1,000", "1,234,567"].map((count) => `${count} steps`),
  );
});

Deno.test("formatDuration() writes minutes and hours", () => {
  const spans = [
    0,
    499,
    500,
    59_499,
    59_500,
    3_599_400,
    3_599_500,
    359_999_000,
    360_000_000,
    Infinity,
    -5,
    NaN,
  ];
  assert.deepEqual(
    spans.map(formatDuration),
    [
      "0:00",
      "0:00",
      "0:01",
      "0:59",
      "1:00",
      "59:59",
      "1:00:00",
      "99:59:59",
      ">99 h",
      ">99 h",
      "0:00",
      "0:00",
    ],
  );
});
