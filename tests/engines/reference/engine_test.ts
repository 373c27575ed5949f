import { openReference } from "../../../lib/engines/reference/engine.ts";
import { replayGoldens } from "../../golden/replay.ts";
import { testManners } from "../contract.ts";

// Results are rounded to float32. In units of the largest element of a tensor.
const ROUNDED = { atol: 2 ** -24, rtol: 0 }; // half a unit in the last place
const REFERENCE = { name: "reference", open: openReference };

testManners({
  ...REFERENCE,
  tolerance: {
    logits: ROUNDED,
    loss: { atol: 0, rtol: 0 },
    gradient: ROUNDED,
    movement: { atol: 1e-6, rtol: 0 }, // a state is rounded to float32; ten times the measured error
  },
  exactState: false,
});

replayGoldens({
  ...REFERENCE,
  tolerance: {
    logits: ROUNDED,
    loss: { atol: 1e-13, rtol: 0 }, // ten times the measured error, 9.2e-15
    gradient: ROUNDED,
    movement: { atol: 1e-6, rtol: 0 }, // rounded too; four times the measured error
  },
});
