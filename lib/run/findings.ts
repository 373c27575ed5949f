/**
 * What a trained model does with the test images: its figures, and the pictures that show them.
 *
 * @module
 */
import * as scanline from "../../mod.ts";

/** What was found. */
export interface Findings {
  /** How the model does on all test images. */
  readonly score: scanline.Score;
  /** Of the model's parameters. */
  readonly modelSha256: string;
  /** The first test images, each with its label and what it was taken for. */
  readonly first: readonly scanline.Picture[];
  /** SVG of the confusion matrix. */
  readonly confusion: string;
  /** SVG of the worst mistakes. */
  readonly mistakes: string;
  /** SVG of a few images while they are read. */
  readonly readings: string;
}

const FIRST = 10;
const WORST = 20;
const READ = 3; // of the first images; and the worst mistake

/** What the captions of {@link Findings} say, for people. */
export const CAPTIONS = "label → taken for, how surely";

/** What is tested, and on which images. */
export interface Tested {
  /** What predicts. */
  readonly reader: scanline.Trainer | scanline.Reader;
  readonly sequence: scanline.Sequence;
  readonly test: scanline.Split;
  readonly classNames: readonly string[];
}

/** Predicts all test images. */
export async function findOut(tested: Tested, loop: scanline.LoopOptions): Promise<Findings> {
  const { reader, sequence, test, classNames } = tested;
  const { labels, count } = test;
  const classes = classNames.length;
  const logits = await reader.predict(test, loop);
  const predicted = scanline.predictedClasses(logits, classes);
  const mistakes = scanline.worstMistakes(logits, labels, { classes, most: WORST });
  const score = scanline.scoreLogits(logits, labels, classes);
  const taken = (label: number, k: number) => `${classNames[label]} → ${classNames[k]}`;
  return {
    score,
    modelSha256: await scanline.modelSha256(reader.model, sequence),
    first: Array.from({ length: Math.min(FIRST, count) }, (_, n) => {
      const probabilities = scanline.softmax(logits.subarray(n * classes, (n + 1) * classes));
      const share = scanline.formatShare(probabilities[predicted[n]]);
      return pictureOf(test, n, `${taken(labels[n], predicted[n])} ${share}`);
    }),
    confusion: scanline.drawConfusionMap(scanline.confusionMatrix(labels, predicted, classes), classNames),
    mistakes: scanline.drawSheet(
      mistakes.map(({ position, label, predicted, probability }) => ({
        ...pictureOf(test, position, taken(label, predicted)),
        note: `${scanline.formatShare(probability)} #${position}`,
      })),
      { title: `${countMistakes(mistakes.length, score)}: ${CAPTIONS}, image`, perRow: 4 },
    ),
    readings: await drawReadings(tested, { predicted, worst: mistakes.at(0)?.position }),
  };
}

/** How many of the mistakes are shown, as a title. */
export function countMistakes(shown: number, { count, correct }: scanline.Score): string {
  const all = count - correct;
  if (all === 0) return "No mistakes";
  if (all === 1) return "The only mistake";
  return shown < all
    ? `The ${shown} worst of ${scanline.formatQuantity(all, "mistakes")}`
    : `All ${all} mistakes`;
}

function pictureOf({ pixels, height, width }: scanline.Images, n: number, caption: string): scanline.Picture {
  const size = height * width;
  return { pixels: pixels.slice(n * size, (n + 1) * size), height, width, caption };
}

async function drawReadings(
  { reader, sequence, test, classNames }: Tested,
  { predicted, worst }: { predicted: Uint8Array; worst: number | undefined },
): Promise<string> {
  const first = [...Array(Math.min(READ, test.count)).keys()];
  const positions = Uint32Array.from(new Set([...first, ...(worst === undefined ? [] : [worst])]));
  const probabilities = await reader.read(test, { positions });
  const each = probabilities.length / positions.length;
  const readings = [...positions].map((n, i) => ({
    image: pictureOf(
      test,
      n,
      `${n === worst ? "The worst mistake, " : ""}#${n}: ${classNames[test.labels[n]]} → ${
        classNames[predicted[n]]
      }`,
    ),
    axis: sequence.axis,
    probabilities: probabilities.subarray(i * each, (i + 1) * each),
    classNames,
  }));
  return scanline.readingsSvg(readings, { perRow: 2 });
}
