/**
 * What deno.json gives the programs that tasks start.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };

/** The commands of all tasks, by name. */
export const COMMANDS: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(config.tasks as Record<string, { command: string }>).map((
    [name, { command }],
  ) => [name, command]),
);

/** The flags of each `deno run` and `deno test` in the command of a task, as they stand. */
export function flagsOf(task: string): string[][] {
  return COMMANDS[task].split("&&")
    .map((part) => part.trim().replace(/^(\w+=\S+ )+/, "").split(" ")) // without its environment
    .filter(([program, subcommand]) => program === "deno" && ["run", "test"].includes(subcommand))
    .map((words) => words.filter((word) => word.startsWith("-")));
}

/** The recipes that train on images, in the order of a course. */
export const IMAGE_RECIPES: readonly string[] = [
  "train-rnn",
  "train-tanh-rnn",
  "train-lstm-adam",
  "train-lstm",
  "train-lstm-dropout",
  "train-gru",
  "train-bilstm",
  "train-keras-guide",
  "train-mnist-rnn",
  "train-irnn",
  "train-pixels",
  "train-best",
];
