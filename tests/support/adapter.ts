/**
 * Tests that need a WebGPU adapter show as ignored where there is none, unless `SCANLINE_REQUIRE_WEBGPU=1` asks for one.
 *
 * @module
 */
import { findAdapter } from "../../lib/engines/webgpu/device.ts";
import { lacks } from "./permissions.ts";

/** Why tests of the GPU cannot run here; undefined where they can, or must. */
export const LACKING_ADAPTER: string | undefined = await findAdapter() || isRequired()
  ? undefined
  : "no WebGPU adapter";

function isRequired(): boolean {
  const needs = [{ name: "env", variable: "SCANLINE_REQUIRE_WEBGPU" }] as const;
  return !lacks(needs) && Deno.env.get("SCANLINE_REQUIRE_WEBGPU") === "1";
}
