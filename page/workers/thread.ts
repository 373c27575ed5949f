/**
 * A thread of the wasm engine.
 *
 * @module
 */
import "../../lib/engines/wasm/worker.ts";
