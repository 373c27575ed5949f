/**
 * Lists what this machine can train on, and what `--device auto` takes and why.
 *
 *     deno task devices
 */
import "./support/deno_version.ts";
import { adapterLimits, describeAdapter, findAdapter } from "../lib/engines/webgpu/device.ts";
import { chooseKernels } from "../lib/engines/wasm/kernels.ts";
import { chooseDevice } from "../mod.ts";
import { OUTPUT_FLAGS, runCommand } from "./support/command.ts";

const { json, help } = OUTPUT_FLAGS;
const spec = {
  name: "devices",
  about: "Lists what this machine can train on, and what --device auto takes and why.",
  flags: { json, help },
};

await runCommand(spec, async (flags) => {
  const adapter = await findAdapter();
  const webgpu = adapter && { ...describeAdapter(adapter), limits: adapterLimits(adapter) };
  const { math } = await chooseKernels();
  const wasm = { threads: navigator.hardwareConcurrency, math };
  const auto = await chooseDevice("auto");
  if (flags.json) {
    console.log(JSON.stringify({ webgpu: webgpu ?? null, wasm, auto }));
    return 0;
  }
  console.log("webgpu");
  if (webgpu) {
    const { description, vendor, architecture, software, limits } = webgpu;
    console.log(`  adapter       ${description}`);
    console.log(`  vendor        ${[vendor, architecture].filter(Boolean).join(", ") || "unknown"}`);
    console.log(`  kind          ${software ? "software: right for tests, useless for speed" : "hardware"}`);
    console.log("  limits");
    for (const [name, value] of Object.entries(limits)) console.log(`    ${name.padEnd(34)} ${value}`);
  } else {
    console.log("  no adapter: a driver for Vulkan, Metal or Direct3D 12 is missing");
  }
  console.log("wasm");
  console.log(`  threads       ${wasm.threads}`);
  console.log(`  multiply-add  ${math === "fused" ? "fused: rounds once" : "plain: rounds twice"}`);
  console.log("reference");
  console.log("  plain loops in float64: slow, and what the others are checked against");
  console.log(
    auto.device === "auto"
      ? `auto takes ${auto.reason}`
      : `auto takes ${auto.device}: ${auto.reason.replace("chosen by auto: ", "")}`,
  );
  return 0;
});
