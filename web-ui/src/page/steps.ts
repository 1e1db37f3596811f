// The eight checks over a record or a certificate, each in plain words with its technical detail.

import { type AnchoredReport, CertificateReport, Report, type Step } from "../verifier.ts";
import { type Child, element } from "./element.ts";
import type { Texts } from "./text.ts";

const MARKS: Readonly<Record<string, string>> = {
  passed: "✓",
  failed: "✕",
  ended: "✕",
  alarm: "!",
  unreadable: "✕",
  open: "?",
  running: "…",
  "not checked": "?",
};

/** The sign of an outcome or verdict, for the eye alone. */
export function mark(outcome: string): HTMLElement {
  return element("span", { class: `mark ${outcome.replace(" ", "-")}`, "aria-hidden": "true" }, MARKS[outcome] ?? "");
}

/** All steps of a report, those that are still to come among them. */
export function stepsElement(report: AnchoredReport, texts: Texts): HTMLElement {
  const steps = report.names.map((name, at) => {
    const step = report.steps[at];
    const plain = step ? plainOf(step, report, texts) : texts.text("asking");
    return stepElement(name, step, texts, element("p", {}, plain));
  });
  return element("ol", { class: "steps" }, ...steps);
}

/** What stands beside the verdict. */
export function furtherElement(report: AnchoredReport, texts: Texts): HTMLElement {
  return element(
    "details",
    { class: "further" },
    element("summary", {}, texts.text("further.title")),
    element("ul", { class: "steps" }, ...report.further.map((step) => stepElement(step.name, step, texts))),
  );
}

function stepElement(name: string, step: Step | undefined, texts: Texts, plain: Child = null): HTMLElement {
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
      plain,
      step ? technical(step.detail, texts) : null,
    ),
  );
}

function plainOf(step: Step, report: AnchoredReport, texts: Texts): string {
  const name = (report instanceof Report && report.party?.name) || "";
  if (step.outcome === "not checked") {
    return step.name === "header" && report.blockHeight !== null
      ? texts.text("step.header.open")
      : texts.text("step.unchecked");
  }
  if (step.name === "header" && report.alarm) return texts.text("says.alarm");
  if (step.name === "signature" && step.outcome === "passed" && report instanceof Report && report.manifest?.custodial) {
    return texts.text("says.custodial", { name });
  }
  if (step.name === "log" && step.outcome === "passed" && report instanceof CertificateReport) {
    return texts.text("step.log.documents", { log: report.log });
  }
  return texts.at(`step.${step.name}.${step.outcome}`, {
    name,
    log: report.log,
    height: report.blockHeight ?? 0,
    depth: report.depth ?? 0,
  });
}

/** What the specification's words say, in English and left to right in every language. */
export function technical(detail: string, texts: Texts): HTMLElement {
  return element(
    "details",
    { class: "technical" },
    element("summary", {}, texts.text("detail")),
    element("code", { lang: "en", dir: "ltr" }, detail),
  );
}
