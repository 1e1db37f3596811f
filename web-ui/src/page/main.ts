// The verifier as one page: takes files, checks them here, shows each check. State in, elements out.

import { FirsthandError } from "../proof/errors.ts";
import { checkHeaders, type Checked, NETWORKS, type RawHeaders, verifyBundles } from "../verifier.ts";
import { type Child, element } from "./element.ts";
import { passedAll, recordElement, titleOf, verdictOf } from "./record.ts";
import { CATALOGUES, preferredLocale, Texts } from "./text.ts";

interface Source {
  readonly name: string;
  readonly data: Uint8Array;
}

interface Result {
  readonly name: string;
  checked: readonly Checked[];
  refused: string;
}

const BUNDLE = 0x7b;
const SEALS = '{"genesis":';
const CHECKPOINT = "firsthand/";
const OPENED = 3;

class Page {
  private texts: Texts;
  private readonly bundles: Source[] = [];
  private headers: { name: string; view: RawHeaders } | null = null;
  private badHeaders: Source | null = null;
  private seals: Source | null = null;
  private since: Source | null = null;
  private services = "";
  private results: readonly Result[] = [];
  private status = "";
  private run = 0;
  /** Which of the foldable parts the reader has opened; they stay so. */
  private readonly unfolded = new Set<string>();

  constructor(locale: string) {
    this.texts = new Texts(locale);
    document.addEventListener("dragover", (event) => {
      event.preventDefault();
      document.body.classList.add("dragging");
    });
    document.addEventListener("dragleave", () => document.body.classList.remove("dragging"));
    document.addEventListener("drop", (event) => {
      event.preventDefault();
      document.body.classList.remove("dragging");
      void this.takeFiles([...(event.dataTransfer?.files ?? [])]);
    });
    this.show();
  }

  private async takeFiles(files: readonly File[]): Promise<void> {
    const sources = await Promise.all(
      files.map(async (file) => ({ name: file.name, data: new Uint8Array(await file.arrayBuffer()) })),
    );
    if (sources.some((source) => this.kindOf(source) === "bundles")) this.bundles.length = 0;
    for (const source of sources) this.take(source);
    await this.check();
  }

  /** What a file is shows in its first bytes, whatever it is called. */
  private kindOf({ data }: Source): "bundles" | "seals" | "since" | "headers" {
    const start = new TextDecoder().decode(data.slice(0, 16));
    if (start.startsWith(SEALS)) return "seals";
    if (start.startsWith(CHECKPOINT)) return "since";
    // The first bytes of a header are its version, a small number: never a brace and a quote.
    return data[0] === BUNDLE || !data.length || data.length % 80 ? "bundles" : "headers";
  }

  private take(source: Source): void {
    const kind = this.kindOf(source);
    if (kind === "seals") this.seals = source;
    else if (kind === "since") this.since = source;
    else if (kind === "bundles") this.bundles.push(source);
    else {
      this.headers = null;
      this.badHeaders = null;
      try {
        this.headers = { name: source.name, view: checkHeaders(source.data) };
      } catch (error) {
        if (!(error instanceof FirsthandError)) throw error;
        this.badHeaders = source;
        this.unfolded.add("headers");
      }
    }
  }

  private async check(): Promise<void> {
    const run = ++this.run;
    const results = this.bundles.map(({ name }) => ({ name, checked: [], refused: "" }) as Result);
    this.results = results;
    this.status = this.bundles.length ? this.texts.text("asking") : "";
    this.show();
    for (const [at, source] of this.bundles.entries()) {
      const result = results[at]!;
      const seen: Checked[] = [];
      try {
        result.checked = await verifyBundles(source.data, {
          headers: this.headers?.view,
          services: this.chosenServices(),
          seals: this.seals?.data,
          since: this.since?.data,
          onProgress: (checked, done, total) => {
            if (run !== this.run) return;
            this.status = done ? `${done} / ${total}` : this.texts.counted("working", total);
            seen[checked.index] = checked;
            result.checked = seen;
            this.showStatus();
          },
        });
      } catch (error) {
        if (!(error instanceof FirsthandError)) throw error;
        result.refused = error.message;
      }
    }
    if (run !== this.run) return;
    this.status = this.summary();
    this.show();
    document.getElementById("status")?.focus();
  }

  private chosenServices(): readonly { url: string }[] | undefined {
    const urls = this.services.split(/\s+/).filter((line) => /^https?:\/\//.test(line));
    return urls.length ? urls.map((url) => ({ url })) : undefined;
  }

  private summary(): string {
    const { texts } = this;
    const all = this.results.flatMap((result) => result.checked);
    const count = all.length;
    const passed = all.filter(passedAll);
    if (!count) return "";
    if (count === 1 && verdictOf(all[0]!) !== "passed") return titleOf(all[0]!, texts);
    const open = all.filter((one) => !passedAll(one) && verdictOf(one) === "open").length;
    const failed = count - passed.length - open;
    const checks =
      passed.length === count
        ? texts.counted("summary.passed", count)
        : texts.text("summary.mixed", { passed: passed.length, count, open, failed });
    const ended = passed.filter((one) => verdictOf(one) !== "passed").length;
    return ended ? `${checks} ${texts.counted("summary.certificates", ended)}` : checks;
  }

  private show(): void {
    const { texts } = this;
    document.documentElement.lang = texts.language;
    document.documentElement.dir = texts.text("direction");
    document.title = texts.text("title");
    document.getElementById("page")!.replaceChildren(
      element(
        "header",
        {},
        element("p", { class: "brand", translate: "no" }, "Firsthand"),
        this.languageElement(),
      ),
      element(
        "main",
        {},
        element("h1", {}, texts.text("heading")),
        element("p", { class: "intro" }, texts.text("intro")),
        this.dropElement(),
        this.headersElement(),
        element("p", { id: "status", role: "status", tabindex: "-1" }, this.status),
        ...this.resultElements(),
      ),
      element("footer", {}, element("p", {}, texts.text("footer"))),
    );
  }

  private showStatus(): void {
    const status = document.getElementById("status");
    if (status) status.textContent = this.status;
  }

  private languageElement(): HTMLElement {
    const choose = (event: Event): void => {
      this.texts = new Texts((event.target as HTMLSelectElement).value);
      if (this.results.length) this.status = this.summary();
      this.show();
      document.getElementById("language")?.focus();
    };
    return element(
      "label",
      { class: "language" },
      element("span", {}, this.texts.text("choose.label")),
      element(
        "select",
        { id: "language", onchange: choose },
        ...Object.entries(CATALOGUES).map(([language, catalogue]) =>
          element(
            "option",
            { value: language, lang: language, selected: language === this.texts.language },
            catalogue["language"] ?? language,
          ),
        ),
      ),
    );
  }

  private dropElement(): HTMLElement {
    const { texts } = this;
    const input = element("input", {
      type: "file",
      id: "file",
      class: "hidden",
      multiple: true,
      onchange: () => void this.takeFiles([...(input.files ?? [])]),
    });
    const area = element("textarea", { id: "paste", rows: "4", dir: "ltr", spellcheck: "false" });
    const paste = (): void => {
      // What is pasted has mostly lost the end of its last line.
      const text = area.value.endsWith("\n") ? area.value : `${area.value}\n`;
      this.bundles.splice(0, this.bundles.length, {
        name: texts.text("paste.label"),
        data: new TextEncoder().encode(text.replace(/\r\n/g, "\n")),
      });
      void this.check();
    };
    return element(
      "section",
      { class: "drop" },
      element("h2", { class: "big" }, texts.text("drop.title")),
      input,
      element("label", { for: "file", class: "button" }, texts.text("drop.button")),
      ...this.bundles.map(({ name }) => element("span", { class: "chosen", dir: "auto" }, name)),
      element("p", { class: "hint" }, texts.text("drop.hint")),
      element(
        "details",
        this.foldable("paste"),
        element("summary", {}, texts.text("paste.title")),
        element("label", { for: "paste" }, texts.text("paste.label")),
        area,
        element("button", { type: "button", id: "check-paste", onclick: paste }, texts.text("paste.button")),
      ),
      ...this.noteElements(),
    );
  }

  private foldable(name: string): Readonly<Record<string, boolean | ((event: Event) => void)>> {
    const keep = (event: Event): void => {
      if ((event.target as HTMLDetailsElement).open) this.unfolded.add(name);
      else this.unfolded.delete(name);
    };
    return { open: this.unfolded.has(name), ontoggle: keep };
  }

  private noteElements(): readonly Child[] {
    const { texts } = this;
    const note = (key: "file.seals" | "file.since", source: Source | null): Child =>
      source && element("p", { class: "note" }, texts.text(key, { name: source.name }));
    return [note("file.seals", this.seals), note("file.since", this.since)];
  }

  private headersElement(): HTMLElement {
    const { texts } = this;
    const mainnet = NETWORKS.get("mainnet")!;
    const area = element("textarea", {
      id: "services",
      rows: "2",
      dir: "ltr",
      spellcheck: "false",
      onchange: () => (this.services = area.value),
    });
    area.value = this.services;
    const again = (): void => {
      this.services = area.value;
      void this.check();
    };
    const loaded = this.headers;
    const file = loaded
      ? texts.text("headers.loaded", {
          name: loaded.name,
          network: loaded.view.network,
          start: loaded.view.start,
          tip: loaded.view.tipHeight,
        })
      : this.badHeaders
        ? texts.text("headers.refused", { name: this.badHeaders.name })
        : texts.text("headers.none");
    return element(
      "details",
      { class: "headers", ...this.foldable("headers") },
      element("summary", {}, texts.text("headers.title")),
      element("p", {}, texts.text("headers.why")),
      element("h2", {}, texts.text("headers.services")),
      element("p", {}, texts.text("headers.known", { names: mainnet.services.map((one) => one.name ?? one.url).join(", ") })),
      element("label", { for: "services" }, texts.text("headers.own")),
      area,
      element("p", { class: "hint" }, texts.text("headers.own.hint")),
      element("h2", {}, texts.text("headers.file")),
      element("p", { id: "headers-file", class: this.badHeaders ? "bad" : "" }, file),
      element("button", { type: "button", id: "again", onclick: again }, texts.text("again")),
    );
  }

  private resultElements(): readonly HTMLElement[] {
    const several = this.results.length > 1;
    return this.results.map((result) =>
      element(
        "section",
        { class: "result" },
        several && element("h2", { dir: "auto" }, result.name),
        result.refused !== "" && this.refusedElement(result),
        ...inOrder(result.checked).map((checked) =>
          recordElement(checked, result.checked, this.texts, result.checked.length <= OPENED && !several),
        ),
      ),
    );
  }

  private refusedElement(result: Result): HTMLElement {
    return element(
      "div",
      { class: "record unreadable", "data-verdict": "unreadable" },
      element("p", {}, this.texts.text("file.refused", { name: result.name })),
      element("code", { lang: "en", dir: "ltr" }, result.refused),
    );
  }
}

/** As they stand in the file; of many, those with trouble first. */
function inOrder(checked: readonly Checked[]): readonly Checked[] {
  const order = ["alarm", "failed", "unreadable", "ended", "open", "running", "passed"];
  const rank = (one: Checked): number => order.indexOf(verdictOf(one));
  return checked.length <= OPENED ? checked : [...checked].sort((a, b) => rank(a) - rank(b));
}

const asked = new URLSearchParams(location.search).get("lang");
new Page(preferredLocale([...(asked ? [asked] : []), ...navigator.languages]));
