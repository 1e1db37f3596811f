// One record of a proof file as the reader sees it: the verdict in plain words first, then what was stated, then the checks.

import type { Json, JsonObject } from "../proof/canonical.ts";
import { type Checked, type Report, type Step, STEPS } from "../verifier.ts";
import { append, type Child, element } from "./element.ts";
import type { Texts } from "./text.ts";

export type Verdict = "passed" | "failed" | "open" | "alarm" | "unreadable" | "running";

const MARKS: Readonly<Record<string, string>> = {
  passed: "✓",
  failed: "✕",
  alarm: "!",
  unreadable: "✕",
  open: "?",
  running: "…",
  "not checked": "?",
};
const SHOWN_ITEMS = 4;
const TRIALS = ["sandbox", "regtest", "testnet"];

/** How a record fared. A failed check outweighs one that is missing. */
export function verdictOf({ report, certificate }: Checked): Verdict {
  if (!report) return certificate ? "open" : "unreadable";
  if (report.steps.length < STEPS.length) return "running";
  if (report.valid) return "passed";
  if (report.alarm) return "alarm";
  return report.steps.some((step) => step.outcome === "failed") ? "failed" : "open";
}

/** A record: its verdict as the summary, the rest below it, made when it is opened. */
export function recordElement(checked: Checked, texts: Texts, open: boolean): HTMLElement {
  const verdict = verdictOf(checked);
  const body = element("div", { class: "body" });
  const fill = (): void => {
    if (!body.childElementCount) append(body, bodyOf(checked, verdict, texts));
  };
  if (open) fill();
  return element(
    "details",
    { class: `record ${verdict}`, "data-verdict": verdict, open, ontoggle: fill },
    element(
      "summary",
      {},
      mark(verdict),
      element("span", { class: "verdict" }, texts.at(verdict === "running" ? "outcome.running" : `verdict.${verdict}`)),
      element("span", { class: "which", dir: "auto" }, whichOf(checked, texts)),
    ),
    body,
  );
}

function mark(outcome: string): HTMLElement {
  return element("span", { class: `mark ${outcome.replace(" ", "-")}`, "aria-hidden": "true" }, MARKS[outcome] ?? "");
}

function whichOf({ report, index }: Checked, texts: Texts): string {
  if (!report) return `${index + 1}`;
  const { event } = report;
  return [textOf(event["bizStep"]) || textOf(event["type"]), momentOf(event["eventTime"], texts)].filter(Boolean).join(" · ");
}

function bodyOf(checked: Checked, verdict: Verdict, texts: Texts): readonly Child[] {
  const { report } = checked;
  if (checked.certificate) return [element("p", {}, texts.text("says.certificate"))];
  if (!report) {
    return [element("p", {}, texts.text("says.unreadable")), technical(checked.unreadable, texts)];
  }
  const trial = TRIALS.includes(report.network);
  return [
    ...saysOf(report, verdict, texts).map((text) => element("p", { class: "says" }, text)),
    trial &&
      element("p", { class: "trial" }, texts.text("says.sandbox", { network: report.network })),
    element("h3", {}, texts.text(verdict === "passed" ? "stated.title" : "stated.unproven")),
    statedOf(report, texts),
    element("h3", {}, texts.text("steps.title")),
    element("ol", { class: "steps" }, ...STEPS.map((name, at) => stepElement(name, report.steps[at], report, texts))),
    report.further.length > 0 && furtherElement(report, texts),
  ];
}

function saysOf(report: Report, verdict: Verdict, texts: Texts): readonly string[] {
  const name = report.party?.name ?? "";
  const troubled = report.steps.find((step) => step.outcome === "failed") ?? report.steps.find((step) => step.outcome !== "passed");
  const step = troubled ? texts.at(`step.${troubled.name}`) : "";
  if (verdict === "alarm") return [texts.text("says.alarm")];
  if (verdict === "failed") return [texts.text("says.failed", { step })];
  if (verdict === "open") {
    const passed = report.steps.filter((one) => one.outcome === "passed").length;
    return [texts.text("says.open", { passed, step })];
  }
  if (verdict !== "passed") return [];
  const isConfirmed = report.further.some((one) => one.name === "confirmations" && one.outcome === "passed");
  const confirmed = isConfirmed ? report.confirmations.map(([, party]) => party.name) : [];
  const values = {
    name,
    network: report.network,
    log: report.log,
    height: report.blockHeight ?? 0,
    depth: report.depth ?? 0,
    time: texts.moment(report.blockTime ?? 0),
  };
  return [
    texts.text("says.passed", values),
    ...(report.manifest?.custodial ? [texts.text("says.custodial", { name })] : []),
    ...(confirmed.length ? [texts.text("says.confirmed", { names: confirmed.join(", ") })] : []),
    texts.text("says.truth"),
  ];
}

function statedOf(report: Report, texts: Texts): HTMLElement {
  const event = report.opened?.event ?? report.event;
  const rows: (readonly [string, string])[] = [
    [texts.text("stated.what"), [event["bizStep"], event["type"], event["action"]].map(textOf).filter(Boolean).join(" · ")],
    [texts.text("stated.when"), momentOf(event["eventTime"], texts)],
    [texts.text("stated.items"), itemsOf(event, texts)],
    [texts.text("stated.where"), idOf(event["readPoint"]) || idOf(event["bizLocation"])],
    [texts.text("stated.by"), report.party ? `${report.party.name} (${report.party.roles.join(", ")})` : ""],
  ];
  for (const { path, value } of report.opened?.disclosed ?? []) {
    const label = path[path.length - 1];
    rows.push([`${label}`, typeof value === "string" ? value : JSON.stringify(value)]);
  }
  const shown = rows.filter(([, value]) => value);
  return element(
    "div",
    { class: "stated" },
    element("dl", {}, ...shown.flatMap(([term, value]) => [element("dt", {}, term), element("dd", { dir: "auto" }, value)])),
    element(
      "details",
      {},
      element("summary", {}, texts.text("stated.raw")),
      element("pre", { dir: "ltr", lang: "zxx", tabindex: "0" }, JSON.stringify(event, null, 1)),
    ),
    report.opened?.undisclosed ? element("p", {}, texts.counted("sealed", report.opened.undisclosed)) : null,
  );
}

function textOf(value: Json | undefined): string {
  return typeof value === "string" ? value : "";
}

function momentOf(value: Json | undefined, texts: Texts): string {
  const milliseconds = Date.parse(textOf(value));
  return Number.isNaN(milliseconds) ? textOf(value) : texts.moment(milliseconds / 1000);
}

function idOf(value: Json | undefined): string {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? textOf(value["id"]) : "";
}

function itemsOf(event: JsonObject, texts: Texts): string {
  const names = ["parentID", "epcList", "childEPCs", "inputEPCList", "outputEPCList"];
  const classes = ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"];
  const single = names.flatMap((name) => [event[name]].flat().map((item) => textOf(item)));
  const counted = classes.flatMap((name) => {
    const list = event[name];
    return Array.isArray(list) ? list.map(quantityOf) : [];
  });
  const items = [...single, ...counted].filter(Boolean);
  const more = items.length - SHOWN_ITEMS;
  return [...items.slice(0, SHOWN_ITEMS), ...(more > 0 ? [texts.text("stated.more", { count: more })] : [])].join("\n");
}

function quantityOf(item: Json): string {
  if (typeof item !== "object" || item === null || Array.isArray(item)) return "";
  const quantity = item["quantity"];
  const amount = typeof quantity === "number" ? ` (${quantity}${item["uom"] ? ` ${textOf(item["uom"])}` : ""})` : "";
  return textOf(item["epcClass"]) + amount;
}

function stepElement(name: string, step: Step | undefined, report: Report, texts: Texts): HTMLElement {
  const outcome = step?.outcome ?? "running";
  return element(
    "li",
    { class: `step ${outcome.replace(" ", "-")}`, "data-step": name, "data-outcome": outcome },
    mark(outcome),
    element(
      "div",
      {},
      element(
        "p",
        { class: "name" },
        element("strong", {}, texts.at(`step.${name}`)),
        " ",
        element("span", { class: "outcome" }, texts.at(`outcome.${outcome}`)),
      ),
      element("p", {}, step ? plainOf(step, report, texts) : texts.text("asking")),
      step ? technical(step.detail, texts) : null,
    ),
  );
}

function plainOf(step: Step, report: Report, texts: Texts): string {
  if (step.outcome === "not checked") {
    return step.name === "header" && report.blockHeight !== null
      ? texts.text("step.header.open")
      : texts.text("step.unchecked");
  }
  if (step.name === "header" && report.alarm) return texts.text("says.alarm");
  if (step.name === "signature" && step.outcome === "passed" && report.manifest?.custodial) {
    return texts.text("says.custodial", { name: report.party?.name ?? "" });
  }
  return texts.at(`step.${step.name}.${step.outcome}`, {
    name: report.party?.name ?? "",
    log: report.log,
    height: report.blockHeight ?? 0,
    depth: report.depth ?? 0,
  });
}

function furtherElement(report: Report, texts: Texts): HTMLElement {
  return element(
    "details",
    { class: "further" },
    element("summary", {}, texts.text("further.title")),
    element(
      "ul",
      { class: "steps" },
      ...report.further.map((step) =>
        element(
          "li",
          { class: `step ${step.outcome.replace(" ", "-")}`, "data-step": step.name, "data-outcome": step.outcome },
          mark(step.outcome),
          element(
            "div",
            {},
            element(
              "p",
              { class: "name" },
              element("strong", {}, texts.at(`step.${step.name}`)),
              " ",
              element("span", { class: "outcome" }, texts.at(`outcome.${step.outcome}`)),
            ),
            technical(step.detail, texts),
          ),
        ),
      ),
    ),
  );
}

/** What the specification's words say, in English and left to right in every language. */
function technical(detail: string, texts: Texts): HTMLElement {
  return element(
    "details",
    { class: "technical" },
    element("summary", {}, texts.text("detail")),
    element("code", { lang: "en", dir: "ltr" }, detail),
  );
}
