/**
 * Pictures as PNG. What it takes, some 5 MB of WebAssembly and a font, is loaded when the first picture is drawn.
 *
 * @module
 */

/** How {@link toPng} draws. */
export interface RasterOptions {
  /** Pixels of the PNG for one of the picture; 1.5 by default. */
  readonly scale?: number;
}

type Renderer = (svg: string, options: RasterOptions) => Uint8Array<ArrayBuffer>;

let renderer: Promise<Renderer> | undefined;

/** Draws an SVG, in its light colours. */
export async function toPng(svg: string, options: RasterOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
  renderer ??= loadRenderer();
  return (await renderer)(svg, options);
}

/** Imported as bytes, both files need no permission to read. */
async function loadRenderer(): Promise<Renderer> {
  const [{ initWasm, Resvg }, wasm, ...fonts] = await Promise.all([
    import("@resvg/resvg-wasm"),
    import("@resvg/resvg-wasm/index_bg.wasm", { with: { type: "bytes" } }),
    import("@fontsource/pt-sans/files/pt-sans-latin-400-normal.woff2", { with: { type: "bytes" } }),
    import("@fontsource/pt-sans/files/pt-sans-latin-700-normal.woff2", { with: { type: "bytes" } }),
    import("@fontsource/noto-sans-math/files/noto-sans-math-latin-400-normal.woff2", { // arrows
      with: { type: "bytes" },
    }),
  ]);
  await initWasm(wasm.default);
  const font = { fontBuffers: fonts.map((font) => font.default), defaultFontFamily: "PT Sans" };
  return (svg, { scale = 1.5 }) => {
    const resvg = new Resvg(svg, { font, fitTo: { mode: "zoom", value: scale } });
    const image = resvg.render();
    const png = new Uint8Array(image.asPng());
    image.free();
    resvg.free();
    return png;
  };
}
