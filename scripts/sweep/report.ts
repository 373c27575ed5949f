/**
 * What a sweep leaves in its folder: a picture, and all results in one file.
 *
 * @module
 */
import { drawSweep, type SweepPanel, type SweepPoint, toPng } from "../../view.ts";
import { writeWhole } from "../../lib/data/files.ts";
import { showValue } from "./combinations.ts";
import { accuracyOf, byValue, isContinuous, type SweepSummary, type Trained } from "./summary.ts";
import { nameOfJudge } from "./table.ts";

/** Draws `sweep.svg` and `sweep.png`, and returns the path of the first; null if there is nothing to draw. */
export async function drawReport(
  folder: string,
  trained: readonly Trained[],
  { judge }: SweepSummary,
): Promise<string | null> {
  const names = Object.keys(trained[0].training.combination);
  const panels = (names.length > 0 ? names : ["seed"]).map((name) => panelOf(name, trained, judge));
  if (panels[0].points.length === 0) return null;
  const svg = drawSweep(panels, { measure: nameOfJudge(judge) });
  await writeWhole(`${folder}/sweep.svg`, new TextEncoder().encode(svg));
  await writeWhole(`${folder}/sweep.png`, await toPng(svg));
  return `${folder}/sweep.svg`;
}

function panelOf(name: string, trained: readonly Trained[], judge: SweepSummary["judge"]): SweepPanel {
  const points = trained.flatMap((one): SweepPoint[] => {
    const { combination, seed } = one.training, accuracy = accuracyOf(one, judge);
    const value = name === "seed" ? seed : combination[name];
    return accuracy === null
      ? []
      : [{ value: typeof value === "number" ? value : showValue(value), accuracy }];
  });
  const sorted = points.toSorted((a, b) => byValue(String(a.value), String(b.value)));
  return { name, points: sorted, continuous: isContinuous(sorted.map(({ value }) => value)) };
}
