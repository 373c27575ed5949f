/**
 * The state of a network after each line, and the gates of one of its cells.
 *
 * @module
 */
/// <reference lib="dom" />
import { useSignal } from "@preact/signals";
import type { JSX, TargetedKeyboardEvent, TargetedPointerEvent } from "preact";
import { formatFigure, TRACE_NAMES } from "../../lib/view/words.ts";
import { line } from "../state.ts";
import type { ShownLayer, ShownTrace } from "../workers/messages.ts";
import { byLines, LINES, nameOfLines, placeOf } from "./lines.ts";
import { colourOfSign } from "./palette.ts";
import { Pixels } from "./pixels.tsx";
import type { Read } from "./scan.tsx";
import { theme } from "../theme.ts";

/** A layer, a state or gate of it, and a cell, that one can choose. */
export function Cells({ model, reading }: Read): JSX.Element {
  const chosenLayer = useSignal(0), chosenTrace = useSignal("h"), chosenCell = useSignal(0);
  const layer = reading.layers[Math.min(chosenLayer.value, reading.layers.length - 1)];
  const traces = [...layer.states, ...layer.gates];
  const trace = traces.find(({ name }) => name === chosenTrace.value) ?? traces[0];
  const cell = Math.min(chosenCell.value, layer.hiddenSize - 1);
  return (
    <section class="cells" aria-label={`State of ${model.name}`}>
      <div class="row">
        <h3>Inside</h3>
        {reading.layers.length > 1 && (
          <label>
            <span class="spoken">Layer</span>
            <select
              value={chosenLayer.value}
              onChange={(event) => chosenLayer.value = Number(event.currentTarget.value)}
            >
              {reading.layers.map(({ title }, i) => <option key={i} value={i}>{title}</option>)}
            </select>
          </label>
        )}
        <label>
          <span class="spoken">State or gate</span>
          <select value={trace.name} onChange={(event) => chosenTrace.value = event.currentTarget.value}>
            {traces.map(({ name }) => <option key={name} value={name}>{TRACE_NAMES[name] ?? name}</option>)}
          </select>
        </label>
      </div>
      <StateMap
        {...{ model, reading, trace, cell }}
        H={layer.hiddenSize}
        onChoose={(next) => chosenCell.value = next}
      />
      <Charts {...{ layer, reading, model, cell }} />
    </section>
  );
}

/** All cells along all lines: time runs down, or to the right for a network that reads columns, as in the image. */
function StateMap(
  { model: { axis, reversed = false }, reading, trace, cell, H, onChoose }: Read & {
    readonly trace: ShownTrace;
    readonly cell: number;
    readonly H: number;
    readonly onChoose: (cell: number) => void;
  },
): JSX.Element {
  const isTall = axis === "columns", values = byLines(trace.values, reading), shades = theme.value;
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1); // gates and tanh stay within 1
  const valueAt = (index: number, h: number) => values[placeOf(index, reversed) * H + h] / most;
  const choose = (event: TargetedPointerEvent<HTMLElement>) => {
    if (event.type === "pointermove" && event.buttons === 0) return;
    const { left, top, width, height } = event.currentTarget.getBoundingClientRect();
    const share = isTall ? (event.clientY - top) / height : (event.clientX - left) / width;
    onChoose(Math.min(H - 1, Math.max(0, Math.floor(share * H))));
  };
  const onKeyDown = (event: TargetedKeyboardEvent<HTMLElement>) => {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowDown: -1,
      ArrowUp: 1,
      PageDown: -8,
      PageUp: 8,
    };
    if (isTall) Object.assign(steps, { ArrowDown: 1, ArrowUp: -1 });
    const next = event.key === "Home" ? 0 : event.key === "End" ? H - 1 : cell + (steps[event.key] ?? NaN);
    if (Number.isNaN(next)) return;
    event.preventDefault();
    onChoose(Math.min(H - 1, Math.max(0, next)));
  };
  const at = line.value, now = at > 0 ? values[(at - 1) * H + cell] : 0;
  const place = 100 * (reversed ? LINES - at : at) / LINES;
  return (
    <div
      class="states"
      data-axis={isTall ? "columns" : "rows"}
      role="slider"
      tabindex={0}
      aria-label={`Cell (${H} in all), ${TRACE_NAMES[trace.name] ?? trace.name}, along the ${
        nameOfLines(axis)
      }s`}
      aria-orientation={isTall ? "vertical" : "horizontal"}
      aria-valuemin={1}
      aria-valuemax={H}
      aria-valuenow={cell + 1}
      aria-valuetext={`cell ${cell + 1}: ${trace.name} is ${formatFigure(now, 2)} after ${
        nameOfLines(axis)
      } ${at}`}
      onPointerDown={choose}
      onPointerMove={choose}
      onKeyDown={onKeyDown}
    >
      <Pixels
        width={isTall ? LINES : H}
        height={isTall ? H : LINES}
        aria-hidden="true"
        colourAt={(x, y) => colourOfSign(isTall ? valueAt(x, y) : valueAt(y, x), shades)}
      />
      <i class="edge" style={{ [isTall ? "left" : "top"]: `${place}%` }} />
      <i
        class="chosen"
        style={{
          [isTall ? "top" : "left"]: `${100 * cell / H}%`,
          [isTall ? "height" : "width"]: `${100 / H}%`,
        }}
      />
    </div>
  );
}

const WIDTH = 112, HEIGHT = 44;

/** The gates and states of one cell, each along the lines. */
function Charts({ layer, reading, model: { axis }, cell }: Read & {
  readonly layer: ShownLayer;
  readonly cell: number;
}): JSX.Element {
  const { hiddenSize: H, states, gates } = layer;
  return (
    <div class="courses">
      <p class="quiet">Cell {cell + 1} of {H}, along the {nameOfLines(axis)}s</p>
      <ul>
        {[...states, ...gates].map(({ name, values }) => {
          const lines = byLines(values, reading);
          const course = Array.from({ length: LINES }, (_, t) => lines[t * H + cell]);
          return <Chart key={name} name={TRACE_NAMES[name] ?? name} course={course} />;
        })}
      </ul>
    </div>
  );
}

/** A number along the lines: 0 is a hairline, and the line that is read has a dot. */
function Chart({ name, course }: { readonly name: string; readonly course: readonly number[] }): JSX.Element {
  const most = Math.max(1, ...course.map(Math.abs)), least = Math.min(...course) < 0 ? -most : 0;
  const x = (t: number) => WIDTH * (t + 0.5) / LINES;
  const y = (value: number) => 3 + (HEIGHT - 6) * (most - value) / (most - least);
  const points = course.map((value, t) => `${x(t).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const t = line.value - 1, now = t >= 0 ? course[t] : 0;
  return (
    <li>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true">
        <path class="zero" d={`M0 ${y(0).toFixed(1)}H${WIDTH}`} />
        {t >= 0 && <path class="now" d={`M${x(t).toFixed(1)} 0V${HEIGHT}`} />}
        <polyline points={points} />
        {t >= 0 && <circle cx={x(t).toFixed(1)} cy={y(now).toFixed(1)} r="3" />}
      </svg>
      <span>
        {name} <span class="figure quiet">{formatFigure(now, 2)}</span>
      </span>
    </li>
  );
}
