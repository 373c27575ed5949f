/**
 * Pictures and tables of trainings and models: pure functions to SVG, HTML, text and PNG.
 *
 * @module
 */
export {
  type GradientsOverTime,
  gradientsOverTime,
  type ImageTraces,
  traceImage,
} from "./lib/train/inspect.ts";
export { confusionMatrix, type Mistake, scoreLogits, worstMistakes } from "./lib/train/metrics.ts";
export { drawConfusion, drawConfusionMap, type DrawConfusionOptions } from "./lib/view/confusion.ts";
export { drawCurves } from "./lib/view/curves.ts";
export { drawForecast, type Forecast } from "./lib/view/forecast.ts";
export { describeReach, drawGradients, type RunGradients } from "./lib/view/gradients.ts";
export { drawInside, type Inside } from "./lib/view/inside.ts";
export { type DrawOptions, drawPictures, type Picture } from "./lib/view/digits.ts";
export {
  bestPoint,
  type Curve,
  type CurvePoint,
  type CurveSet,
  type FigureMeanings,
  type History,
  type Judges,
  momentOf,
  type StepCurve,
  toCurves,
} from "./lib/view/history.ts";
export { formatDuration, formatProgress, formatQuantity, type Progress } from "./lib/view/progress.ts";
export { toPng } from "./lib/view/rasterize.ts";
export { readingsSvg, type ReadingsSvgOptions } from "./lib/view/reading.ts";
export { decidedAt, likeliest, type Reading } from "./lib/view/reading_lines.ts";
export { drawReading, type DrawReadingOptions } from "./lib/view/reading_text.ts";
export { type ReportContents, type ReportPicture, writeReport } from "./lib/view/report.ts";
export { drawSheet, type SheetOptions, type SheetPicture } from "./lib/view/sheet.ts";
export {
  describeOrder,
  describeStructure,
  drawStructure,
  type StructureInput,
  titlesOfLayers,
} from "./lib/view/structure.ts";
export { drawSweep, type SweepPanel, type SweepPoint } from "./lib/view/sweep.ts";
export { drawTradeoff } from "./lib/view/tradeoff.ts";
export { formatFigure, formatShare } from "./lib/view/words.ts";

// Types that signatures here name.
export type {
  LayerGradients,
  LayerTraces,
  NetworkTraces,
  PlacedLayer,
  Trace,
} from "./lib/engines/reference/inspect.ts";
