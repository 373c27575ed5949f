import assert from "node:assert/strict";
import { nearest } from "../../scripts/support/nearest.ts";
import { asksForHelp, FlagError, type Flags, helpText, parseFlags } from "../../scripts/support/flags.ts";

const flags = {
  epochs: { kind: "whole", least: 1, help: "passes" },
  seed: { kind: "whole", least: 0, most: 2 ** 32 - 1, default: 1, help: "of everything" },
  "learning-rate": { kind: "positive", default: 0.1, help: "of the optimizer" },
  device: { kind: "choice", choices: ["auto", "wasm"], default: "auto", help: "what computes" },
  out: { kind: "text", placeholder: "FOLDER", help: "where to" },
  json: { kind: "switch", help: "lines of JSON" },
} as const satisfies Flags;

Deno.test("parseFlags() returns defaults for flags that are not given", () => {
  assert.deepEqual(parseFlags(flags, []), {
    epochs: undefined,
    seed: 1,
    "learning-rate": 0.1,
    device: "auto",
    out: undefined,
    json: false,
  });
});

Deno.test("parseFlags() takes values after a space or an equals sign, and the last one of several", () => {
  const args = [
    ...["--epochs", "3", "--learning-rate=1e-3", "--device=wasm", "--json"],
    ...["--out", "a b", "--epochs=4", "--seed=0"],
  ];
  assert.deepEqual(parseFlags(flags, args), {
    epochs: 4,
    seed: 0,
    "learning-rate": 1e-3,
    device: "wasm",
    out: "a b",
    json: true,
  });
});

const ALL = "--epochs, --seed, --learning-rate, --device, --out, --json";

Deno.test("parseFlags() lists the valid flags if one is unknown", () => {
  for (const wrong of ["--no-json", "-e", "--", "--toString", "--__proto__"]) {
    assert.throws(() => parseFlags(flags, [wrong]), (error) => {
      assert.ok(error instanceof FlagError);
      assert.equal(error.message, `Cannot use "${wrong}": it must be one of ${ALL}`);
      return true;
    });
  }
});

Deno.test("parseFlags() says of a stray word that it is none of a flag's values", () => {
  const cases: [string[], string][] = [
    [["colour"], `Cannot use "colour": it must be one of ${ALL}`],
    [["--seed", "1", "colour"], `Cannot use "colour": it must be one of ${ALL}`],
    [["--json", "yes"], 'Cannot use "yes": --json takes no value'],
    [["--json", "epochs"], 'Cannot use "epochs": there is no such flag. Did you mean --epochs?'],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseFlags(flags, args), { name: "FlagError", message });
  }
  const many = Object.fromEntries("abcdefghi".split("").map((name) => [name, { kind: "switch", help: "" }]));
  assert.throws(() => parseFlags(many as Flags, ["colour"]), {
    message: 'Cannot use "colour": this task takes only flags, which begin with --',
  });
});

Deno.test("parseFlags() says which flag or value was meant, where that is clear", () => {
  const cases: [string[], string][] = [
    [["--epoch", "3"], 'Cannot use "--epoch": there is no such flag. Did you mean --epochs?'],
    [["epochs=3"], 'Cannot use "epochs=3": there is no such flag. Did you mean --epochs?'],
    [["-seed", "3"], "Did you mean --seed?"],
    [["--lr=0.1"], "Did you mean --learning-rate?"],
    [["--learning_rate=0.1"], "Did you mean --learning-rate?"],
    [["--device", "wsam"], 'it must be one of auto, wasm: current value is "wsam" (did you mean wasm?)'],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseFlags(flags, args), (error) => {
      assert.ok(error instanceof FlagError);
      assert.ok(error.message.endsWith(message), `${args.join(" ")}: ${error.message}`);
      return true;
    });
  }
});

Deno.test("nearest() finds parts, initials and slips, the closest first, and nothing for what is unlike all", () => {
  const words = ["epochs", "steps", "learning-rate", "batch-size", "label-smoothing", "limit"];
  const meant = {
    ...{
      "epoch": "epochs",
      "EPOCHS": "epochs",
      "epcohs": "epochs",
      "rate": "learning-rate",
      "learn": "learning-rate",
    },
    ...{ "bs": "batch-size", "batchsize": "batch-size", "learning-rat": "learning-rate", "step": "steps" },
    ...{ "label-smoothing-rate": "label-smoothing", "limits": "limit", "lmiit": "limit" },
  };
  for (const [given, word] of Object.entries(meant)) assert.equal(nearest(given, words), word, given);
  for (const given of ["", "x", "zzzzzz", "constructor", "e".repeat(1e6)]) {
    assert.equal(nearest(given, words), undefined, given.slice(0, 20));
  }
});

Deno.test("parseFlags() says which values are valid if one is not", () => {
  const cases: [string[], string][] = [
    [["--epochs", "0"], 'Cannot use --epochs: it must be a whole number from 1 on: current value is "0"'],
    [["--epochs", "1.5"], 'a whole number from 1 on: current value is "1.5"'],
    [["--epochs", "1e3"], 'a whole number from 1 on: current value is "1e3"'],
    [["--epochs", "99999999999999999999"], "a whole number from 1 on"],
    [["--epochs"], "it must be given a value, a whole number from 1 on"],
    [["--epochs", "--json"], 'a whole number from 1 on: current value is "--json"'],
    [["--epochs="], 'a whole number from 1 on: current value is ""'],
    [["--seed", "4294967296"], "a whole number from 0 to 4294967295"],
    [["--learning-rate", "-1"], 'a positive number: current value is "-1"'],
    [["--learning-rate", "0"], "a positive number"],
    [["--learning-rate", "Infinity"], "a positive number"],
    [["--learning-rate", "1e999"], "a positive number"],
    [["--learning-rate", "1.2.3"], "a positive number"],
    [["--device", "gpu"], 'Cannot use --device: it must be one of auto, wasm: current value is "gpu"'],
    [["--out="], 'Cannot use --out: it must be a folder: current value is ""'],
    [["--json=yes"], "Cannot use --json=yes: --json takes no value"],
  ];
  for (const [args, message] of cases) {
    assert.throws(() => parseFlags(flags, args), (error) => {
      assert.ok(error instanceof FlagError);
      assert.ok(error.message.includes(message), `${args.join(" ")}: ${error.message}`);
      return true;
    });
  }
});

Deno.test("helpText() shows every flag with its value and its default", () => {
  assert.equal(
    helpText("train", "Trains.", flags),
    `Trains.

Usage: deno task train [flags]

  --epochs N         passes
  --seed N           of everything (default 1)
  --learning-rate X  of the optimizer (default 0.1)
  --device NAME      what computes: auto, wasm (default auto)
  --out FOLDER       where to
  --json             lines of JSON`,
  );
});

Deno.test("parseFlags() takes operands between flags, in order, and requires enough of them", () => {
  const withRuns = {
    runs: { kind: "operands", placeholder: "RUN", least: 1, help: "the folders of runs" },
    json: flags.json,
  } as const satisfies Flags;
  assert.deepEqual(parseFlags(withRuns, ["a", "--json", "b"]), { runs: ["a", "b"], json: true });
  assert.throws(() => parseFlags(withRuns, []), {
    name: "FlagError",
    message: "Cannot start: RUN must be given, the folders of runs",
  });
  assert.throws(
    () => parseFlags(withRuns, ["a", "--runs", "b"]),
    /Cannot use "--runs": it must be one of --json/,
  );
  assert.throws(() => parseFlags(flags, ["a"]), /Cannot use "a"/);
  assert.match(
    helpText("plot", "Plots.", withRuns),
    /Usage: deno task plot RUN … \[flags\]\n\n {2}RUN {5}the folders/,
  );
});

Deno.test("asksForHelp() finds --help and -h among any arguments, but not after --", () => {
  for (
    const args of [["--help"], ["-h"], ["a", "--wrong", "-h"], ["--steps", "x", "--help"], ["-h", "--", "a"]]
  ) {
    assert.equal(asksForHelp(args), true, args.join(" "));
  }
  for (const args of [[], ["help"], ["--", "-h"], ["-help"], ["--helpful"], ["a", "--", "--help"]]) {
    assert.equal(asksForHelp(args), false, args.join(" "));
  }
  const withHelp = { ...flags, help: { kind: "switch", help: "print this" } } as const satisfies Flags;
  assert.match(helpText("train", "Trains.", withHelp), /\n {2}-h, --help {9}print this$/);
});
