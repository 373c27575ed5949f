/**
 * What a training may do beyond plain steps: options of `compile()` that `config.json` keeps.
 *
 * @module
 */
import { type Augmentation, LONGEST_SIDE, MOST_DEGREES } from "../data/transform.ts";
import type { ImageSize } from "../data/raster.ts";
import { excerpt } from "../excerpt.ts";
import type { Clip } from "../engines/engine.ts";
import { check, checkOptions, number, OBJECT, optional, type Rules, whole } from "../options.ts";
import { checkMonitor, type Monitor, type MonitorOptions } from "./monitor.ts";
import { checkSchedule, type Schedule } from "./schedule.ts";

/** What a training may do beyond plain steps. All of it can be left out. */
export interface RefinementOptions {
  /**
   * What limits a gradient g before its update: `norm` its Euclidean length, as `torch.nn.utils.clip_grad_norm_` does
   * (`g ← g · min(1, norm / (‖g‖ + 1e-6))`), or `value` each of its numbers, to −value … value. Positive.
   */
  readonly clip?: ClipOption;
  /**
   * s of `y ← (1 − s) y + s / K`, what the targets become for the training loss (Szegedy et al. 2016; PyTorch's
   * `CrossEntropyLoss(label_smoothing=s)`). At least 0 and below 1. Evaluations measure the plain loss.
   */
  readonly labelSmoothing?: number;
  /**
   * How far training images are moved at most, anew for each image and epoch, a function of (seed, epoch, image): `shift` in
   * pixels to each side and up and down, whole; `rotate` in degrees to each side, at most 45; `scale` as a share of the size,
   * larger and smaller, below 1. Each is 0 by default. Images that are evaluated stay as they are.
   */
  readonly augment?: Partial<Augmentation>;
  /** How the learning rate changes; it is that of the optimizer throughout by default. See {@link schedules}. */
  readonly schedule?: Schedule;
  /**
   * What is watched in the validation images, which are evaluated after each epoch then: early stopping, and the weights of the
   * best epoch.
   */
  readonly monitor?: MonitorOptions;
}

/** The most that a gradient may be. */
export type ClipOption = { readonly norm: number } | { readonly value: number };

/** {@link RefinementOptions} with all defaults filled in; what is left out does nothing. */
export interface Refinements extends RefinementOptions {
  /** How far images are moved at most. */
  readonly augment?: Augmentation;
  /** What is watched. */
  readonly monitor?: Monitor;
}

const POSITIVE = number("a positive number", (value) => value > 0);

/** What the options must be at the door; {@link checkRefinements} checks them further. */
export const REFINEMENT_RULES: Rules<RefinementOptions> = {
  clip: optional({ ...OBJECT, must: "{ norm } or { value }" }),
  labelSmoothing: optional(number("at least 0 and below 1", (value) => value >= 0 && value < 1)),
  augment: optional({ ...OBJECT, must: "an object with shift, rotate or scale" }),
  schedule: optional({ must: "a schedule", isKind: () => true }), // checkSchedule() checks it
  monitor: optional(OBJECT),
};

const CLIP_RULES: Rules<{ norm: number; value: number }> = {
  norm: optional(POSITIVE),
  value: optional(POSITIVE),
};

const AUGMENT_RULES: Rules<Augmentation> = {
  shift: optional(whole(0, LONGEST_SIDE)),
  rotate: optional(
    number(`from 0 to ${MOST_DEGREES} degrees`, (value) => value >= 0 && value <= MOST_DEGREES),
  ),
  scale: optional(number("at least 0 and below 1", (value) => value >= 0 && value < 1)),
};

/**
 * Checks the options, and fills in their defaults.
 *
 * @param images What is trained on, where that is known
 * @throws {TypeError} If one is unknown, missing or of the wrong kind.
 * @throws {RangeError} If a value is out of range, or the options do not fit the images.
 */
export function checkRefinements(
  action: string,
  options: RefinementOptions,
  images?: { size: ImageSize; validation: number },
): Refinements {
  const { clip, labelSmoothing, augment, schedule, monitor } = checkOptions(
    action,
    options,
    REFINEMENT_RULES,
  );
  if (monitor && images?.validation === 0) {
    throw new RangeError(
      `Cannot ${action}: validation must hold out images for monitor: current value is none ` +
        "(`validation: 0.1` holds out a tenth)",
    );
  }
  const moved = augment && checkAugment(action, augment, images?.size);
  return {
    ...(clip && { clip: checkClip(action, clip) }),
    ...(labelSmoothing && { labelSmoothing }),
    ...(moved && Object.values(moved).some((most) => most > 0) && { augment: moved }),
    ...(schedule !== undefined && { schedule: checkSchedule(action, schedule) }),
    ...(monitor && { monitor: checkMonitor(action, monitor) }),
  };
}

/** The clipping as an engine needs it. */
export function toClip(clip: ClipOption): Clip {
  return "norm" in clip ? { kind: "norm", most: clip.norm } : { kind: "value", most: clip.value };
}

function checkClip(action: string, clip: ClipOption): ClipOption {
  const { norm, value } = checkOptions<{ norm?: number; value?: number }>(action, clip, CLIP_RULES, "clip");
  if (norm !== undefined && value === undefined) return { norm };
  if (value !== undefined && norm === undefined) return { value };
  throw new TypeError(
    `Cannot ${action}: clip must be either { norm } or { value }: current value is ${excerpt(clip)}`,
  );
}

function checkAugment(action: string, augment: Partial<Augmentation>, size?: ImageSize): Augmentation {
  const moved = { shift: 0, rotate: 0, scale: 0, ...checkOptions(action, augment, AUGMENT_RULES, "augment") };
  for (const side of ["height", "width"] as const) {
    if (size) {
      check(action, `${side} of images to augment`, { value: size[side], rule: whole(1, LONGEST_SIDE) });
    }
  }
  return moved;
}
