/**
 * Lines on axes, and the legend that says what they are.
 *
 * @module
 */
import { type Axes, RIGHT, TITLE_LEFT } from "./axes.ts";
import { CHARACTER, element, round, text } from "./svg.ts";
import { wrapWords } from "./words.ts";

/** The usual width of a line. */
export const LINE = 1.75;

const MOST_DOTS = 30; // the points of a longer line are not marked
const LARGE = 1e6; // the first number that is too wide to label an axis with all its digits
const LEGEND_LINE = 22, KEY_WIDTH = 38;

/** How many characters a line of the legend has. */
const ROOM = Math.floor((RIGHT - TITLE_LEFT - KEY_WIDTH) / CHARACTER);

/** How a line looks. */
export interface LineLook {
  /** A class, such as `series0`. */
  readonly colour: string;
  readonly width: number;
  readonly dashes?: string;
  /** 0 … 1; 1 by default. */
  readonly opacity?: number;
  /** How far the dot of a point is filled that stands alone, where no dashes show: 0 … 1; 1 by default. */
  readonly fill?: number;
  /** Whether the points of a short line are marked; they are by default. */
  readonly dots?: boolean;
}

/** An entry of the legend: a mark, and what it means. */
export interface Key {
  readonly mark: string;
  readonly words: string;
  readonly strong: boolean;
}

/** Draws a line through points. What is not finite leaves a gap; a point between two gaps is a dot. */
export function drawLine(
  points: readonly { readonly x: number; readonly y: number }[],
  { x, y }: Pick<Axes, "x" | "y">,
  look: LineLook,
): string {
  const { dots = true } = look, pieces = unbroken(points);
  const place = (point: { x: number; y: number }) => `${round(x.at(point.x))} ${round(y.at(point.y))}`;
  const lines = pieces.filter((piece) => piece.length > 1).map((piece) => `M${piece.map(place).join("L")}`);
  const marked = pieces.filter(({ length }) => length === 1 || (dots && points.length <= MOST_DOTS)).flat();
  return element(
    "g",
    { class: look.colour },
    element("path", {
      d: lines.join(""),
      fill: "none",
      stroke: "currentColor",
      "stroke-width": look.width,
      "stroke-linejoin": "round",
      "stroke-dasharray": look.dashes,
      "stroke-opacity": look.opacity,
    }),
    ...marked.map((point) => drawDot(x.at(point.x), y.at(point.y), points.length === 1 ? look : {})),
  );
}

/** A point of a line. */
export function drawDot(cx: number, cy: number, { fill = 1 }: Pick<LineLook, "fill">): string {
  if (fill === 1) return element("circle", { cx, cy, r: 2.5, fill: "currentColor" });
  const ring = { fill: "currentColor", "fill-opacity": fill, stroke: "currentColor", "stroke-width": 1.5 };
  return element("circle", { class: "ground", cx, cy, r: 3 }) + element("circle", { cx, cy, r: 3, ...ring });
}

/** The pieces of a line between its gaps. */
function unbroken<Point extends { readonly y: number }>(points: readonly Point[]): Point[][] {
  const pieces: Point[][] = [[]];
  for (const point of points) {
    if (Number.isFinite(point.y)) pieces[pieces.length - 1].push(point);
    else pieces.push([]);
  }
  return pieces.filter((piece) => piece.length > 0);
}

/** Draws keys from `top` down, each on as many lines as its words need. */
export function drawKeys(keys: readonly Key[], top: number): { svg: string; bottom: number } {
  let y = top;
  const drawn = keys.flatMap(({ mark, words, strong }) => {
    const lines = wrapWords(words, ROOM);
    const first = y + LEGEND_LINE - 4;
    y += lines.length * LEGEND_LINE;
    return [
      ...(mark ? [element("g", { transform: `translate(0 ${first})` }, mark)] : []),
      ...lines.map((line, i) =>
        text(line, { class: strong ? "ink" : "soft", x: TITLE_LEFT + KEY_WIDTH, y: first + i * LEGEND_LINE })
      ),
    ];
  });
  return { svg: drawn.join(""), bottom: y };
}

/** A piece of a line, for words with their baseline at 0. */
export function drawMark({ colour, width, dashes, opacity }: LineLook): string {
  return element("path", {
    class: colour,
    d: `M${TITLE_LEFT} -5h28`,
    stroke: "currentColor",
    "stroke-width": width,
    "stroke-dasharray": dashes,
    "stroke-opacity": opacity,
  });
}

/** A ring around a point. */
export function drawRing(cx: number, cy: number): string {
  return element("circle", { cx, cy, r: 6, fill: "none", stroke: "currentColor", "stroke-width": LINE });
}

/** Commas between thousands; powers of ten for very small and very large numbers. */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(6)), size = Math.abs(rounded);
  if (size !== 0 && (size < 1e-4 || size >= LARGE)) {
    return rounded.toExponential().replace("e-", "e−").replace("e+", "e");
  }
  const [whole, fraction] = String(rounded).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
