/** A process of its own that acquires the small data set: folder, URL. */
import { acquireDataset } from "../../../lib/data/acquire.ts";
import { SMALL_ENTRY } from "./small_dataset.ts";

const [folder, url] = Deno.args;
await acquireDataset(SMALL_ENTRY, {
  folder,
  sources: [{ kind: "mirror", url }],
  onEvent: (event) => console.log(event.kind),
});
