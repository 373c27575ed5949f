import type { EngineOptions } from "../../../lib/engines/engine.ts";
import { openWasm } from "../../../lib/engines/wasm/engine.ts";
import { replayTfjs } from "../../golden/tfjs_replay.ts";
import { LACKING_KERNELS } from "./support/wasm_tests.ts";

const open = (options: EngineOptions) => openWasm({ ...options, threads: 2 });
// The tolerances of the reference, 2.4 times the largest errors measured here.
replayTfjs({ name: "wasm", open, ignore: LACKING_KERNELS }, {
  loss: { atol: 3e-7, rtol: 0 },
  rounded: 4e-7,
  moved: 2e-6,
});
