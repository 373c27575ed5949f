/**
 * Bidirectional layers: two chains over the same edge, and what merges their outputs.
 *
 * @module
 */
import { type BidirectionalLayer, MERGES } from "../../../model/network.ts";
import { roundUp } from "../../round_up.ts";
import { type Dispatch, workgroupsFor } from "../kernels.ts";
import { type Edge, EMPTY_PASS, joinPasses, placeStages, plainEdge, type Stage } from "./pass.ts";
import { recurrentStages } from "./recurrent.ts";

/** @param steps The steps that come in */
export function bidirectionalStage(layer: BidirectionalLayer, steps: number): Stage {
  const { forward, backward } = layer, { hiddenSize: size, inputSize } = forward;
  const name = forward.name.slice(0, forward.name.lastIndexOf("."));
  return {
    trains: true,
    place(output, placed) {
      const { frame } = placed, trains = frame.seed !== null;
      const { edge: input, buffers } = plainEdge(`inputs of ${name}`, { size: inputSize, steps }, placed);
      const merged = [forward, backward].map((one) => {
        return plainEdge(`outputs of ${one.name}`, { size, steps: output.steps }, {
          frame,
          wantsGradient: trains,
        });
      });
      const [ahead, back] = [forward, backward].map((one, index) => {
        const stages = recurrentStages(one, { steps, reads: input, adds: index === 1 });
        return joinPasses(placeStages(stages, merged[index].edge, placed));
      });
      const edges = { a: merged[0].edge, b: merged[1].edge, output, N4: frame.N4 };
      const both = <Item>(listOf: (chain: typeof ahead) => readonly Item[]) => [ahead, back].flatMap(listOf);
      return {
        ...EMPTY_PASS,
        input,
        buffers: [...buffers, ...merged.flatMap((one) => one.buffers), ...both((chain) => chain.buffers)],
        matrices: both((chain) => chain.matrices),
        masks: both((chain) => chain.masks),
        forward: [...both((chain) => chain.forward), mergeForward(name, layer, edges)],
        backward: trains ? [mergeBackward(name, layer, edges), ...both((chain) => chain.backward)] : [],
        weightGradients: both((chain) => chain.weightGradients),
        workgroupBytes: both((chain) => chain.workgroupBytes),
      };
    },
  };
}

interface Merged {
  readonly a: Edge;
  readonly b: Edge;
  readonly output: Edge;
  readonly N4: number;
}

function mergeForward(
  name: string,
  { merge }: BidirectionalLayer,
  { a, b, output, N4 }: Merged,
): Dispatch {
  const { steps: T, size: H, stride: H4 } = a;
  return {
    kernel: "merge_forward",
    label: `merge_forward of ${name}`,
    constants: { T, N4, H, H4, OUT_J: output.stride, MERGE: MERGES.indexOf(merge) },
    buffers: [a.buffer, b.buffer, output.buffer],
    workgroups: workgroupsFor(T * N4 * H),
  };
}

function mergeBackward(
  name: string,
  { merge }: BidirectionalLayer,
  { a, b, output, N4 }: Merged,
): Dispatch {
  const { steps: T, size: H, stride: H4 } = a;
  return {
    kernel: "merge_backward",
    label: `merge_backward of ${name}`,
    constants: { T, N4, H, H4, C4: roundUp(output.size, 4), MERGE: MERGES.indexOf(merge) },
    buffers: [a.buffer, b.buffer, output.gradient!, a.gradient!, b.gradient!],
    workgroups: workgroupsFor(T * N4 * H),
  };
}
