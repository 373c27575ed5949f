/**
 * What one may choose before a training.
 *
 * @module
 */
/// <reference lib="dom" />
import type { ComponentChildren, JSX } from "preact";
import { RECIPES } from "./recipes.ts";
import {
  ALL_IMAGES,
  FEW_IMAGES,
  LEAST,
  MOST,
  ownSteps,
  recipeOf,
  type TrainingSettings,
} from "./settings.ts";
import { MOST_THREADS, settings } from "./trainer.ts";

/** As many threads as the training can keep busy. */
const AUTOMATIC = "automatic";

/** The form. @param isFixed Whether a training is running, and they can no longer be changed */
export function Settings({ isFixed }: { isFixed: boolean }): JSX.Element {
  const now = settings.value, own = recipeOf(now);
  return (
    <fieldset class="settings" disabled={isFixed}>
      <legend class="spoken">Settings of the training</legend>
      <Field label="Network" wide>
        <select value={now.recipe} onChange={(event) => chooseRecipe(event.currentTarget.value)}>
          {RECIPES.map(({ name, title }) => <option key={name} value={name}>{title}</option>)}
        </select>
      </Field>
      <Field label="Images">
        <select
          value={now.limit ?? ALL_IMAGES}
          onChange={(event) => chooseImages(Number(event.currentTarget.value))}
        >
          {imageChoices(now.limit).map((count) => (
            <option key={count} value={count}>{nameOfImages(count)}</option>
          ))}
        </select>
      </Field>
      <Field label="Steps">
        <NumberField
          value={now.steps}
          usual={ownSteps(now)}
          most={MOST.steps}
          onChange={(steps) => choose({ steps })}
        />
      </Field>
      <Field label="Learning rate">
        <NumberField
          value={now.learningRate}
          usual={own.optimizer.learningRate}
          least={LEAST.learningRate}
          most={MOST.learningRate}
          isWhole={false}
          onChange={(learningRate) => choose({ learningRate })}
        />
      </Field>
      <Field label="Seed">
        <NumberField
          value={now.seed}
          usual={own.seed}
          least={LEAST.seed}
          most={MOST.seed}
          onChange={(seed) => choose({ seed })}
        />
      </Field>
      <Field label="Device">
        <select
          value={now.device}
          onChange={(event) => choose({ device: event.currentTarget.value === "webgpu" ? "webgpu" : "wasm" })}
        >
          <option value="wasm">wasm (CPU)</option>
          <option value="webgpu" disabled={!("gpu" in navigator)}>
            {"gpu" in navigator ? "WebGPU" : "WebGPU (not in this browser)"}
          </option>
        </select>
      </Field>
      {now.device === "wasm" && MOST_THREADS > 1 && (
        <Field label="Threads">
          <select
            value={now.threads === null ? AUTOMATIC : Math.min(now.threads, MOST_THREADS)}
            onChange={(event) => chooseThreads(event.currentTarget.value)}
          >
            <option value={AUTOMATIC}>automatic</option>
            {Array.from({ length: MOST_THREADS }, (_, i) => <option key={i} value={i + 1}>{i + 1}</option>)}
          </select>
        </Field>
      )}
    </fieldset>
  );
}

function Field({ label, wide = false, children }: {
  readonly label: string;
  readonly wide?: boolean;
  readonly children: ComponentChildren;
}): JSX.Element {
  return (
    <label class={wide ? "field wide" : "field"}>
      <span>{label}</span>
      {children}
    </label>
  );
}

/** A number; an empty field means the usual one. What is out of range is said, and no training starts with it. */
function NumberField({ value, usual, least = LEAST.steps, most, isWhole = true, onChange }: {
  readonly value: number | null;
  readonly usual: number;
  readonly least?: number;
  readonly most: number;
  readonly isWhole?: boolean;
  readonly onChange: (value: number | null) => void;
}): JSX.Element {
  return (
    <input
      type="number"
      inputMode={isWhole ? "numeric" : "decimal"}
      min={least}
      max={most}
      step={isWhole ? 1 : "any"}
      value={value ?? usual}
      onChange={({ currentTarget: field }) => {
        if (!field.reportValidity()) return;
        const given = field.valueAsNumber;
        onChange(Number.isNaN(given) || given === usual ? null : given);
        if (Number.isNaN(given)) field.value = String(usual);
      }}
    />
  );
}

function choose(changes: Partial<TrainingSettings>): void {
  settings.value = { ...settings.value, ...changes };
}

/** A recipe comes with its own seed, learning rate and length. */
function chooseRecipe(name: string): void {
  choose({ recipe: name, seed: null, learningRate: null, steps: null });
}

function chooseImages(count: number): void {
  choose({ limit: count === ALL_IMAGES ? null : count, steps: null });
}

function chooseThreads(value: string): void {
  choose({ threads: value === AUTOMATIC ? null : Number(value) });
}

/** The usual choices, and one that a link made. */
function imageChoices(limit: number | null): number[] {
  return [...new Set([FEW_IMAGES, limit ?? ALL_IMAGES, ALL_IMAGES])].sort((a, b) => a - b);
}

function nameOfImages(count: number): string {
  return count === ALL_IMAGES ? "all 60,000" : `first ${count.toLocaleString("en")}`;
}
