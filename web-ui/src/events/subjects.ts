// What an event speaks of: the lots, pieces, places and parties that a certificate may be of; the mirror of
// events/subjects.py.

import type { Json, JsonObject } from "../proof/canonical.ts";
import { get, isObject } from "../proof/fields.ts";
import { canonical } from "./identifiers.ts";

const EPCS = ["epcList", "childEPCs", "inputEPCList", "outputEPCList"];
const CLASSES = ["quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"];
const PARTIES = [
  ["sourceList", "source"],
  ["destinationList", "destination"],
] as const;

/** The URIs in canonical spelling; `issuer` is the party that captured the event. */
export function eventSubjects(event: JsonObject, issuer: string): ReadonlySet<string> {
  const found = [
    issuer,
    get(event, "parentID"),
    get(event, "fh:onBehalfOf"),
    ...EPCS.flatMap((name) => listOf(event, name)),
    ...CLASSES.flatMap((name) => listOf(event, name).map((one) => memberOf(one, "epcClass"))),
    ...PARTIES.flatMap(([name, party]) => listOf(event, name).map((one) => memberOf(one, party))),
    ...["readPoint", "bizLocation"].map((name) => memberOf(get(event, name), "id")),
    ...listOf(event, "fh:makers").map((one) => (typeof one === "string" ? one : memberOf(one, "fh:party"))),
  ];
  return new Set(found.filter((uri) => typeof uri === "string").map(canonical));
}

/** The IDs of the certificates that an event names (`certificationInfo`, EPCIS 2.0 §7.4.1). */
export function certificatesNamed(event: JsonObject): readonly string[] {
  const named = get(event, "certificationInfo");
  return (Array.isArray(named) ? named : [named]).filter((name) => typeof name === "string");
}

function listOf(event: JsonObject, name: string): readonly Json[] {
  const value = get(event, name);
  return Array.isArray(value) ? value : [];
}

function memberOf(value: Json, name: string): Json {
  return isObject(value) ? get(value, name) : null;
}
