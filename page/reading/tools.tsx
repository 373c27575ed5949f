/**
 * What stands below the sheet: undo, test digits, pictures.
 *
 * @module
 */
/// <reference lib="dom" />
import type { JSX } from "preact";
import { label, report } from "./follow.ts";
import { sayDigit } from "./lines.ts";
import { playUnasked } from "./play.ts";
import { clearAloud, undoAloud } from "../ink/deeds.ts";
import { canUndo, replaceSheet, source } from "../ink/source.ts";
import { loadDigits } from "../ink/test_digits.ts";

/** Shows a test digit. */
export async function showDigit(number: number): Promise<void> {
  const { count } = await loadDigits();
  replaceSheet({ kind: "digit", number: (number + count) % count });
  playUnasked();
}

/** Shows any test digit but the one that is shown. */
async function showRandomDigit(): Promise<void> {
  const { count } = await loadDigits(), now = source.value.kind === "digit" ? source.value.number : -1;
  const [random] = crypto.getRandomValues(new Uint32Array(1)), number = random % count;
  await showDigit(number === now ? number + 1 : number);
}

/** What browsers decode. */
const PICTURES = ["png", "jpeg", "webp", "gif", "bmp", "avif"].map((kind) => `image/${kind}`).join();

/** The tools. @param onPicture Called with a picture that was chosen */
export function Tools({ onPicture }: { readonly onPicture: (picture: File) => void }): JSX.Element {
  const sheet = source.value, number = sheet.kind === "digit" ? sheet.number : null;
  const step = (by: number) => showDigit(number === null ? 0 : number + by).catch(report);
  return (
    <div class="tools">
      <div class="row">
        <button type="button" onClick={undoAloud} aria-disabled={!canUndo.value}>Undo</button>
        <button type="button" onClick={clearAloud} aria-disabled={sheet.kind === "empty"}>Clear</button>
        <label class="button">
          Picture…
          <input
            type="file"
            accept={PICTURES}
            onChange={(event) => {
              const [picture] = event.currentTarget.files ?? [];
              event.currentTarget.value = "";
              if (picture) onPicture(picture);
            }}
          />
        </label>
      </div>
      <div class="row" role="group" aria-label="Test digits of MNIST">
        <button type="button" aria-label="Previous test digit" onClick={() => step(-1)}>‹</button>
        <button type="button" onClick={() => showRandomDigit().catch(report)}>Random test digit</button>
        <button type="button" aria-label="Next test digit" onClick={() => step(1)}>›</button>
        <output class="quiet">
          {number === null
            ? ""
            : `Test digit ${number}${label.value === null ? "" : `: ${sayDigit(label.value)}`}`}
        </output>
      </div>
    </div>
  );
}
