/**
 * The tests that every engine passes: it gives the numbers of the reference, and keeps the promises of `Engine`.
 *
 * @module
 */
import { testAgreement } from "./contract_agreement.ts";
import { type ContractEngine, testPromises } from "./contract_promises.ts";
import { testRejections } from "./contract_rejections.ts";
import { testTraining } from "./contract_training.ts";

/** Registers all tests of one engine. */
export function testEngine(engine: ContractEngine): void {
  testAgreement(engine);
  testTraining(engine);
  testManners(engine);
}

/** Registers the tests of what every engine promises, the reference too. */
export function testManners(engine: ContractEngine): void {
  testPromises(engine);
  testRejections(engine);
}
