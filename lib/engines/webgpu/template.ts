/**
 * WGSL with blocks that the shape of a kernel takes in or leaves out: constants of WGSL cannot choose a type, or name registers.
 *
 *     #if NAME … #else … #end   the lines of one side; NAME is not 0
 *     #each NAME … #end         the lines as many times as NAME says, with $k for 0, 1, …
 *
 * Blocks may lie in one another, except in `#each`.
 *
 * @module
 */

/**
 * Expands the blocks of a template.
 *
 * @throws {SyntaxError} If a block names no value, or is not closed
 */
export function expandTemplate(template: string, values: Readonly<Record<string, number>>): string {
  const lines: string[] = [], open: Block[] = [];
  for (const line of template.split("\n")) {
    const [, word, name] = /^\s*#(if|each|else|end)(?: (\w+))?$/.exec(line) ?? [];
    const block = open.at(-1);
    switch (word) {
      case "if":
      case "each":
        open.push({ times: timesOf(word, valueOf(values, name)), start: lines.length });
        break;
      case "else":
        if (!block) throw misplaced(line);
        closeBlock(lines, block);
        open[open.length - 1] = { times: block.times > 0 ? 0 : 1, start: lines.length };
        break;
      case "end":
        if (!block) throw misplaced(line);
        closeBlock(lines, open.pop()!);
        break;
      default:
        lines.push(line);
    }
  }
  if (open.length > 0) throw new SyntaxError("Cannot expand the template: every block must have its #end");
  return lines.join("\n");
}

/** A block that is not closed: how many times its lines stand in the result, and where they start. */
interface Block {
  readonly times: number;
  readonly start: number;
}

function timesOf(word: "if" | "each", value: number): number {
  return word === "each" ? value : Math.min(value, 1);
}

function valueOf(values: Readonly<Record<string, number>>, name: string | undefined): number {
  const value = name === undefined ? undefined : values[name];
  if (value !== undefined) return value;
  throw new SyntaxError(
    `Cannot expand the template: a block must name one of its values: current value is ${name}`,
  );
}

function misplaced(line: string): SyntaxError {
  return new SyntaxError(`Cannot expand the template: ${line.trim()} must follow #if or #each`);
}

/** Repeats the lines of a block that ends here. */
function closeBlock(lines: string[], { times, start }: Block): void {
  const block = lines.splice(start);
  for (let k = 0; k < times; k++) lines.push(...block.map((line) => line.replaceAll("$k", `${k}`)));
}
