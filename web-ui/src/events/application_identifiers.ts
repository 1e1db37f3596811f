// GS1 application identifiers as Digital Links have them, the mirror of events/application_identifiers.py.

export const CANONICAL_DOMAIN = "https://id.gs1.org";

// The 82 and 39 characters that GS1 allows in alphanumeric keys (General Specifications, figure 7.11).
export const CHARSET_82 = /^[!"%&'()*+,\-./0-9:;<=>?_A-Za-z]*$/;
export const CHARSET_39 = /^[#\-/0-9A-Z]*$/;
export const DIGITS = /^[0-9]*$/;

/** A value as it stands in a Digital Link. */
export function escaped(value: string): string {
  return value.replace(/[!"#%&()*+,/:<>?]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The names that Digital Link 1.1 allowed beside the numeric application identifiers. */
export const NAMES: ReadonlyMap<string, string> = new Map([
  ["gtin", "01"],
  ["itip", "8006"],
  ["cpid", "8010"],
  ["gln", "414"],
  ["party", "417"],
  ["gsrnp", "8017"],
  ["gsrn", "8018"],
  ["gcn", "255"],
  ["sscc", "00"],
  ["gdti", "253"],
  ["ginc", "401"],
  ["gsin", "402"],
  ["grai", "8003"],
  ["giai", "8004"],
  ["cpv", "22"],
  ["lot", "10"],
  ["ser", "21"],
  ["glnx", "254"],
  ["cpsn", "8011"],
  ["srin", "8019"],
]);

export const KEY_VALUES: ReadonlyMap<string, RegExp> = new Map([
  ["00", /^[0-9]{18}$/],
  ["01", /^(?:[0-9]{8}|[0-9]{12,14})$/],
  ["253", /^[0-9]{13}.{0,17}$/],
  ["255", /^[0-9]{13,25}$/],
  ["401", /^[0-9]{4}.{1,26}$/],
  ["402", /^[0-9]{17}$/],
  ["414", /^[0-9]{13}$/],
  ["417", /^[0-9]{13}$/],
  ["8003", /^[0-9]{14}.{0,16}$/],
  ["8004", /^[0-9]{4}.{1,26}$/],
  ["8006", /^[0-9]{18}$/],
  ["8010", /^[0-9]{4}.{1,26}$/],
  ["8017", /^[0-9]{18}$/],
  ["8018", /^[0-9]{18}$/],
]);

/** The place of the check digit in each key that has one, counted from 1. */
export const CHECK_DIGITS: ReadonlyMap<string, number> = new Map([
  ...["00", "8017", "8018"].map((ai) => [ai, 18] as const),
  ...["01", "8003", "8006"].map((ai) => [ai, 14] as const),
  ...["253", "255", "414", "417"].map((ai) => [ai, 13] as const),
  ["402", 17],
]);

/** The application identifier of a path's segment that is a key, by number or name. */
export function keyNamed(segment: string): string | null {
  const ai = NAMES.get(segment) ?? segment;
  return KEY_VALUES.has(ai) ? ai : null;
}

type Qualifiers = readonly (readonly [ai: string, longest: number])[];

/** Each key's qualifiers in their fixed order (Digital Link 1.2 §4.8), with the longest value. */
export const QUALIFIERS: ReadonlyMap<string, Qualifiers> = new Map<string, Qualifiers>([
  ["01", [["22", 20], ["10", 20], ["21", 20], ["235", 28]]],
  ["8006", [["22", 20], ["10", 20], ["21", 20]]],
  ["8010", [["8011", 12]]],
  ["414", [["254", 20]]],
  ["8017", [["8019", 10]]],
  ["8018", [["8019", 10]]],
]);

export const NUMERIC_QUALIFIERS: readonly string[] = ["8011", "8019"];
