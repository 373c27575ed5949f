/**
 * From the layers of a network back to the options that create them.
 *
 * @module
 */
import type { Layer, Parameter, RecurrentLayer, Regularizer } from "./network.ts";
import type { LayerOptions, RecurrentOptions } from "./network_options.ts";

/**
 * The options that create a layer again, without those that are as by default; the same layer has the same options in the same
 * order.
 *
 * @example
 * ```ts
 * import { createNetwork } from "./create_network.ts";
 * import { layerOptions } from "./layer_options.ts";
 * import assert from "node:assert/strict";
 *
 * const layers = [{ kind: "gru", hiddenSize: 8, gateActivation: "sigmoid" }, { kind: "dense", units: 2 }] as const;
 * const network = createNetwork({ input: { kind: "features", size: 4 }, layers, loss: "meanSquaredError" });
 * assert.deepEqual(network.layers.map(layerOptions), [{ kind: "gru", hiddenSize: 8 }, { kind: "dense", units: 2 }]);
 * ```
 */
export function layerOptions(layer: Layer): LayerOptions {
  switch (layer.kind) {
    case "bidirectional": {
      const [forward, backward] = [layer.forward, layer.backward].map((one) =>
        recurrentOptions({ ...one, backwards: false })
      );
      const isSame = JSON.stringify(forward) === JSON.stringify(backward);
      return { kind: "bidirectional", merge: layer.merge, forward, ...(isSame ? {} : { backward }) };
    }
    case "batchNorm": {
      const { kind, epsilon, momentum, unbiased, gamma, beta } = layer;
      return {
        kind,
        ...unless(1e-3, { epsilon }),
        ...unless(0.99, { momentum }),
        ...unless(false, { unbiased }),
        ...unless(true, { scale: gamma !== null, center: beta !== null }),
        ...regularizers({ gammaRegularizer: gamma, betaRegularizer: beta }),
      };
    }
    case "dense": {
      const { kind, units, activation, kernel, bias } = layer;
      return {
        kind,
        units,
        ...unless("linear", { activation }),
        ...unless(true, { useBias: bias !== null }),
        ...regularizers({ kernelRegularizer: kernel, biasRegularizer: bias }),
      };
    }
    case "dropout":
      return { kind: "dropout", rate: layer.rate };
    case "repeat":
      return { kind: "repeat", steps: layer.steps };
    case "activation":
      return { kind: "activation", activation: layer.activation };
    case "last":
      return { kind: "last" };
    default:
      return recurrentOptions(layer);
  }
}

function recurrentOptions(layer: RecurrentLayer): RecurrentOptions {
  const { kind, hiddenSize, activation, returnSequences, backwards, inputDropout, recurrentDropout } = layer;
  return {
    kind,
    hiddenSize,
    ...unless("tanh", { activation }),
    ...(layer.kind === "rnn" ? {} : unless("sigmoid", { gateActivation: layer.gateActivation })),
    ...(layer.kind === "gru" ? unless(false, { resetAfter: layer.resetAfter }) : {}),
    ...unless(false, { returnSequences, backwards }),
    ...unless(0, { inputDropout, recurrentDropout }),
    ...unless(true, { useBias: layer.bias !== null }),
    ...regularizers({
      kernelRegularizer: layer.kernel,
      recurrentRegularizer: layer.recurrentKernel,
      biasRegularizer: layer.bias,
    }),
  };
}

/** The properties that do not have their default value. */
function unless<Properties extends object>(usual: unknown, properties: Properties): Partial<Properties> {
  const others = Object.entries(properties).filter(([, value]) => value !== usual);
  return Object.fromEntries(others) as Partial<Properties>;
}

function regularizers(
  parameters: Readonly<Record<string, Pick<Parameter, "l1" | "l2"> | null>>,
): Record<string, Regularizer> {
  const found = Object.entries(parameters).map(([name, parameter]) => {
    const { l1 = 0, l2 = 0 } = parameter ?? {};
    return [name, unless(0, { l1, l2 })] as const;
  });
  return Object.fromEntries(found.filter(([, weights]) => Object.keys(weights).length > 0));
}
