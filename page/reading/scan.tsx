/**
 * The scan line: over the image, and over what the network thinks after each line of it.
 *
 * @module
 */
/// <reference lib="dom" />
import type { ComponentChildren, JSX, TargetedPointerEvent } from "preact";
import { formatShare } from "../../lib/view/words.ts";
import { line, type ShownModel } from "../state.ts";
import type { ShownReading } from "../workers/messages.ts";
import { hidden, hiddenAxis, hideWhere, saidOfHidden, seen } from "./follow.ts";
import {
  decidedLine,
  lengthOfNames,
  LINES,
  nameOfLines,
  placeOf,
  probabilitiesAfter,
  sayCourse,
  shownClasses,
} from "./lines.ts";
import { colourOfShare } from "./palette.ts";
import { Pixels } from "./pixels.tsx";
import { isPlaying, moveTo, speed } from "./play.ts";
import { theme } from "../theme.ts";

/** Of many classes those are drawn that are ever the likeliest. */
const MOST_CLASSES = 10;

/** A network, and how it read the image. */
export interface Read {
  readonly model: ShownModel;
  readonly reading: ShownReading;
}

/** The image with its ruler, the probabilities after each line, and those after the line that is read, beside what else is said. */
export function Scan(
  { model, reading, children }: Read & { readonly children: ComponentChildren },
): JSX.Element {
  const { axis, reversed = false, classNames } = model, isTall = axis === "columns";
  const classes = shownClasses(reading, MOST_CLASSES), pixels = seen.value, shades = theme.value;
  const shareAt = (index: number, k: number) =>
    probabilitiesAfter(reading, placeOf(index, reversed) + 1)[classes[k]];
  const decided = decidedLine(reading);
  const toLine = (share: number) => moveTo(LINES * (reversed ? 1 - share : share));
  const scrub = dragAlong(isTall, toLine);
  const canHide = isTall === (hiddenAxis.value === "columns");
  return (
    <div class="scan" data-axis={isTall ? "columns" : "rows"}>
      <div class="stage">
        <Ruler isTall={isTall} canHide={canHide} />
        <Pixels
          class={canHide ? "seen usable" : "seen"}
          width={LINES}
          height={LINES}
          role="img"
          aria-label={`What the network sees: ${saidOfHidden.value}`}
          colourAt={(x, y) => {
            const isHidden = hidden.value[hiddenAxis.value === "columns" ? x : y];
            const value = isHidden ? 40 + 24 * ((x + y) % 2) : pixels[y * LINES + x];
            return [value, value, value];
          }}
          {...(canHide ? hideAlong(isTall, ["mouse", "pen"]) : {})}
        />
        <Pixels
          class="heat"
          width={isTall ? LINES : classes.length}
          height={isTall ? classes.length : LINES}
          role="img"
          aria-label={`Probabilities after each ${nameOfLines(axis)}. The likeliest from ${
            sayCourse(reading, model)
          }`}
          colourAt={(x, y) => colourOfShare(isTall ? shareAt(x, y) : shareAt(y, x), shades)}
          {...scrub}
        />
        <Edge at={decided - 1} kind="decided" {...{ isTall, reversed }} />
        <Edge at={line.value} kind="edge" {...{ isTall, reversed }} />
      </div>
      {children}
      <Bars shares={probabilitiesAfter(reading, line.value)} classes={classes} names={classNames} />
    </div>
  );
}

/** A line across the stage, after `at` lines; the scan line veils all that has not been read. */
function Edge(
  { at, kind, isTall, reversed }: {
    readonly at: number;
    readonly kind: "edge" | "decided";
    readonly isTall: boolean;
    readonly reversed: boolean;
  },
): JSX.Element {
  const place = `${100 * (reversed ? LINES - at : at) / LINES}%`;
  const transitionDuration = kind === "edge" && isPlaying.value ? `${1000 / speed.value}ms` : "0ms";
  const veil = reversed
    ? { [isTall ? "right" : "bottom"]: `calc(100% - ${place})` }
    : { [isTall ? "left" : "top"]: place };
  return (
    <>
      {kind === "edge" && <div class="veil" style={{ ...veil, transitionDuration }} />}
      <div class={kind} style={{ [isTall ? "left" : "top"]: place, transitionDuration }} />
    </>
  );
}

/** Calls with the share of an element that the pointer is at, while it is dragged. */
function dragAlong(
  isTall: boolean,
  take: (share: number, isStart: boolean) => void,
  pointers: readonly string[] = ["mouse", "pen", "touch"],
) {
  const tell = (event: TargetedPointerEvent<HTMLElement>, isStart: boolean) => {
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const share = isTall ? (event.clientX - left) / width : (event.clientY - top) / height;
    take(Math.min(1, Math.max(0, share)), isStart);
  };
  return {
    onPointerDown(event: TargetedPointerEvent<HTMLElement>) {
      if (!event.isPrimary || event.button !== 0 || !pointers.includes(event.pointerType)) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      tell(event, true);
    },
    onPointerMove(event: TargetedPointerEvent<HTMLElement>) {
      const isDrag = pointers.includes(event.pointerType); // a finger is captured without being asked
      if (isDrag && event.currentTarget.hasPointerCapture(event.pointerId)) tell(event, false);
    },
  };
}

/** Whether the drag that goes on hides lines or shows them, and where it was last. */
let drag = { hides: true, last: 0 };

/** Hides the lines that are dragged over, or shows them again if the first one was hidden. The keyboard has buttons for that. */
function hideAlong(isTall: boolean, pointers?: readonly string[]) {
  return dragAlong(isTall, (share, isStart) => {
    const at = Math.min(LINES - 1, Math.floor(share * LINES));
    if (isStart) drag = { hides: !hidden.value[at], last: at };
    const [from, to] = [Math.min(at, drag.last), Math.max(at, drag.last)];
    drag.last = at;
    hideWhere((wasHidden, i) => i >= from && i <= to ? drag.hides : wasHidden);
  }, pointers);
}

/** One mark a line. On it a finger hides lines; on the image it scrolls the page. */
function Ruler({ isTall, canHide }: { readonly isTall: boolean; readonly canHide: boolean }): JSX.Element {
  if (!canHide) return <div class="ruler" />;
  return (
    <div
      class="ruler usable"
      aria-hidden="true"
      title={`Drag to hide ${nameOfLines(hiddenAxis.value)}s`}
      {...hideAlong(isTall)}
    >
      {hidden.value.map((isHidden, i) => <i key={i} class={isHidden ? "hidden" : ""} />)}
    </div>
  );
}

/** The probabilities after the line that is read, one bar a class. */
function Bars(
  { shares, classes, names }: {
    readonly shares: Float32Array;
    readonly classes: readonly number[];
    readonly names: readonly string[];
  },
): JSX.Element {
  const best = classes.reduce((best, k) => shares[k] > shares[best] ? k : best, classes[0]);
  return (
    <ol class="bars" data-names={lengthOfNames({ classNames: names })} aria-label="Probabilities now">
      {classes.map((k) => (
        <li key={k} class={k === best ? "best" : ""} title={names[k]}>
          <span class="bar" aria-hidden="true">
            <i style={{ "--share": String(shares[k]) }} />
          </span>
          <b>{names[k]}</b>
          <span class="spoken">{formatShare(shares[k], 100)}</span>
        </li>
      ))}
    </ol>
  );
}
