/**
 * jax-js, the whole step under one `jit`: `jax.ts wasm` or `jax.ts webgpu`.
 *
 * Its arrays count references: a function consumes its arguments, unless they are passed as `.ref`.
 *
 * @module
 */
import type { Optimizer } from "../../../mod.ts";
import { recurrentLayers } from "../../../lib/model/network.ts";
import { type Opened, type OpenRequest, serve, type Subject } from "../protocol.ts";
import { gatherBatch, isSoftware, type Opening, readOpening, valuesOf } from "./batches.ts";

const VERSION = "0.1.25";

/** The methods of a jax-js array that are used here. */
interface Jax {
  readonly ref: Jax;
  readonly shape: number[];
  add(other: Jax | number): Jax;
  sub(other: Jax | number): Jax;
  mul(other: Jax | number): Jax;
  div(other: Jax | number): Jax;
  sum(): Jax;
  reshape(shape: number[]): Jax;
  slice(...index: (number | [] | [number, number])[]): Jax;
  data(): Promise<Float32Array>;
  dispose(): void;
}

/** The parameters and the optimizer's slots, in the network's order. */
type State = { p: Jax[]; u: Jax[]; v: Jax[] };

// The name is computed, so that the lock file does not include it.
const jax = await import(["npm:@jax-js/jax", VERSION].join("@"));
const np = jax.numpy, nn = jax.nn;

class JaxJs implements Subject {
  readonly #device: string;
  #opening: Opening | null = null;
  #state: State | null = null;
  #train!: (state: State, x: Jax, y: Jax, t: Jax) => [Jax, State];
  #forward!: (p: Jax[], x: Jax) => Jax;
  #step = 0;

  constructor(device: string) {
    this.#device = device;
  }

  async open(request: OpenRequest): Promise<Opened> {
    const devices: string[] = await jax.init(this.#device);
    if (!devices.includes(this.#device)) throw new Error(`no device ${this.#device} here`);
    jax.defaultDevice(this.#device);
    const opening = await readOpening(request);
    const { network } = this.#opening = opening;
    const zeros = () => network.parameters.map(({ shape }) => np.zeros([...shape]) as Jax);
    const p = network.parameters.map((parameter) => toArray(valuesOf(opening, parameter), parameter.shape));
    this.#state = { p, u: zeros(), v: zeros() };
    this.#forward = jax.jit((p: Jax[], x: Jax) => logitsOf(opening, p, x));
    const lossAndGradient = jax.valueAndGrad((p: Jax[], x: Jax, y: Jax): Jax =>
      nn.logSoftmax(logitsOf(opening, p, x)).mul(y).sum().mul(-1 / request.batchSize)
    );
    this.#train = jax.jit((state: State, x: Jax, y: Jax, t: Jax) => {
      const [loss, gradients] = lossAndGradient(state.p.map(({ ref }) => ref), x, y);
      return [loss, update(request.optimizer, state, gradients, t)];
    });
    this.#step = 0;
    return { detail: `jax-js ${VERSION}, ${this.#device}`, software: await isSoftware(this.#device) };
  }

  async train(steps: number): Promise<number> {
    let first = NaN;
    for (let step = 0; step < steps; step++) {
      const [x, y] = this.#nextBatch();
      const [loss, state] = this.#train(this.#state!, x, y, np.array([++this.#step]));
      this.#state = state;
      const [value] = await loss.data(); // as usual training loops do, and so that work does not pile up
      if (step === 0) first = value;
    }
    await jax.blockUntilReady(this.#state!.p.map(({ ref }) => ref)).then((p: Jax[]) =>
      p.forEach((array) => array.dispose())
    );
    return first;
  }

  async forward(steps: number): Promise<void> {
    for (let step = 0; step < steps; step++) {
      const [x, y] = this.#nextBatch();
      y.dispose();
      await this.#forward(this.#state!.p.map(({ ref }) => ref), x).data();
    }
  }

  #nextBatch(): [Jax, Jax] {
    const { batches, layout: { T, C }, network } = this.#opening!;
    const positions = batches.next();
    const { x, y } = gatherBatch(this.#opening!, positions);
    return [
      toArray(x, [positions.length, T, C]),
      toArray(y, [positions.length, network.classes]),
    ];
  }
}

function toArray(values: Float32Array, shape: readonly number[]): Jax {
  return np.array(values).reshape([...shape]);
}

/** The network, unrolled: jax-js has no `scan`. Consumes p and x. */
function logitsOf({ network }: Opening, p: Jax[], x: Jax): Jax {
  const [N, T] = x.shape;
  let inputs = Array.from({ length: T }, (_, t) => x.ref.slice([], t));
  x.dispose();
  for (const [index, { kind, hiddenSize: H }] of recurrentLayers(network).entries()) {
    const [W, R, b] = p.slice(3 * index, 3 * index + 3);
    let h: Jax | null = null, c: Jax | null = null;
    const outputs: Jax[] = [];
    for (const input of inputs) {
      let z: Jax = np.matmul(input, W.ref).add(b.ref);
      if (h) z = z.add(np.matmul(h, R.ref));
      if (kind === "lstm") {
        const gate = (k: number) => z.ref.slice([], [k * H, (k + 1) * H]);
        const kept: Jax = nn.sigmoid(gate(0)).mul(np.tanh(gate(2)));
        c = (c ? nn.sigmoid(gate(1)).mul(c).add(kept) : kept) as Jax;
        h = nn.sigmoid(gate(3)).mul(np.tanh(c.ref)) as Jax;
        z.dispose();
      } else {
        h = nn.relu(z) as Jax;
      }
      outputs.push(h.ref);
    }
    for (const array of [W, R, b, h!, ...(c ? [c] : [])]) array.dispose();
    inputs = outputs;
  }
  for (const unused of inputs.slice(0, -1)) unused.dispose();
  const [W, b] = p.slice(-2);
  return np.matmul(inputs[T - 1].reshape([N, -1]), W).add(b);
}

/** One update, as in `lib/model/optimizers.ts`. Consumes its arguments. */
function update(optimizer: Optimizer, { p, u, v }: State, g: Jax[], t: Jax): State {
  const next: State = { p: [], u: [], v: [] };
  const decay = (average: Jax, rho: number, value: Jax) => average.mul(rho).add(value.mul(1 - rho));
  for (const i of p.keys()) {
    const rate = optimizer.learningRate;
    switch (optimizer.kind) {
      case "adam": {
        const { beta1, beta2, epsilon } = optimizer;
        u[i] = decay(u[i], beta1, g[i].ref);
        v[i] = decay(v[i], beta2, g[i].ref.mul(g[i]));
        const correct = (average: Jax, beta: number) =>
          average.div(np.exp(t.ref.mul(Math.log(beta))).mul(-1).add(1));
        const root = np.sqrt(correct(v[i].ref, beta2)).add(epsilon);
        p[i] = p[i].sub(correct(u[i].ref, beta1).div(root).mul(rate));
        break;
      }
      case "adadelta": {
        const { rho, epsilon } = optimizer;
        v[i] = decay(v[i], rho, g[i].ref.mul(g[i].ref));
        const d: Jax = np.sqrt(u[i].ref.add(epsilon)).div(np.sqrt(v[i].ref.add(epsilon))).mul(g[i]);
        u[i] = decay(u[i], rho, d.ref.mul(d.ref));
        p[i] = p[i].sub(d.mul(rate));
        break;
      }
      case "rmsprop": {
        v[i] = decay(v[i], optimizer.alpha, g[i].ref.mul(g[i].ref));
        p[i] = p[i].sub(g[i].mul(rate).div(np.sqrt(v[i].ref).add(optimizer.epsilon)));
        break;
      }
      default:
        throw new RangeError(
          `Cannot train with jax-js: the optimizer must be one of the recipes': current value is ${optimizer.kind}`,
        );
    }
    next.p.push(p[i]), next.u.push(u[i]), next.v.push(v[i]);
  }
  t.dispose();
  return next;
}

await serve(new JaxJs(Deno.args[0]));
