/**
 * What a trained model does with the test images: its figures, and the pictures that show them.
 *
 * @module
 */
import * as scanline from "../../mod.ts";

/** What was found. */
export interface Findings {
  /** The first test images, each with what it was taken for. */
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

/** Predicts all test images. */
export async function findOut(
  trainer: scanline.Trainer,
  classNames: readonly string[],
  loop: scanline.LoopOptions,
): Promise<Findings> {
  const test = trainer.split("test");
  const { labels, count } = test;
  const classes = classNames.length;
  const logits = await trainer.predict("test", loop);
  const predicted = scanline.predictedClasses(logits, classes);
  const mistakes = scanline.worstMistakes(logits, labels, { classes, most: WORST });
  const wrong = predicted.reduce((sum, k, n) => sum + (k === labels[n] ? 0 : 1), 0);
  return {
    first: Array.from({ length: Math.min(FIRST, count) }, (_, n) => {
      const probabilities = scanline.softmax(logits.subarray(n * classes, (n + 1) * classes));
      const share = `${(100 * probabilities[predicted[n]]).toFixed(1)}%`;
      return pictureOf(test, n, `${predicted[n]} for ${labels[n]} ${share}`);
    }),
    confusion: scanline.drawConfusionMap(scanline.confusionMatrix(labels, predicted, classes), classNames),
    mistakes: scanline.drawSheet(
      mistakes.map(({ position, label, predicted, probability, loss }) => ({
        ...pictureOf(test, position, `${predicted} for ${label}, ${(100 * probability).toFixed(1)} %`),
        note: `#${position}, loss ${loss.toFixed(2)}`,
      })),
      { title: `The ${mistakes.length} worst mistakes of ${wrong}: what was taken for what`, perRow: 5 },
    ),
    readings: await drawReadings(trainer, classNames, mistakes.at(0)?.position),
  };
}

function pictureOf({ pixels, height, width }: scanline.Images, n: number, caption: string): scanline.Picture {
  const size = height * width;
  return { pixels: pixels.slice(n * size, (n + 1) * size), height, width, caption };
}

async function drawReadings(
  trainer: scanline.Trainer,
  classNames: readonly string[],
  worst: number | undefined,
): Promise<string> {
  const test = trainer.split("test");
  const first = [...Array(Math.min(READ, test.count)).keys()];
  const positions = Uint32Array.from(new Set([...first, ...(worst === undefined ? [] : [worst])]));
  const probabilities = await trainer.read("test", { positions });
  const each = probabilities.length / positions.length;
  const readings = [...positions].map((n, i) => ({
    image: pictureOf(
      test,
      n,
      `${n === worst ? "the worst mistake, " : ""}#${n}: ${classNames[test.labels[n]]}`,
    ),
    axis: trainer.config.sequence.axis,
    probabilities: probabilities.subarray(i * each, (i + 1) * each),
    classNames,
  }));
  return scanline.readingsSvg(readings, { perRow: 2 });
}
