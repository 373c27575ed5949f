/**
 * Opens what people bring: networks and pictures.
 *
 * @module
 */
/// <reference lib="dom" />
import { decodeBlob } from "../ink/picture.ts";
import { replaceSheet } from "../ink/source.ts";
import { models, shown } from "../state.ts";
import { announce } from "../announce.ts";
import { notice } from "./follow.ts";
import { playUnasked } from "./play.ts";
import type { Reader } from "./reader.ts";
import { findModel, type FoundFile } from "./run_folder.ts";

let opened = 0;

/** Opens the network in files, and shows it beside the one that is shown. @throws {Error} If there is none that can be opened. */
export async function openNetwork(reader: Reader, files: readonly FoundFile[]): Promise<void> {
  const { name: plain, model } = await findModel(files), id = `opened-${++opened}`;
  const same = models.value.filter(({ name }) => name === plain || name.startsWith(`${plain} (`)).length;
  const name = same === 0 ? plain : `${plain} (${same + 1})`;
  const { axis, reversed, shuffled, classNames } = await reader.open(id, model);
  models.value = [...models.value, {
    id,
    name,
    origin: "opened",
    model,
    axis,
    reversed,
    shuffled,
    classNames,
  }];
  shown.value = [...shown.value.slice(0, 1), id];
  notice.value = "";
  announce(`${name} is open`);
}

/** Puts a picture on the sheet. @throws {Error} If it is none, or shows no digit. */
export async function openPicture(reader: Reader, picture: Blob): Promise<void> {
  const pixels = await reader.prepare(await decodeBlob(picture));
  replaceSheet({ kind: "pixels", pixels: pixels! });
  notice.value = "";
  playUnasked();
}
