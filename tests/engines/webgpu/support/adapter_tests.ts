/**
 * Tests that need an adapter, and adapters that compute wrongly.
 *
 * @module
 */
import { LACKING_ADAPTER } from "../../../support/adapter.ts";
import { testUnless } from "../../test_unless.ts";

/** Registers a test that needs an adapter. */
export function test(name: string, fn: () => Promise<void>): void {
  testUnless(LACKING_ADAPTER, name, fn);
}

/** Runs `body` with an adapter whose shaders are changed. */
export async function withShaders(
  change: (code: string) => string,
  body: () => Promise<void>,
): Promise<void> {
  const { createShaderModule } = GPUDevice.prototype;
  GPUDevice.prototype.createShaderModule = function (descriptor) {
    return createShaderModule.call(this, { ...descriptor, code: change(descriptor.code) });
  };
  try {
    await body();
  } finally {
    GPUDevice.prototype.createShaderModule = createShaderModule;
  }
}
