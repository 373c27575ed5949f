/**
 * Executes the notebooks from their first cell to their last, as Jupyter does, and checks the outputs.
 *
 *     deno task check-notebook            trains on 640 digits in copies; exit code 1 if a cell fails or shows nothing
 *     deno task check-notebook --write    trains on all digits, and keeps the outputs in the notebooks
 *
 * Needs `jupyter-nbconvert` (Debian's package of that name). The kernel is this Deno; nothing is installed anywhere.
 */
import "./support/deno_version.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";

const ROOT = new URL("../", import.meta.url).pathname;
/** The notebooks, and how many pictures each must show at least. */
const NOTEBOOKS = { train_lstm: 7, look_inside: 6 };
const ATTEMPTS = 3;
const FEW_DIGITS = { SCANLINE_LIMIT: "640", SCANLINE_EPOCHS: "1" };

interface Cell {
  readonly cell_type: string;
  readonly source: readonly string[];
  metadata: Record<string, unknown>;
  outputs?: { data?: Record<string, unknown> }[];
}

const command = {
  name: "check-notebook",
  about: "Executes the notebooks, and checks their outputs.",
  flags: {
    write: { kind: "switch", help: "train on all digits, and keep the outputs in the notebooks" },
    help: OUTPUT_FLAGS.help,
  },
} as const;

await runCommand(command, async ({ write }) => {
  const folder = await makeKernel();
  try {
    for (const [name, fewest] of Object.entries(NOTEBOOKS)) {
      const path = `${ROOT}notebooks/${name}.ipynb`;
      const notebook = await executeAll({ path, fewest }, folder, write ? {} : FEW_DIGITS);
      if (write) {
        for (const cell of notebook.cells) cell.metadata = {}; // drops the times of execution
        await Deno.writeTextFile(path, JSON.stringify(notebook, null, 1) + "\n");
      }
      const { cells } = notebook;
      console.log(`${name} runs: ${cells.length} cells, ${countPictures(cells)} pictures`);
    }
    return 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** A folder with a kernel called `deno`, which `deno jupyter --install` would put into the user's home. */
async function makeKernel(): Promise<string> {
  await Deno.mkdir("runs", { recursive: true });
  const folder = `${ROOT}${await Deno.makeTempDir({ dir: "runs" })}`;
  await Deno.mkdir(`${folder}/kernels/deno`, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  const spec = JSON.stringify({ argv, display_name: "Deno", language: "typescript" });
  await Deno.writeTextFile(`${folder}/kernels/deno/kernel.json`, spec);
  return folder;
}

/** Executes it up to three times: on a busy machine, outputs sometimes get lost between Deno's kernel and nbconvert. */
async function executeAll(
  { path, fewest }: { path: string; fewest: number },
  folder: string,
  env: Record<string, string>,
): Promise<{ cells: Cell[] }> {
  for (let left = ATTEMPTS - 1;; left--) {
    const notebook = JSON.parse(await execute(path, folder, env)), fault = findFault(notebook.cells, fewest);
    if (fault === null) return notebook;
    if (left === 0) throw new Error(`Cannot accept ${path}: ${fault}`);
    console.error(`Cannot accept ${path}: ${fault}; trying again`);
  }
}

async function execute(path: string, folder: string, env: Record<string, string>): Promise<string> {
  const args = ["--to=notebook", "--execute", `--output-dir=${folder}`, "--output=executed.ipynb", path];
  const nbconvert = new Deno.Command("jupyter-nbconvert", { args, env: { JUPYTER_PATH: folder, ...env } });
  try {
    const { success, stderr } = await nbconvert.output();
    if (success) return await Deno.readTextFile(`${folder}/executed.ipynb`);
    throw new Error(`Cannot execute ${path}: every cell must run:\n${new TextDecoder().decode(stderr)}`);
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new Error(
      "Cannot execute the notebooks: jupyter-nbconvert must be installed; Debian has a package of that name",
      { cause },
    );
  }
}

/** What is missing: every code cell but the first must show something, and together they must show enough pictures. */
function findFault(cells: readonly Cell[], fewest: number): string | null {
  const code = cells.filter(({ cell_type }) => cell_type === "code").slice(1);
  const silent = code.find(({ outputs = [] }) => outputs.length === 0);
  if (silent) return `every cell must show something: current value is ${silent.source[0].trim()}`;
  const pictures = countPictures(cells);
  return pictures < fewest ? `it must show ${fewest} pictures: current value is ${pictures}` : null;
}

function countPictures(cells: readonly Cell[]): number {
  return cells.flatMap(({ outputs = [] }) => outputs).filter(({ data }) => data?.["image/svg+xml"]).length;
}
