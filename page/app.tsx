/**
 * The page: a title, the room where networks read, the room where one is trained, and what holds for both.
 *
 * @module
 */
/// <reference lib="dom" />
import type { JSX } from "preact";
import { whyOneThread } from "./features.ts";
import { atStake, isOutdated, isServed, newVersion, takeNewVersion } from "./offline.ts";
import { ReadingRoom } from "./reading/room.tsx";
import { TrainingRoom } from "./training/room.tsx";

/** The whole page. */
export function App(): JSX.Element {
  return (
    <>
      <a class="skip" href="#reading" onClick={skipToReading}>Skip to the drawing</a>
      <header class="masthead">
        <h1>Scanline</h1>
        <p>
          A recurrent network reads an image as you read a page: one line at a time, remembering what came
          before. Draw a digit and watch it make up its mind.
        </p>
      </header>
      <main>
        <section id="reading" class="room" aria-labelledby="reading-title" tabindex={-1}>
          <h2 id="reading-title">Read</h2>
          <ReadingRoom />
        </section>
        <section id="training" class="room" aria-labelledby="training-title">
          <h2 id="training-title">Train</h2>
          <TrainingRoom />
        </section>
      </main>
      <footer class="colophon">
        <Version />
        <Isolation />
        <p>Everything is computed in this page. Nothing that you draw leaves it.</p>
      </footer>
    </>
  );
}

/** Moves the focus alone: the address says what the page shows. */
function skipToReading(event: Event): void {
  event.preventDefault();
  document.getElementById("reading")!.focus();
}

/** Offers a version of the page that came while this one was open, and says what is lost with this one. */
function Version(): JSX.Element {
  const isOffered = isOutdated.value || newVersion.value !== null;
  return <div role="status">{isOffered && <Offer />}</div>; // heard only where it stands before its text
}

function Offer(): JSX.Element {
  return (
    <p>
      {isOutdated.value
        ? "This page has been updated, and parts that are not loaded yet may not work with this version. "
        : "A new version of this page is here. "}
      {atStake.value && `Updating discards what is open here: ${atStake.value}. `}
      <button type="button" onClick={takeNewVersion}>
        {isOutdated.value ? "Load it again" : "Use it"}
        {atStake.value && ", and discard that"}
      </button>
    </p>
  );
}

/** Says what a browser withholds from pages whose server does not isolate them. */
function Isolation(): JSX.Element {
  return (
    <p id="isolation">
      {whyOneThread(isServed.value) ?? "This page is isolated from others: training may use all cores."}
    </p>
  );
}
