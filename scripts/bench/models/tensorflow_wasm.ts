/**
 * TensorFlow.js on its wasm backend, which the lock file does not name: Deno fetches it when it is first asked for.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/** What a kernel uses of the backend. */
interface WasmBackend {
  readSync(dataId: object): Float32Array | Int32Array;
  makeOutput(shape: number[], dtype: string): tf.TensorInfo;
  typedArrayFromHeap(tensor: tf.TensorInfo): Float32Array;
}

/** Chooses the wasm backend. */
export async function useWasmBackend(): Promise<void> {
  await import(["npm:@tensorflow/tfjs-backend-wasm", tf.version.tfjs].join("@"));
  addSegmentSum();
  await tf.setBackend("wasm");
  await tf.ready();
}

/**
 * Adds the one kernel that the backend lacks to train an embedding: `out[ids[n]] += x[n]`, x `[N, C]`, out `[numSegments, C]`.
 * Without it that fails, and the cpu backend reads all of x once for each of the `numSegments` rows.
 */
function addSegmentSum(): void {
  tf.registerKernel({
    kernelName: "UnsortedSegmentSum",
    backendName: "wasm",
    kernelFunc: ({ inputs, attrs, backend }) => {
      const { x, segmentIds } = inputs as Record<string, tf.TensorInfo>;
      const wasm = backend as unknown as WasmBackend;
      const [N, C] = x.shape, numSegments = attrs!.numSegments as number;
      const out = wasm.makeOutput([numSegments, C], x.dtype);
      const values = wasm.readSync(x.dataId), ids = wasm.readSync(segmentIds.dataId);
      const sums = wasm.typedArrayFromHeap(out).fill(0);
      for (let n = 0; n < N; n++) {
        for (let c = 0; c < C; c++) sums[ids[n] * C + c] += values[n * C + c];
      }
      return out;
    },
  });
}
