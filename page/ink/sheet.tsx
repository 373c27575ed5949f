/**
 * The sheet to draw on: by mouse, finger or pen, and by keyboard.
 *
 * @module
 */
/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import type {
  ComponentChildren,
  JSX,
  TargetedEvent,
  TargetedKeyboardEvent,
  TargetedPointerEvent,
} from "preact";
import { useEffect, useRef } from "preact/hooks";
import { announce } from "../announce.ts";
import { theme } from "../theme.ts";
import { image } from "../state.ts";
import { clearAloud, redoAloud, undoAloud } from "./actions.ts";
import { canExtend, movePenTo, putPenDown, source, strokesOf } from "./source.ts";
import { curvesOf, PEN_RADIUS, type Point, pointAt, SHEET, SIDE, type Stroke } from "./strokes.ts";

/** The pen that the keyboard moves. */
interface Pen {
  readonly at: Point;
  readonly isDown: boolean;
}

/** How far a key moves the pen; with Shift, four times as far. */
const STEP = Math.round(SHEET / SIDE);

const MOVES: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  Home: [-1, -1],
  PageUp: [1, -1],
  End: [-1, 1],
  PageDown: [1, 1],
};

/** What the sheet calls, and what lies above it. */
interface SheetProps {
  /** A stroke begins or goes on. */
  readonly onDraw: () => void;
  /** There is no room for what is drawn. */
  readonly onFull: () => void;
  readonly children?: ComponentChildren;
}

/** The sheet. */
export function Sheet({ onDraw, onFull, children }: SheetProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = useSignal<Pen | null>(null); // while the keyboard has the sheet
  const sheet = source.value, seen = image.value, pixels = sheet.kind === "strokes" ? null : seen;
  const side = useSignal(0); // of the canvas, in pixels of the screen
  useEffect(() => {
    const measure = () =>
      side.value = Math.max(1, Math.round(canvas.current!.clientWidth * devicePixelRatio));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const shown = pen.value && penNow();
    drawSheet(canvas.current!, { side: side.value, strokes: strokesOf(sheet), pixels, pen: shown });
  }, [sheet, pixels, pen.value, theme.value, side.value]);

  const begin = (point: Point) => {
    if (!putPenDown(point)) return onFull();
    onDraw();
  };
  const extend = (points: readonly Point[]): boolean => {
    if (!canExtend()) return false;
    const hasRoom = movePenTo(points);
    if (!hasRoom) onFull();
    onDraw();
    return hasRoom;
  };
  const pointOf = ({ clientX, clientY }: { clientX: number; clientY: number }) => {
    const { left, top, width, height } = canvas.current!.getBoundingClientRect();
    return pointAt(SHEET * (clientX - left) / width, SHEET * (clientY - top) / height);
  };

  const onPointerDown = (event: TargetedPointerEvent<HTMLCanvasElement>) => {
    if (!event.isPrimary || event.button !== 0) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    pen.value = null;
    begin(pointOf(event));
  };
  const onPointerMove = (event: TargetedPointerEvent<HTMLCanvasElement>) => {
    if (!event.isPrimary || !event.currentTarget.hasPointerCapture(event.pointerId)) return;
    const all = event.getCoalescedEvents?.() ?? [];
    extend((all.length > 0 ? all : [event]).map(pointOf));
  };

  const onKeyDown = (event: TargetedKeyboardEvent<HTMLCanvasElement>) => {
    if (event.ctrlKey || event.metaKey) {
      const letter = event.key.toLowerCase();
      if (letter === "z" && !event.shiftKey) undoAloud();
      else if (letter === "z" || letter === "y") redoAloud();
      else return;
    } else if (MOVES[event.key]) {
      movePen(MOVES[event.key], event.shiftKey ? 4 : 1);
    } else if (event.key === " ") {
      const { at, isDown } = penNow();
      pen.value = { at, isDown: !isDown };
      if (!isDown) begin(at);
      announce(isDown ? "pen lifted" : `pen down at ${sayPoint(at)}`);
    } else if (event.key === "Backspace") {
      undoAloud();
    } else if (event.key === "Delete") {
      clearAloud();
    } else return;
    event.preventDefault();
  };
  /** The pen is lifted when its stroke is undone, cleared or replaced. */
  const penNow = () => {
    const { at, isDown } = pen.value ?? { at: pointAt(SHEET / 2, SHEET / 4), isDown: false };
    return { at, isDown: isDown && canExtend() };
  };
  const movePen = ([x, y]: readonly [number, number], times: number) => {
    const { at, isDown } = penNow(), to = pointAt(at.x + x * times * STEP, at.y + y * times * STEP);
    pen.value = { at: to, isDown };
    const isDrawn = isDown && extend([to]);
    announce(`${isDrawn ? "drawn to" : "pen at"} ${sayPoint(to)}`);
  };

  return (
    <div class="sheet-frame">
      <canvas
        ref={canvas}
        class="sheet"
        id="sheet"
        tabindex={0}
        role="application"
        aria-label="Sheet to draw a digit on"
        aria-describedby="sheet-keys"
        onPointerDown={onPointerDown}
        onPointerMove={onPointerMove}
        onKeyDown={onKeyDown}
        onFocus={(event: TargetedEvent<HTMLCanvasElement>) => {
          if (event.currentTarget.matches(":focus-visible")) pen.value = penNow();
        }}
        onBlur={() => pen.value = null}
      />
      {sheet.kind !== "strokes" && (
        <p class={sheet.kind === "empty" ? "hint empty" : "hint"}>Draw a digit here</p>
      )}
      {children}
    </div>
  );
}

function sayPoint({ x, y }: Point): string {
  return `${Math.round(100 * x / SHEET)} across, ${Math.round(100 * y / SHEET)} down`;
}

/** Draws all that is on the sheet. */
function drawSheet(
  canvas: HTMLCanvasElement,
  { side, strokes, pixels, pen }: {
    readonly side: number;
    readonly strokes: readonly Stroke[];
    readonly pixels: Uint8Array | null;
    readonly pen: Pen | null;
  },
): void {
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const context = canvas.getContext("2d")!, style = getComputedStyle(canvas);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, side, side);
  context.setTransform(side / SHEET, 0, 0, side / SHEET, 0, 0);
  context.strokeStyle = context.fillStyle = style.color;
  if (pixels) drawPixels(context, pixels, style.color);
  Object.assign(context, { lineWidth: 2 * PEN_RADIUS, lineCap: "round", lineJoin: "round" });
  strokes.forEach((stroke) => drawStroke(context, stroke));
  if (!pen) return;
  context.strokeStyle = context.fillStyle = style.getPropertyValue("--scan") || style.color;
  context.lineWidth = 10;
  context.beginPath();
  context.arc(pen.at.x, pen.at.y, PEN_RADIUS, 0, 2 * Math.PI);
  if (pen.isDown) context.fill();
  else context.stroke();
}

function drawStroke(context: CanvasRenderingContext2D, stroke: Stroke): void {
  context.beginPath();
  if (stroke.length === 1) { // a line of no length is not drawn
    context.arc(stroke[0].x, stroke[0].y, PEN_RADIUS, 0, 2 * Math.PI);
    return context.fill();
  }
  context.moveTo(stroke[0].x, stroke[0].y);
  for (const { control, end } of curvesOf(stroke)) {
    context.quadraticCurveTo(control.x, control.y, end.x, end.y);
  }
  context.stroke();
}

/** Draws an image of 28 × 28, each pixel as opaque as it is light. */
function drawPixels(context: CanvasRenderingContext2D, pixels: Uint8Array, colour: string): void {
  const small = new OffscreenCanvas(SIDE, SIDE), ink = small.getContext("2d")!;
  ink.fillStyle = colour;
  pixels.forEach((value, i) => {
    ink.globalAlpha = value / 255;
    ink.fillRect(i % SIDE, Math.floor(i / SIDE), 1, 1);
  });
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, SHEET, SHEET);
}
