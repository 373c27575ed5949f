import assert from "node:assert/strict";
import { numbersOf, parseTable } from "../../lib/data/table.ts";

Deno.test("parseTable() reads commas, semicolons, tabs, quotes, a mark of byte order and Windows' lines", () => {
  for (
    const text of [
      "a,b\n1,x\n2,y\n",
      "a;b\r\n1;x\r\n2;y\r\n",
      "\ufeffa\tb\n1\tx\n\n2\ty",
      '"a", b\n1,"x"\n2,y',
    ]
  ) {
    const [a, b] = parseTable(text);
    assert.deepEqual([a.name, [...a.numbers], a.gaps], ["a", [1, 2], 0]);
    assert.deepEqual([b.name, b.gaps, b.cells], ["b", 2, ["x", "y"]]);
  }
});

Deno.test("parseTable() takes numbers as people write them, and nothing that only looks like one", () => {
  const [column] = parseTable("n\n1\n-2.5\n+.5\n3.\n1e-3\n");
  assert.deepEqual([...column.numbers], [1, -2.5, 0.5, 3, 0.001]);
  for (const cell of ["NaN", "", "0x10", "1 2", "Infinity", "1,5", "-", "1e400"]) {
    const [{ numbers, gaps }] = parseTable(`n\tm\n1\t1\n${cell}\t1\n`);
    assert.deepEqual([[...numbers], gaps], [[1, NaN], 1], cell);
  }
  assert.deepEqual([...parseTable("n;m\n1,5;2\n")[0].numbers], [1.5]);
});

Deno.test("parseTable() rejects what is no table, and says where", () => {
  const cases: [string, RegExp][] = [
    ["", /current value is no line/],
    ["a,b\n", /current value is one line/],
    ["a,b\n1,2\n3\n", /as many cells as the first one: current value is 1 in line 3$/],
    ["a,b\n1,2\n\n3,4,5\n", /current value is 3 in line 4$/],
    ["1,2\n3,4\n", /the first line must name the columns: current value is \["1","2"\]/],
    ['a,b\n1,"2\n', /line 2/],
    ["a,a\n1,2\n", /a name of its own: current value is "a" twice/],
  ];
  for (const [text, message] of cases) {
    assert.throws(
      () => parseTable(text),
      (error: Error) => error instanceof SyntaxError && message.test(error.message),
    );
  }
});

Deno.test("numbersOf() names the columns that there are, and the row that is no number", () => {
  const table = parseTable("day,high,low\nMon,1,2\nTue,,3\n");
  assert.deepEqual([...numbersOf(table, "low")], [2, 3]);
  assert.throws(() => numbersOf(table, "hihg"), /must be one of low: current value is "hihg"/);
  assert.throws(
    () => numbersOf(table, "high"),
    /column high .* current value is "" in line 3 \(/,
  );
  const [prices] = [parseTable("price;n\n1,5;1\n\n?;2\n;\n;3\n")];
  assert.throws(() => numbersOf(prices, "price"), /current value is "\?" in line 4, and 1 more \(/);
});
