/**
 * Writes which parts of JavaScript and of the Web's interfaces the oldest browsers lack that the page names, as MDN's compatibility
 * data tells it.
 *
 *     deno run --no-lock -A tests/page/older/newer_features.ts
 *
 * @module
 */
import { OLDEST } from "../../../page/features.ts";

/** A feature, its versions, and what it consists of. */
interface Feature {
  readonly __compat?: { readonly support: Readonly<Record<string, Support | readonly Support[]>> };
  readonly [part: string]: unknown;
}

interface Support {
  readonly version_added: string | false;
  readonly version_removed?: string;
  readonly flags?: unknown;
  readonly prefix?: string;
  readonly alternative_name?: string;
}

/** Whether one of the oldest browsers lacks a feature. */
function isLacking({ __compat }: Feature): boolean {
  return Object.entries(OLDEST).some(([browser, oldest]) => {
    const has = ({ version_added, version_removed, flags, prefix, alternative_name }: Support) =>
      !flags && !prefix && !alternative_name && isUntil(version_added, oldest) &&
      !isUntil(version_removed ?? false, oldest);
    return __compat !== undefined && ![__compat.support[browser] ?? []].flat().some(has);
  });
}

function isUntil(version: string | false, oldest: number): boolean {
  return version !== false && parseFloat(version.replace("≤", "")) <= oldest;
}

const partsOf = (feature: Feature) =>
  Object.entries(feature).filter(([name]) => name !== "__compat") as [string, Feature][];

/** Names as programs write them: `Iterator`, `Iterator.map`. */
function* namesOf(all: Feature, above = ""): Generator<string> {
  for (const [part, feature] of partsOf(all)) {
    const name = `${above}${part.replace(/_(static|event)$/, "")}`;
    if (isLacking(feature)) yield name;
    else if (above === "" || part === "Intl") yield* namesOf(feature, `${name}.`);
  }
}

/** Not imported by name: whoever checks this file would fetch its 20 MB. */
const COMPATIBILITY = "npm:@mdn/browser-compat-data@8.1.9";
const { default: data } = await import(COMPATIBILITY, { with: { type: "json" } });
const { api, javascript: { builtins } }: { api: Feature; javascript: { builtins: Feature } } = data;
const names = [...new Set([...namesOf(builtins), ...namesOf(api)])].filter((name) => /^[\w.]+$/.test(name))
  .sort();
await Deno.writeTextFile(
  new URL("newer_features.json", import.meta.url),
  `${JSON.stringify(names, null, 2)}\n`,
);
