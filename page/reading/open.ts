/**
 * Opens what people bring: networks and pictures.
 *
 * @module
 */
/// <reference lib="dom" />
import { bring, type Source } from "../ink/source.ts";
import { models, shown } from "../state.ts";
import { announce } from "../announce.ts";
import { notice } from "./follow.ts";
import { LINES } from "./lines.ts";
import { playUnasked } from "./play.ts";
import type { Reader } from "./reader.ts";
import { findModel, type FoundFile } from "./run_folder.ts";

let asked = 0;

/**
 * Opens the network in files, and shows it beside the one that is shown, unless another one was chosen or asked for meanwhile.
 *
 * @throws {Error} If there is none that can be opened, or it has no answer.
 */
export async function openNetwork(reader: Reader, files: readonly FoundFile[]): Promise<void> {
  const number = ++asked, id = `opened-${number}`, before = shown.peek();
  const { name: plain, model } = await findModel(files);
  const about = await reader.open(id, model);
  try {
    await reader.read(id, new Uint8Array(LINES * LINES)); // weights can be so large that no answer is a number
  } catch (error) {
    reader.close(id);
    throw error;
  }
  const names = new Set(models.value.map(({ name }) => name));
  let name = plain;
  for (let number = 2; names.has(name); number++) name = `${plain} (${number})`;
  models.value = [...models.value, { id, name, origin: "opened", model, ...about }];
  const isWanted = number === asked && shown.peek() === before;
  if (isWanted) shown.value = [...before.slice(0, 1), id];
  notice.value = isWanted ? "" : `${name} is open: choose it in the list of networks`;
  announce(`${name} is open`);
}

/** Puts a picture on the sheet, unless something else came there meanwhile. @throws {Error} If it is none, or shows no digit. */
export async function openPicture(reader: Reader, picture: Blob): Promise<void> {
  const prepared = reader.prepare(picture).then((pixels): Source => ({ kind: "pixels", pixels: pixels! }));
  if (!await bring(prepared)) return;
  notice.value = "";
  playUnasked();
}
