import assert from "node:assert/strict";
import { sayWhatIsMissing } from "../../page/features.ts";

Deno.test("what a browser lacks is named in one sentence", () => {
  const browser = { Worker, OffscreenCanvas: {}, DecompressionStream, Promise };
  assert.equal(sayWhatIsMissing(browser), null);
  assert.equal(
    sayWhatIsMissing({ ...browser, DecompressionStream: undefined, Promise: {} }),
    "This browser lacks DecompressionStream and Promise.withResolvers, which this page needs: " +
      "use Chrome 119, Firefox 121 or Safari 17.4, or a later one.",
  );
});
