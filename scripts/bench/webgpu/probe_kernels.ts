/**
 * The kernels of the probes, as WGSL.
 *
 * @module
 */
import functions from "../../../lib/engines/webgpu/shaders/functions.wgsl" with { type: "text" };
import { type OperationName, OPERATIONS } from "./operations.ts";

/** The turns of a probe's inner loop. */
export const TURNS = 32;

/** How often an operation stands in a turn, and one of a chain. */
export const REPEATS = 4, LINKS = 32;

/** A probe's kernel. */
export interface ProbeKernel {
  readonly wgsl: string;
  /** The invocations of a workgroup. */
  readonly threads: number;
}

/** What every probe declares; `zero` keeps compilers from knowing what is computed. */
const HEAD = `
alias Lanes = vec4f;
alias Flags = vec4<bool>;
alias Bits = vec4u;
struct Probe { iterations: u32, zero: u32, divisor: u32, mask: u32 }
@group(0) @binding(0) var<uniform> probe: Probe;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> words: array<f32>;
@group(0) @binding(3) var<storage, read> next: array<u32>;
@group(0) @binding(4) var<storage, read_write> results: array<vec4f>;
var<workgroup> memory: array<vec4f, 256>;
`;

/** A kernel of one loop; it uses every binding, so that all probes have the same layout. */
function kernel(threads: number, loop: string, before = ""): ProbeKernel {
  const wgsl = `${functions}${HEAD}
@compute @workgroup_size(${threads})
fn main(@builtin(local_invocation_id) local: vec3u, @builtin(workgroup_id) group: vec3u) {
  let lane = local.x;
  let divisor = probe.divisor;
  let a = source[probe.zero] * f32(probe.zero);
  let b = a + 1e-3;
  var s0 = vec4f(f32(lane));
  var s1 = s0 + a;
  var s2 = s1 + a;
  var s3 = s2 + a;
  var whole = next[probe.zero] * probe.zero + u32(words[probe.zero]) * probe.zero;
  ${before}
  for (var i = 0u; i < probe.iterations; i++) {
    let zero = i & probe.zero;
${loop}
  }
  results[(group.x & 255u) * ${threads}u + lane] = s0 + s1 + s2 + s3 + f32(whole) * f32(probe.zero);
}`;
  return { wgsl, threads };
}

/** An operation, many times over, in a kernel with or without barriers. */
export function operationKernel(
  name: OperationName,
  { threads, barriers }: { threads: number; barriers: boolean },
): ProbeKernel {
  const { wgsl } = OPERATIONS[name], repeats = name === "loops" ? 0 : REPEATS;
  const body = Array.from({ length: repeats }, (_, at) => `{ const at = ${at}u; ${wgsl} }`);
  return kernel(
    threads,
    `    for (var k = 0u; k < ${TURNS}u; k++) {
      ${body.join("\n      ") || "s0.x += a.x;"}
    }
    ${barriers ? "workgroupBarrier();" : ""}`,
  );
}

/** Operations of which each needs the result of the one before; a turn has {@link LINKS}. */
export const CHAINS = {
  mad: "s0.x = fma(s0.x, b.x, b.y);",
  load: "whole = next[(whole + zero) & probe.mask];",
  local: "whole = u32(memory[(whole + lane) & 255u].x);",
  barrier: "workgroupBarrier();",
} as const;

/** A chain of one invocation, or of more that do the same. */
export function chainKernel(name: keyof typeof CHAINS, threads: number): ProbeKernel {
  const body = Array.from({ length: LINKS }, () => CHAINS[name]).join("\n      ");
  const order = `for (var place = lane; place < 256u; place += ${threads}u) {
    memory[place] = vec4f(f32((5u * place + 1u) & 255u));
  }
  workgroupBarrier();`;
  const loop = `    for (var k = 0u; k < ${TURNS}u; k++) {\n      ${body}\n    }`;
  return kernel(threads, loop, name === "local" ? order : "");
}

/** Nothing but the beginning and the end of an invocation. */
export function emptyKernel(threads: number): ProbeKernel {
  const body = "if (probe.divisor == 0u) { results[0] = vec4f(0); }";
  return { wgsl: `${HEAD}\n@compute @workgroup_size(${threads})\nfn main() { ${body} }`, threads };
}

/** Copies `source` to `results`, both of `probe.mask + 1` vectors, a power of two. */
export function copyKernel(threads: number): ProbeKernel {
  return kernel(
    threads,
    `    let at = (group.x * ${threads}u + lane + i * 262144u) & probe.mask;
    results[at] = source[at];`,
  );
}

/** Reads the first `probe.mask + 1` vectors of `source`, a power of two. */
export function readKernel(threads: number): ProbeKernel {
  return kernel(
    threads,
    Array.from(
      { length: REPEATS },
      (_, at) =>
        `    s0 += source[(group.x * ${threads}u + lane + (${REPEATS}u * i + ${at}u) * ${threads}u * 7u) & probe.mask];`,
    )
      .join("\n"),
  );
}
