import type { EngineOptions } from "../../../lib/engines/engine.ts";
import { openWebgpu } from "../../../lib/engines/webgpu/open.ts";
import { replayTfjs } from "../../golden/tfjs_replay.ts";
import { LACKING_ADAPTER } from "../../support/adapter.ts";

const open = (options: EngineOptions) => openWebgpu({ ...options, selfCheck: false });
const engine = { name: "webgpu", open, ignore: LACKING_ADAPTER };
// The tolerances of the wasm engine: the driver's tanh() and exp() differ as little from those of TensorFlow.js.
replayTfjs(engine, { loss: { atol: 3e-7, rtol: 0 }, rounded: 4e-7, moved: 2e-6 });
