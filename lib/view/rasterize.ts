/**
 * Pictures as PNG. The renderer, some 5 MB of WebAssembly and fonts, is loaded for the first picture.
 *
 * @module
 */
import { rawImports } from "../raw_imports.ts";

const SCALE = 1.5; // pixels of the PNG for each of the picture

type Renderer = (svg: string) => Uint8Array<ArrayBuffer>;

let renderer: Promise<Renderer> | undefined;

/** Draws an SVG, in its light colours. */
export async function toPng(svg: string): Promise<Uint8Array<ArrayBuffer>> {
  renderer ??= loadRenderer();
  return (await renderer)(svg);
}

/** Imports the files as bytes, which needs no read permission. */
async function loadRenderer(): Promise<Renderer> {
  const [{ initWasm, Resvg }, wasm, ...fonts] = await rawImports(
    "draw PNG",
    Promise.all([
      import("npm:@resvg/resvg-wasm@2.6.2"),
      import("npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm", { with: { type: "bytes" } }),
      import("npm:@fontsource/pt-sans@5.3.0/files/pt-sans-latin-400-normal.woff2", {
        with: { type: "bytes" },
      }),
      import("npm:@fontsource/pt-sans@5.3.0/files/pt-sans-latin-700-normal.woff2", {
        with: { type: "bytes" },
      }),
      import("npm:@fontsource/noto-sans-math@5.3.0/files/noto-sans-math-latin-400-normal.woff2", { // arrows
        with: { type: "bytes" },
      }),
    ]),
  );
  await initWasm(wasm.default);
  const font = { fontBuffers: fonts.map((font) => font.default), defaultFontFamily: "PT Sans" };
  return (svg) => {
    const resvg = new Resvg(svg, { font, fitTo: { mode: "zoom", value: SCALE } });
    const image = resvg.render();
    const png = new Uint8Array(image.asPng());
    image.free();
    resvg.free();
    return png;
  };
}
