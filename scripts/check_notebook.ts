/**
 * Executes the notebook from its first cell to its last, as Jupyter would, and looks at what came of it.
 *
 *     deno task check-notebook            on 640 digits, in a copy: exit 1 if a cell fails or shows nothing
 *     deno task check-notebook --write    on all digits, and keeps the outputs in the notebook
 *
 * Takes `jupyter-nbconvert` (Debian's package of this name). The kernel is this Deno; nothing is installed anywhere.
 */
import "./support/deno_version.ts";
import { asksForHelp, FlagError, type Flags, helpText, parseFlags } from "./support/flags.ts";
import { messageOf } from "./support/message.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const NOTEBOOK = `${ROOT}notebooks/train_lstm.ipynb`;
const FEWEST_PICTURES = 7;
const ATTEMPTS = 3;

const FLAGS = {
  write: { kind: "switch", help: "take all digits, and keep the outputs in the notebook" },
  help: { kind: "switch", help: "print this" },
} as const satisfies Flags;

interface Cell {
  readonly cell_type: string;
  readonly source: readonly string[];
  metadata: Record<string, unknown>;
  outputs?: { output_type: string; data?: Record<string, unknown>; ename?: string; evalue?: string }[];
}

/** A folder with a kernel named `deno`, as `deno jupyter --install` makes one in the user's home. */
async function makeKernel(): Promise<string> {
  await Deno.mkdir("runs", { recursive: true });
  const folder = `${ROOT}${await Deno.makeTempDir({ dir: "runs" })}`;
  await Deno.mkdir(`${folder}/kernels/deno`, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  const spec = JSON.stringify({ argv, display_name: "Deno", language: "typescript" });
  await Deno.writeTextFile(`${folder}/kernels/deno/kernel.json`, spec);
  return folder;
}

async function execute(folder: string, env: Record<string, string>): Promise<string> {
  const args = ["--to=notebook", "--execute", `--output-dir=${folder}`, "--output=executed.ipynb", NOTEBOOK];
  try {
    const environment = { JUPYTER_PATH: folder, ...env };
    const { success, stderr } = await new Deno.Command("jupyter-nbconvert", { args, env: environment })
      .output();
    if (!success) {
      const reason = new TextDecoder().decode(stderr);
      throw new Error(`Cannot execute ${NOTEBOOK}: every cell must run: current value is\n${reason}`);
    }
    return await Deno.readTextFile(`${folder}/executed.ipynb`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      "Cannot execute the notebook: jupyter-nbconvert must be installed; " +
        "Debian has it as a package of this name",
      { cause: error },
    );
  }
}

/** What a notebook lacks: every cell of code but the first shows something, and together they show enough pictures. */
function findFault(cells: readonly Cell[]): string | null {
  const code = cells.filter(({ cell_type }) => cell_type === "code").slice(1);
  const silent = code.find(({ outputs = [] }) => outputs.length === 0);
  if (silent) return `each cell must show something: ${silent.source[0].trim()}`;
  const pictures = countPictures(cells);
  return pictures < FEWEST_PICTURES
    ? `it must show ${FEWEST_PICTURES} pictures: current value is ${pictures}`
    : null;
}

function countPictures(cells: readonly Cell[]): number {
  return cells.flatMap(({ outputs = [] }) => outputs).filter(({ data }) => data?.["image/svg+xml"]).length;
}

/**
 * Executes it until nothing is missing, three times at most: on a busy machine an output gets lost between Deno's kernel
 * and nbconvert now and then. What is missing every time is not shown.
 */
async function executeAll(folder: string, env: Record<string, string>): Promise<{ cells: Cell[] }> {
  for (let left = ATTEMPTS - 1;; left--) {
    const notebook = JSON.parse(await execute(folder, env)), fault = findFault(notebook.cells);
    if (fault === null) return notebook;
    if (left === 0) throw new Error(`Cannot accept the notebook: ${fault}`);
    console.error(`Cannot accept the notebook: ${fault}; executed again`);
  }
}

async function main(): Promise<number> {
  if (asksForHelp(Deno.args)) {
    console.log(helpText("check-notebook", "Executes the notebook, and looks at what came of it.", FLAGS));
    return 0;
  }
  const { write } = parseFlags(FLAGS, Deno.args);
  const folder = await makeKernel();
  try {
    const few = { SCANLINE_LIMIT: "640", SCANLINE_EPOCHS: "1" };
    const notebook = await executeAll(folder, write ? {} : few);
    const pictures = countPictures(notebook.cells);
    if (write) {
      for (const cell of notebook.cells) cell.metadata = {}; // without the times of execution
      await Deno.writeTextFile(NOTEBOOK, JSON.stringify(notebook, null, 1) + "\n");
    }
    console.log(`the notebook runs: ${notebook.cells.length} cells, ${pictures} pictures`);
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

try {
  Deno.exitCode = await main();
} catch (error) {
  console.error(messageOf(error));
  Deno.exit(error instanceof FlagError ? 2 : 1);
}
