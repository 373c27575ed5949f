/**
 * A picture of few pixels, drawn large.
 *
 * @module
 */
/// <reference lib="dom" />
import type { CanvasHTMLAttributes, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Colour } from "./palette.ts";

/** What {@link Pixels} draws. */
export interface PixelsProps extends Omit<CanvasHTMLAttributes<HTMLCanvasElement>, "width" | "height"> {
  readonly width: number;
  readonly height: number;
  /** The colour of each pixel. */
  readonly colourAt: (x: number, y: number) => Colour;
}

/** A canvas with a pixel for each number; CSS says how large it is. */
export function Pixels({ width, height, colourAt, ...others }: PixelsProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const context = canvas.current!.getContext("2d")!, picture = context.createImageData(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const at = 4 * (y * width + x);
        [picture.data[at], picture.data[at + 1], picture.data[at + 2]] = colourAt(x, y);
        picture.data[at + 3] = 255;
      }
    }
    context.putImageData(picture, 0, 0);
  });
  return <canvas ref={canvas} width={width} height={height} {...others} />;
}
