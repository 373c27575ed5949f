/**
 * Starts the page.
 *
 * @module
 */
/// <reference lib="dom" />
import { render } from "preact";
import { App } from "./app.tsx";
import { sayWhatIsMissing } from "./features.ts";
import { startService } from "./offline.ts";

const missing = sayWhatIsMissing(), page = document.getElementById("page")!;
page.replaceChildren(); // what index.html says until now
render(missing ? <p class="plain" role="alert">{missing}</p> : <App />, page);
if (!missing) startService();
