/**
 * Starts the page.
 *
 * @module
 */
/// <reference lib="dom" />
import { render } from "preact";
import { App } from "./app.tsx";
import { startService } from "./offline.ts";

render(<App />, document.getElementById("page")!);
startService();
