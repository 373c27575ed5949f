import assert from "node:assert/strict";
import { decodePicture } from "../../lib/data/picture.ts";
import golden from "../golden/pictures.json" with { type: "json" };

/** PIL takes the upper byte of 16 bits; here they are rounded. */
const nearly = (name: string) => name.includes("16 bits") ? 1 : 0;

for (const picture of golden) {
  Deno.test(`decodePicture() shows what PIL shows: ${picture.name}`, async () => {
    const { width, height, grey, alpha } = await decodePicture(Uint8Array.fromBase64(picture.file));
    assert.deepEqual([width, height], [picture.width, picture.height]);
    const differs = (found: Uint8Array, wanted: string) => {
      const expected = Uint8Array.fromBase64(wanted);
      assert.equal(found.length, expected.length);
      // Transparent pixels have no colour.
      return found.reduce(
        (most, v, i) => alpha[i] === 0 && found === grey ? most : Math.max(most, Math.abs(v - expected[i])),
        0,
      );
    };
    const [ofGrey, ofAlpha] = [differs(grey, picture.grey), differs(alpha, picture.alpha)];
    assert.ok(Math.max(ofGrey, ofAlpha) <= nearly(picture.name), `grey by ${ofGrey}, alpha by ${ofAlpha}`);
  });
}
