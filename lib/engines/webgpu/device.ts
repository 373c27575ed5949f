/**
 * The GPU: the adapter of this machine, and a device with the limits that an engine needs.
 *
 * @module
 */
import type { Need } from "./limits.ts";

/** A description of an adapter. */
export interface AdapterDescription {
  readonly vendor: string;
  readonly architecture: string;
  /** The adapter's name and driver, as far as they are known. */
  readonly description: string;
  /** Whether it computes on the CPU: fine for tests, but slow. */
  readonly software: boolean;
}

/** The faster adapter of this machine, or undefined where there is none. */
export async function findAdapter(): Promise<GPUAdapter | undefined> {
  return await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" }) ?? undefined;
}

/** Describes an adapter. */
export function describeAdapter({ info }: GPUAdapter): AdapterDescription {
  const { vendor, architecture, device, description } = info; // Chromium gives only the first two
  return {
    vendor,
    architecture,
    description: description || [vendor, architecture, device].filter(Boolean).join(" ") || "unnamed adapter",
    software: info.isFallbackAdapter,
  };
}

/** The limits that an engine depends on. */
export function adapterLimits({ limits }: GPUAdapter): Readonly<Record<string, number>> {
  return {
    maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
    maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
    maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
    maxComputeWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
    maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
    maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
    maxBufferSize: limits.maxBufferSize,
  };
}

/** Requests a device with the limits that are needed; the adapter must have them. */
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
