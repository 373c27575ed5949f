/**
 * What stands below the sheet: undo, test digits, pictures.
 *
 * @module
 */
/// <reference lib="dom" />
import type { JSX } from "preact";
import { fail, label, SHEET } from "./follow.ts";
import { sayDigit } from "./lines.ts";
import { playUnasked } from "./play.ts";
import { clearAloud, undoAloud } from "../ink/actions.ts";
import { bring, canUndo, type Source, source } from "../ink/source.ts";
import { loadDigits } from "../ink/test_digits.ts";

/** Shows a test digit, once they are there. @param choose Its number, which may be one too low or too high, of so many */
async function showDigit(choose: (count: number) => number): Promise<void> {
  const digit = async (): Promise<Source> => {
    const { count } = await loadDigits();
    return { kind: "digit", number: (choose(count) + count) % count };
  };
  if (await bring(digit())) playUnasked();
}

const failed = (error: unknown) => fail(SHEET, error);

/** Any number but that of the digit that is shown. */
function randomNumber(count: number): number {
  const now = source.peek(), [random] = crypto.getRandomValues(new Uint32Array(1)), number = random % count;
  return now.kind === "digit" && now.number === number ? number + 1 : number;
}

/** What browsers decode. */
const PICTURES = ["png", "jpeg", "webp", "gif", "bmp", "avif"].map((kind) => `image/${kind}`).join();

/** The tools. @param onPicture Called with a picture that was chosen */
export function Tools({ onPicture }: { readonly onPicture: (picture: File) => void }): JSX.Element {
  const sheet = source.value, number = sheet.kind === "digit" ? sheet.number : null;
  const step = (by: number) => showDigit(() => number === null ? 0 : number + by).catch(failed);
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
        <button type="button" onClick={() => showDigit(randomNumber).catch(failed)}>Random test digit</button>
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
