/**
 * One network, and how it reads; and which networks read.
 *
 * @module
 */
/// <reference lib="dom" />
import { batch } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { formatShare } from "../../lib/view/words.ts";
import { announce } from "../announce.ts";
import { source } from "../ink/source.ts";
import { image, line, models, readings, shown } from "../state.ts";
import { Cells } from "./cells.tsx";
import { fail, faults, label, works } from "./follow.ts";
import {
  answerAfter,
  decidedLine,
  lengthOfNames,
  misreads,
  nameOfLines,
  sayDecision,
  sayDigit,
} from "./lines.ts";
import { type Read, Scan } from "./scan.tsx";
import { fetchShipped, SHIPPED } from "./shipped.ts";

/** Shows a network in a place, in place of another one. */
function show(place: number, id: string): void {
  shown.value = shown.value.map((one, i) => i === place ? id : one);
}

/** Shows another network beside the first one. */
function addNetwork(): void {
  const ids = [...SHIPPED, ...models.value].map(({ id }) => id);
  const other = ids.toReversed().find((id) => !shown.value.includes(id)) ?? ids[0];
  shown.value = [...shown.value.slice(0, 1), other];
}

/** Forgets a network that was opened. */
function removeNetwork(id: string): void {
  const rest = shown.value.filter((one) => one !== id);
  announce(`${models.value.find((model) => model.id === id)!.name} is removed`);
  batch(() => {
    shown.value = rest.length > 0 ? rest : [SHIPPED[0].id];
    models.value = models.value.filter((model) => model.id !== id);
  });
}

/** The networks that read, side by side. */
export function Networks(): JSX.Element {
  const count = shown.value.length, box = useRef<HTMLDivElement>(null), losesFocus = useRef(false);
  useEffect(() => {
    if (losesFocus.current) [...box.current!.querySelectorAll<HTMLElement>(".choice select")].at(-1)?.focus();
    losesFocus.current = false;
  });
  /** What a button does that goes itself: the choice of the last network takes its focus. */
  const thenFocus = (change: () => void) => () => {
    losesFocus.current = true;
    change();
  };
  return (
    <div ref={box} class="networks" data-count={count}>
      {shown.value.map((id, place) => (
        <Network
          key={place}
          {...{ id, place }}
          onClose={thenFocus(() => shown.value = shown.value.slice(0, 1))}
          onRemove={thenFocus(() => removeNetwork(id))}
        />
      ))}
      {count === 1 && (
        <button type="button" class="beside" onClick={thenFocus(addNetwork)}>
          Compare with another network
        </button>
      )}
    </div>
  );
}

function Network(
  { id, place, onClose, onRemove }: {
    readonly id: string;
    readonly place: number;
    readonly onClose: () => void;
    readonly onRemove: () => void;
  },
): JSX.Element {
  const choice = useRef<HTMLSelectElement>(null);
  const model = models.value.find((one) => one.id === id), reading = readings.value.get(id);
  const fault = faults.value.get(id);
  return (
    <article class="card network" aria-label={model?.name ?? "A network"}>
      <div class="row choice">
        <label>
          <span class="spoken">{place === 0 ? "Network" : "Second network"}</span>
          <select
            ref={choice}
            value={id}
            title={model?.name}
            onChange={(event) => show(place, event.currentTarget.value)}
          >
            <Choices />
          </select>
        </label>
        {model?.origin === "opened" && (
          <button type="button" aria-label={`Remove ${model.name}`} onClick={onRemove}>Remove</button>
        )}
        {place > 0 && <button type="button" aria-label="Show one network only" onClick={onClose}>×</button>}
      </div>
      {model && reading && <NetworkReads key={id} model={model} reading={reading} />}
      {!(model && reading) && !fault && <p class="quiet waiting">…</p>}
      {fault && (model ? <p>{fault}</p> : <Failed id={id} onRetry={() => choice.current?.focus()} />)}
    </article>
  );
}

/** Stands for a network that could not be fetched. @param onRetry Takes the focus before the button goes */
function Failed({ id, onRetry }: { readonly id: string; readonly onRetry: () => void }): JSX.Element {
  const retry = () => {
    onRetry();
    works(id);
    fetchShipped(id).catch((error) => fail(id, error));
  };
  return (
    <p class="row">
      This network could not be loaded. <button type="button" onClick={retry}>Try again</button>
    </p>
  );
}

/** All networks: those that come with the page, those that were opened, and those that were trained. */
function Choices(): JSX.Element {
  const others = models.value.filter(({ origin }) => origin !== "shipped");
  return <>{[...SHIPPED, ...others].map(({ id, name }) => <option key={id} value={id}>{name}</option>)}</>;
}

function NetworkReads({ model, reading }: Read): JSX.Element {
  return (
    <div class="reads">
      {model.shuffled && (
        <p class="quiet">It reads the pixels in a shuffled order: the line shows how many, not which.</p>
      )}
      {model.scaled && (
        <p class="quiet">
          It learned from pictures that were only scaled. Drawings and pictures are cropped and centred as
          digits here, which <code>deno task predict</code> does not do for it.
        </p>
      )}
      <Scan model={model} reading={reading}>
        <Verdict model={model} reading={reading} />
      </Scan>
      {reading.layers.length > 0 && <Cells model={model} reading={reading} />}
      {reading.later.length > 0 && (
        <p class="quiet">
          Not shown, because it keeps reading after the image ends: {reading.later.join("; ")}
        </p>
      )}
    </div>
  );
}

/** The answer after the line that is read, large; and when the network made up its mind. */
function Verdict({ model, reading }: Read): JSX.Element {
  const answer = answerAfter(reading, line.value), name = nameOfLines(model.axis);
  if (!image.value) {
    const reason = source.value.kind === "strokes" ? "This is too small for a digit" : "Draw a digit";
    return <p class="verdict quiet">{reason}: below is what the network thinks of an empty sheet.</p>;
  }
  const digit = label.value, isWrong = answer && digit !== null && misreads(answer, model, digit);
  return (
    <div class="verdict" data-names={lengthOfNames(model)}>
      <b class={isWrong ? "wrong" : ""}>{answer ? model.classNames[answer.best] : "?"}</b>
      <p>
        <span class="figure">
          {answer ? `${formatShare(answer.share, 100)} sure after ${name} ${line.value}` : "Nothing read yet"}
          {isWrong && ` (the digit is ${sayDigit(digit)})`}
        </span>
        <span class="quiet">
          {line.value < decidedLine(reading)
            ? "Has not made up its mind yet"
            : `Made up its mind: ${sayDecision(reading, model)}`}
        </span>
      </p>
    </div>
  );
}
