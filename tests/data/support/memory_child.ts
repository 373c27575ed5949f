/** A process of its own that asks a mirror, URL and time in ms, for a file of 47 MB, and prints by how many bytes it grew. */
import { DEFAULT_LIMITS, openSource } from "../../../lib/data/sources.ts";

const [url, totalMs] = Deno.args;
const limits = { ...DEFAULT_LIMITS, totalMs: Number(totalMs), stallBytes: 0 };
const mirror = openSource({ kind: "mirror", url }, limits);
const startBytes = Deno.memoryUsage().rss;
let peakBytes = startBytes, pieces = 0;
const reason = await mirror.read({ name: "file", sizeBytes: 47e6, sha256: "", keptAs: "raw" }, () => {
  pieces++;
  peakBytes = Math.max(peakBytes, Deno.memoryUsage().rss);
}).then(() => "it came", (error) => error.message);
console.log(JSON.stringify({ reason, pieces, grownBytes: peakBytes - startBytes }));
