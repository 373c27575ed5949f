/**
 * Where networks read: the sheet, the scan line, and one network or two.
 *
 * @module
 */
/// <reference lib="dom" />
import { effect, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { followAddress, openAddress } from "../address_bar.ts";
import { ROOT } from "../assets.ts";
import { Sheet } from "../ink/sheet.tsx";
import { placeOnSheet } from "../ink/place_on_sheet.ts";
import { source, strokesOf } from "../ink/source.ts";
import { Tools } from "./tools.tsx";
import { formatShare } from "../../lib/view/words.ts";
import { image, line, readings, shown } from "../state.ts";
import { announceAnswer, spoken } from "../announce.ts";
import { filesOfDrop, filesOfList, pictureIn } from "./dropped.ts";
import { fail, follow, notice, report, sayFull, shownModels } from "./follow.ts";
import { answerAfter, lengthOfNames, LINES } from "./lines.ts";
import { Networks } from "./networks.tsx";
import { openNetwork, openPicture } from "./open.ts";
import { isPlaying, pause, playUnasked, speed } from "./play.ts";
import { Reader } from "./reader.ts";
import { fetchShipped, SHIPPED } from "./shipped.ts";
import { said, Transport } from "./transport.tsx";

let started: Reader | null = null;

/** Starts all that the room needs, once. */
function start(): Reader {
  if (started) return started;
  started = new Reader(() => new Worker(new URL("workers/reader.js", ROOT), { type: "module" }));
  follow(started);
  if (!openAddress()) playUnasked();
  followAddress();
  effect(() => shown.value.forEach((id) => fetchShipped(id).catch((error) => fail(id, error))));
  fetchShipped(SHIPPED[0].id).catch(() => {}); // index.html asks for it before it knows which networks are shown
  effect(() => {
    const text = said.value;
    if (!text || isPlaying.value || !image.value) return;
    if (document.activeElement?.id !== "scan") announceAnswer(text); // a slider says its own value
  });
  return started;
}

/** The room. */
export function ReadingRoom(): JSX.Element {
  const isDropping = useSignal(false);
  useEffect(() => {
    const reader = start();
    const listeners = new AbortController(), { signal } = listeners;
    const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes("Files") ?? false;
    addEventListener("drop", (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      isDropping.value = false;
      takeFiles(reader, event.dataTransfer!).catch(report);
    }, { signal });
    addEventListener("dragover", (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      isDropping.value = true;
    }, { signal });
    addEventListener("dragleave", ({ relatedTarget }: DragEvent) => {
      if (relatedTarget === null) isDropping.value = false; // out of the window
    }, { signal });
    addEventListener("paste", ({ clipboardData }: ClipboardEvent) => {
      if (clipboardData?.files.length) takeFiles(reader, clipboardData).catch(report);
    }, { signal });
    return () => listeners.abort();
  }, []);
  const onDraw = () => {
    pause();
    line.value = LINES;
  };
  return (
    <div class="reading">
      {isDropping.value && (
        <p class="dropping">
          Drop a picture of a digit, the folder of a run, its zip, or a .safetensors file
        </p>
      )}
      <div class="desk">
        <Sheet onDraw={onDraw} onFull={sayFull}>
          <LineOnSheet />
        </Sheet>
        <Glance />
        <Notice />
        <Tools onPicture={(picture) => openPicture(start(), picture).catch(report)} />
        <details class="help">
          <summary>What you see, keys, your own files</summary>
          <p id="sheet-keys">
            With the keyboard: arrow keys move the pen, and Home, End, Page Up and Page Down move it
            diagonally; with Shift it moves further. Space puts it down and lifts it, Backspace undoes, Ctrl+Y
            takes that back, Delete clears.
          </p>
          <p>
            Beside the image stands what the network thinks after each line: a column for each class, the
            stronger the colour, the likelier. A dashed line says where it made up its mind. Below are its
            cells, one beside the other: blue is below 0, orange above.
          </p>
          <p>
            Drag over the marks beside the image that the network sees, or with a mouse over the image, to
            hide lines from the network.
          </p>
          <p>
            Drop or paste a picture of a digit anywhere. Drop the folder of a run that Scanline trained, its
            zip, or a .safetensors file that it wrote, to watch that network; or choose it here:
          </p>
          <Open />
        </details>
      </div>
      <div class="stack">
        <Transport />
        <Networks />
      </div>
      <p class="spoken" role="status" aria-live="polite">{spoken}</p>
    </div>
  );
}

/** Opens the picture or the network that was dropped or pasted. */
async function takeFiles(reader: Reader, data: DataTransfer): Promise<void> {
  const picture = pictureIn([...data.files]);
  if (picture) return await openPicture(reader, picture);
  await openNetwork(reader, await filesOfDrop(data));
}

/** The scan line of the first network, on the sheet. */
function LineOnSheet(): JSX.Element | null {
  const pixels = image.value, [model] = shownModels.value, at = line.value;
  if (!pixels || !model || model.shuffled || at === 0 || at === LINES) return null;
  const axis = model.axis === "columns" ? "columns" : "rows";
  const strokes = strokesOf(source.value), last = model.reversed ? LINES - at : at;
  const place = `${100 * placeOnSheet(last, { strokes, pixels, axis })}%`;
  const transitionDuration = isPlaying.value ? `${1000 / speed.value}ms` : "0ms";
  return (
    <div
      class="line"
      data-axis={axis}
      style={{ [axis === "columns" ? "left" : "top"]: place, transitionDuration }}
    />
  );
}

/** What the networks think now, where one draws. The live region says it. */
function Glance(): JSX.Element | null {
  const answers = shownModels.value.map(({ id, classNames }) => {
    const reading = readings.value.get(id), answer = reading && answerAfter(reading, line.value);
    const length = lengthOfNames({ classNames });
    return answer && image.value
      ? { name: classNames[answer.best], share: formatShare(answer.share, 100), length }
      : { name: "?", share: "", length };
  });
  return (
    <p class="glance figure" aria-hidden="true">
      {answers.map((answer, i) => (
        <span key={i} data-names={answer.length}>
          <b>{answer.name}</b> {answer.share}
        </span>
      ))}
    </p>
  );
}

/** What went wrong last. */
function Notice(): JSX.Element {
  return (
    <div role="alert">
      {notice.value && (
        <p class="error row">
          {notice.value} <button type="button" onClick={closeNotice}>Close</button>
        </p>
      )}
    </div>
  );
}

/** The button goes: the sheet takes its focus. */
function closeNotice(): void {
  notice.value = "";
  document.getElementById("sheet")!.focus();
}

/** Opens networks by a dialog. */
function Open(): JSX.Element {
  const take = (input: HTMLInputElement) => {
    const files = filesOfList(input.files ?? []);
    input.value = "";
    if (files.length > 0) openNetwork(start(), files).catch(report);
  };
  return (
    <div class="row">
      <label class="button">
        Folder of a run…
        <input
          type="file"
          ref={(input) => {
            if (input) input.webkitdirectory = true;
          }}
          onChange={(event) => take(event.currentTarget)}
        />
      </label>
      <label class="button">
        Safetensors or zip…
        <input type="file" accept=".safetensors,.zip" onChange={(event) => take(event.currentTarget)} />
      </label>
    </div>
  );
}
