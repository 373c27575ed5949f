import assert from "node:assert/strict";
import { describeAdapter } from "../../../lib/engines/webgpu/device.ts";

function adapterOf(info: Partial<GPUAdapterInfo>): GPUAdapter {
  const nothing = { vendor: "", architecture: "", device: "", description: "", isFallbackAdapter: false };
  return { info: { ...nothing, ...info } } as GPUAdapter;
}

Deno.test("describeAdapter() names an adapter by its description, or by whatever else is known", () => {
  const whole = {
    vendor: "nvidia",
    architecture: "ada-lovelace",
    device: "0x2786",
    description: "GeForce RTX 4070",
  };
  const { vendor, architecture, device } = whole;
  const described = (info: Partial<GPUAdapterInfo>) => describeAdapter(adapterOf(info)).description;
  assert.equal(described(whole), "GeForce RTX 4070");
  assert.equal(described({ vendor, architecture, device }), "nvidia ada-lovelace 0x2786");
  assert.equal(described({ vendor, architecture }), "nvidia ada-lovelace"); // as in Chromium
  assert.equal(described({ vendor }), "nvidia");
  assert.equal(described({}), "unnamed adapter");
  assert.equal(describeAdapter(adapterOf({ isFallbackAdapter: true })).software, true);
});
