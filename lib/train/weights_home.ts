/**
 * Where the weights of a training are, besides the engine.
 *
 * @module
 */

/** What has the weights of a training after every report, and where others may change them. */
export interface WeightsHome {
  /** @throws {TypeError} If it no longer has the layers of the network. */
  checkLayers(): void;
  /** Whether others have changed them since they were last taken or written. */
  readonly isChanged: boolean;
  /**
   * Hands the weights over if others have changed them since they were last taken or written.
   *
   * @param take If it fails, they are handed over again the next time
   * @returns Whether they were
   */
  handOver(take: (parameters: Float32Array) => Promise<void>): Promise<boolean>;
  /** A copy of the weights, flat, in the layout of the network. */
  read(): Promise<Float32Array>;
  /** Copies weights into it. */
  write(parameters: Float32Array): void;
}

/** Weights that are nowhere else than here. */
export class OwnWeights implements WeightsHome {
  readonly isChanged = false;
  #parameters: Float32Array;

  constructor(parameters: Float32Array) {
    this.#parameters = parameters.slice();
  }

  checkLayers(): void {}

  handOver(): Promise<boolean> {
    return Promise.resolve(false);
  }

  read(): Promise<Float32Array> {
    return Promise.resolve(this.#parameters.slice());
  }

  write(parameters: Float32Array): void {
    this.#parameters = parameters.slice();
  }
}
