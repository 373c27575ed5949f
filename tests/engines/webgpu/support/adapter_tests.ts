/**
 * Tests that need an adapter, and adapters that compute wrongly.
 *
 * @module
 */
import { LACKING_ADAPTER } from "../../../support/adapter.ts";

/** Registers a test that needs an adapter. */
export function test(name: string, fn: () => Promise<void>): void {
  const reason = LACKING_ADAPTER === undefined ? "" : ` (ignored: ${LACKING_ADAPTER})`;
  Deno.test({ name: name + reason, ignore: LACKING_ADAPTER !== undefined, fn });
}

/** An adapter whose shaders are changed on their way in. */
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
