// The texts of the page, from the catalogues in ../locales; none stand in code.

import ar from "../locales/ar.json";
import en from "../locales/en.json";
import es from "../locales/es.json";
import fr from "../locales/fr.json";
import type { Json } from "../proof/canonical.ts";

type Key = keyof typeof en;
type Catalogue = Readonly<Record<string, string>>;
type Values = Readonly<Record<string, string | number>>;

export const CATALOGUES: Readonly<Record<string, Catalogue>> = { en, es, fr, ar };

/** The texts of one language; numbers and dates as its region writes them. */
export class Texts {
  readonly language: string;
  private readonly locale: string;
  private readonly catalogue: Catalogue;
  private readonly plurals: Intl.PluralRules;

  constructor(locale: string) {
    this.locale = locale;
    this.language = languageOf(locale);
    this.catalogue = CATALOGUES[this.language] ?? en;
    this.plurals = new Intl.PluralRules(locale);
  }

  /** A text with its values put in. */
  text(key: Key, values: Values = {}): string {
    return this.filled(this.catalogue[key] ?? en[key], values);
  }

  /** A text in the form that goes with a count. */
  counted(key: string, count: number): string {
    const found = this.catalogue[`${key}.${this.plurals.select(count)}`] ?? this.catalogue[`${key}.other`] ?? "";
    return this.filled(found, { count });
  }

  /** A text whose key is put together; empty when there is none. */
  at(key: string, values: Values = {}): string {
    return this.filled(this.catalogue[key] ?? "", values);
  }

  /** A moment, in UTC, as the language writes it. */
  moment(seconds: number): string {
    const format = { dateStyle: "long", timeStyle: "short", timeZone: "UTC" } as const;
    return `${new Intl.DateTimeFormat(this.locale, format).format(seconds * 1000)} UTC`;
  }

  /** A time as a record has it, as the language writes it; what is no time, as it stands. */
  momentOf(value: Json | undefined): string {
    const text = typeof value === "string" ? value : "";
    const milliseconds = Date.parse(text);
    return Number.isNaN(milliseconds) ? text : this.moment(milliseconds / 1000);
  }

  private filled(text: string, values: Values): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      if (value === undefined) return whole;
      return typeof value === "number" ? value.toLocaleString(this.locale) : isolated(value);
    });
  }
}

/** Names and identifiers keep their own direction inside a text of another (Unicode's isolates). */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

function languageOf(locale: string): string {
  return locale.toLowerCase().split("-")[0]!;
}

/** The first locale that the reader wants and whose language has a catalogue. */
export function preferredLocale(wanted: readonly string[]): string {
  return wanted.find((locale) => Object.prototype.hasOwnProperty.call(CATALOGUES, languageOf(locale))) ?? "en";
}
