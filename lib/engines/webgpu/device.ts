/**
 * The GPU: which adapter this machine has, and a device with the limits that a training needs.
 *
 * @module
 */
import type { Need } from "./limits.ts";

/** What is known of an adapter. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  /** The adapter's name and driver, as far as the platform tells. */
  readonly description: string;
  /** Whether the CPU does the work: right for tests, useless for speed. */
  readonly software: boolean;
}

/** The adapter, or undefined where there is none. Asks for the faster one of two. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  return await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? undefined;
}

/** Who an adapter is. */
export function describeAdapter({ info }: GPUAdapter): AdapterDescription {
  const { vendor, architecture, device, description } = info; // of which Chromium tells the first two
  return {
    vendor,
    architecture,
    description: description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter",
    software: info.isFallbackAdapter,
  };
}

/** The limits that decide which trainings fit. */
export function adapterLimits({ limits }: GPUAdapter): Readonly<Record<string, number>> {
  return {
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxBufferSize: limits.maxBufferSize,
  };
}

/** A device with the limits that are needed, which the adapter must have. */
export async function requestDevice(adapter: GPUAdapter, needs: readonly Need[]): Promise<GPUDevice> {
  const requiredLimits: Record<string, number> = {};
  for (const { limit, amount } of needs) {
    requiredLimits[limit] = Math.max(requiredLimits[limit] ?? 0, amount);
  }
  const requiredFeatures: GPUFeatureName[] = adapter.features.has("timestamp-query")
    ? ["timestamp-query"]
    : [];
  return await adapter.requestDevice({ label: "scanline", requiredLimits, requiredFeatures });
}
