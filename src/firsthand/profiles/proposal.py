"""Proposing a mapping for an unknown sheet: a packaged mapping with this sheet's columns where one fits, else
one event a row of the step whose elements the sheet has. It is TOML for people to read and change.

What is not recognised is left out and said so; columns of names and telephone numbers are left out as such.
Nothing is recorded by proposing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Final

from firsthand.errors import InvalidInput
from firsthand.profiles.mapping_file import (
    EventRule,
    Field,
    MappingFile,
    element_of,
    mapping_names,
    parse_mapping_file,
    read_mapping_file,
)
from firsthand.profiles.profile import Profile
from firsthand.profiles.proposal_match import BLANK, Concept, Match, Matcher, is_personal, is_technical
from firsthand.profiles.rows import Row, Table, header_key, shown
from firsthand.profiles.uris import template_names

__all__ = ["Proposal", "propose"]

_SAMPLE: Final = 200
_PLACES: Final = ("plot", "farm", "mill", "station")
_IDENTITIES: Final = ("receiptNumber", "lotNumber", "submission", "reportNumber")
_MOST_NAMES: Final = 4
"""A lot is named by so many columns at most."""


@dataclass(slots=True)
class Proposal:
    """A mapping as TOML and loaded, with the columns that it uses and the remarks for whoever looks at it."""

    toml: str
    mapping: MappingFile
    columns: tuple[str, ...]
    used: list[Match]
    left_out: dict[str, str]
    remarks: list[str] = field(default_factory=list)


def propose(profile: Profile, rows: Sequence[Row], name: str) -> Proposal:
    """A mapping for the sheet that these rows are of. What its columns hold, the first 200 rows tell; which
    columns tell its rows apart, all that are given.

    Raises InvalidInput when there are no rows, or when no column holds a date, without which no event has
    a time.
    """
    if not rows:
        raise InvalidInput("there are no rows to look at")
    table = rows[0].table
    packaged = [read_mapping_file(profile, one) for one in mapping_names(profile.name)]
    rows = [row for row in rows if row.table is table]
    matcher = Matcher(profile, packaged, table, [row.values for row in rows[:_SAMPLE]])
    matches = matcher.matches()
    remarks: list[str] = []
    template = _fitting(profile, packaged, matches)
    if template is not None:
        draft = _from_template(profile, template, matches, table)
        remarks.append(f'it follows the mapping "{template.name}": {template.about}')
    else:
        draft = _generic(profile, matcher, matches, rows, remarks)
    for event in draft["events"]:
        for one in event.get("quantity", ()):
            draft["fields"][one]["required"] = True
    draft["name"] = name
    draft["date_order"] = matcher.order
    draft["decimal_mark"] = "," if table.decimal_mark == "," else None
    left_out = _left_out(table, _columns_of(draft["fields"]), matcher)
    text = _toml(profile, draft, matches, left_out, table)
    if matcher.order is None and _ambiguous(rows, matches):
        remarks.append("the dates do not tell day from month: set date_order to dmy or mdy")
    remarks += _unread(rows, [match for name, match in matches.items() if name in draft["used"]])
    used = sorted((match for name, match in matches.items() if name in draft["used"]), key=_by_column)
    return Proposal(text, parse_mapping_file(profile, text.encode()), table.columns, used, left_out, remarks)


def _by_column(match: Match) -> int:
    return match.column


def _fitting(profile: Profile, packaged: list[MappingFile], matches: dict[str, Match]) -> MappingFile | None:
    """The packaged mapping whose required fields are all there, and most of whose others are."""

    def bound(mapping: MappingFile) -> int:
        return sum(_concept(profile, name, one) in matches for name, one in mapping.fields.items())

    fitting = [
        mapping
        for mapping in packaged
        if all(
            _concept(profile, name, one) in matches for name, one in mapping.fields.items() if one.required
        )
        and any(one.required and element_of(profile, name, one) for name, one in mapping.fields.items())
        and bound(mapping) >= 3
    ]
    return max(fitting, key=bound, default=None)


def _concept(profile: Profile, name: str, one: Field) -> str:
    return element_of(profile, name, one) or name


def _from_template(
    profile: Profile, template: MappingFile, matches: dict[str, Match], table: Table
) -> dict[str, Any]:
    fields: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for name, one in template.fields.items():
        concept = _concept(profile, name, one)
        match = matches.get(concept)
        # An element whose cells could not be read is none, whatever its header says.
        named = None if element_of(profile, name, one) else _named(one.columns, table)
        column = table.columns[match.column] if match else named
        priced = _priced(profile, concept, matches, table) if match else {}
        if column is None or priced is None:
            continue
        unit_column = _named((one.unit_column,), table) if one.unit_column else None
        used |= {concept, *priced.pop("used", ())}
        fields[name] = {
            "columns": [column],
            "element": one.element,
            "read": "time" if match and match.timed else one.read,
            "required": one.required,
            "unit": None if match and match.unit else one.unit,
            "unit_column": unit_column,
            "refused": list(one.refused) or None,
            **priced,
        }
    uris = {
        name: [one for one in templates if set(template_names(one)) <= {*fields, "digest"}]
        for name, templates in template.uris.items()
    }
    uris = {name: templates for name, templates in uris.items() if templates}
    events = [event for rule in template.events if (event := _pruned(rule, fields, uris)) is not None]
    once = template.once if template.once in uris else None
    return {
        "fields": fields,
        "uris": uris,
        "events": events,
        "once": once,
        "used": used,
        "utc": template.utc_offset,
    }


def _named(headers: Sequence[str], table: Table) -> str | None:
    """The column that is headed just so."""
    keys = [header_key(header) for header in headers]
    return next((column for column in table.columns if column and header_key(column) in keys), None)


def _pruned(rule: EventRule, fields: dict[str, Any], uris: dict[str, Any]) -> dict[str, Any] | None:
    """A rule with what this sheet has of it."""
    event: dict[str, Any] = {"step": rule.step}
    for name in ("lot", "place", "source", "destination", "on_behalf_of"):
        if getattr(rule, name) in uris:
            event[name] = getattr(rule, name)
    for name in ("time", "after", "before", "claims"):
        if getattr(rule, name) in fields:
            event[name] = getattr(rule, name)
    for name in ("ilmd", "elements", "sensors", "quantity"):
        kept = [one for one in getattr(rule, name) if one in fields]
        if kept and (name != "quantity" or len(kept) == len(rule.quantity)):
            event[name] = kept
    named = "lot" in event if rule.lot else {"place", "sensors"} <= event.keys()
    return event if named and {"time", "before"} & event.keys() else None


def _generic(
    profile: Profile,
    matcher: Matcher,
    matches: dict[str, Match],
    rows: Sequence[Row],
    remarks: list[str],
) -> dict[str, Any]:
    table = rows[0].table
    date = next(
        (
            name
            for name in ("date", *matches)
            if name in matches and matcher.concepts[name].kind in ("date", "time", "period")
        ),
        None,
    )
    if date is None:
        raise InvalidInput(
            "no column holds a date, and an event has a time: the sheet has "
            + ", ".join(map(shown, table.columns[:30])),
            table.line(table.header_row),
        )
    elements = [name for name in matches if name in profile.elements and name != date]
    step = _step(profile, elements)
    fields: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for name in (date, *(one for one in matches if one != date)):
        match, concept = matches[name], matcher.concepts[name]
        priced = _priced(profile, name, matches, table)
        if priced is None or (
            concept.element is None and name not in (date, *_IDENTITIES, *_PLACES, "farmerNumber")
        ):
            continue
        used |= {name, *priced.pop("used", ())}
        uom = concept.element.uom if concept.element and concept.kind == "quantity" else None
        fields[name] = {
            "columns": [table.columns[match.column]],
            "read": _read(match, concept),
            "required": name == date,
            "unit": uom if match.unit is None else None,
            **priced,
        }
    remarks.append(f'each row becomes one event of the step "{step}": look whether that is what it records')
    return _one_event(profile, step, date, fields, rows, used, remarks)


def _one_event(
    profile: Profile,
    step: str,
    date: str,
    fields: dict[str, dict[str, Any]],
    rows: Sequence[Row],
    used: set[str],
    remarks: list[str],
) -> dict[str, Any]:
    elements = [name for name in fields if name in profile.elements and name != date]
    identity = _identity(fields, date, rows)
    place = next((name for name in _PLACES if name in fields), None)
    owner = "{farmerNumber}:" if "farmerNumber" in fields else ""
    uris: dict[str, list[str]] = {}
    for name in identity:
        fields[name]["required"] = True
    if identity:
        remarks.append(
            f"a lot is named by {' and '.join(identity)}: look whether two lots can never share them"
        )
    else:
        remarks.append(
            "no columns that number, date or place a row tell all rows apart: a lot is named by all the "
            "cells of its row, and a row that is changed is another lot; choose what names it, and set once"
        )
    uris["lot"] = [f"lot/{step}:" + ":".join(f"{{{name}}}" for name in identity or ("digest",))]
    event: dict[str, Any] = {"step": step, "lot": "lot", "time": date}
    if place is not None:
        uris["place"] = [f"place/{place}:{owner}{{{place}}}"]
        event["place"] = "place"
    if owner:
        uris["farmer"] = ["party/farmer-{farmerNumber}"]
        event["source"] = "farmer"
    mass = next(
        (
            name
            for name in elements
            if profile.elements[name].uom == "KGM" and profile.elements[name].kind == "quantity"
        ),
        None,
    )
    if mass is not None:
        event["quantity"] = [mass]
    event["ilmd" if profile.steps[step].action == "ADD" else "elements"] = [
        name for name in elements if name != mass or profile.steps[step].action != "ADD"
    ]
    once = "lot" if identity else None
    return {"fields": fields, "uris": uris, "events": [event], "once": once, "used": used, "utc": "+00:00"}


def _identity(fields: dict[str, dict[str, Any]], date: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """The fewest fields that tell the rows apart, empty when none do: a number that was given to the row, or
    a date with whose row or where it is. What was measured is no name.
    """
    pool = [name for name in (*_IDENTITIES, "farmerNumber", date, *_PLACES) if name in fields]
    table = rows[0].table
    cells = {
        name: [row.values[column].strip() if column < len(row.values) else "" for row in rows]
        for name in pool
        for column in [_column(table, fields[name])]
    }
    for size in range(1, _MOST_NAMES + 1):
        for names in combinations(pool, size):
            named = not {*_IDENTITIES}.isdisjoint(names) or (date in names and size > 1)
            if named and _tells_apart([cells[name] for name in names], len(rows)):
                return names
    return ()


def _tells_apart(columns: Sequence[Sequence[str]], rows: int) -> bool:
    """Whether most rows have all these cells, and no two of them the same; the others will be refused."""
    filled = [cells for cells in zip(*columns, strict=True) if not any(cell in BLANK for cell in cells)]
    return 2 * len(filled) > rows and len(set(filled)) == len(filled)


def _read(match: Match, concept: Concept) -> str | None:
    if match.timed:
        return "time"
    return concept.kind if concept.element is None and concept.kind != "text" else None


def _column(table: Table, one: dict[str, Any]) -> int:
    """Where a drafted field stands."""
    return table.columns.index(one["columns"][0])


def _step(profile: Profile, elements: list[str]) -> str:
    """The step that most of these elements belong to."""
    steps = [name for name, step in profile.steps.items() if step.type == "ObjectEvent" and name != "plot"]
    return max(steps, key=lambda name: sum(one in profile.steps[name].elements for one in elements))


def _priced(profile: Profile, concept: str, matches: dict[str, Match], table: Table) -> dict[str, Any] | None:
    """What a price needs beside its column; None when its currency is not known."""
    element = profile.elements.get(concept)
    if element is None or element.kind != "price":
        return {}
    if "currency" in matches:
        return {"currency_column": table.columns[matches["currency"].column], "used": ("currency",)}
    header = table.columns[matches[concept].column]
    codes = [
        word
        for word in header.replace("/", " ").replace("(", " ").replace(")", " ").split()
        if len(word) == 3 and word.isupper() and word.isascii()
    ]
    return {"currency": codes[0]} if codes else None


def _columns_of(fields: dict[str, dict[str, Any]]) -> set[str]:
    columns = {header for one in fields.values() for header in one["columns"]}
    sides = (one.get(side) for one in fields.values() for side in ("unit_column", "currency_column"))
    return columns | {side for side in sides if side is not None}


def _left_out(table: Table, used: set[str], matcher: Matcher) -> dict[str, str]:
    reasons: dict[str, str] = {}
    for column, header in enumerate(table.columns):
        if header in used or not header.strip():
            continue
        if is_personal(header):
            reasons[header] = "who somebody is, or how to reach them: the register of parties holds that"
        elif is_technical(header):
            reasons[header] = "added by the collection tool for itself"
        elif (concept := matcher.headed(column)) is not None and concept not in matcher.matches():
            reasons[header] = f"not recognised: headed as {concept}, but no cell of it can be read so"
        else:
            reasons[header] = "not recognised: make it a field, or leave it out"
    return reasons


def _unread(rows: Sequence[Row], used: Sequence[Match]) -> Iterator[str]:
    """What to say of the cells that could not be read."""
    table = rows[0].table
    for match in sorted(used, key=_by_column):
        if match.unread:
            row = rows[match.unread[0]]
            header, cell = table.columns[match.column], row.values[match.column].strip()
            yield (
                f"{len(match.unread)} of {match.cells} cells of {shown(header)} cannot be read as "
                f"{match.concept}: the first is {shown(cell)} ({table.cell(row.number, match.column)})"
            )


def _ambiguous(rows: Sequence[Row], matches: dict[str, Match]) -> bool:
    match = matches.get("date")
    cells = [row.values[match.column] for row in rows if match and match.column < len(row.values)]
    return any(cell.count("/") == 2 for cell in cells)


# --- TOML -------------------------------------------------------------------------------------------------


def _toml(
    profile: Profile, draft: dict[str, Any], matches: dict[str, Match], left_out: dict[str, str], table: Table
) -> str:
    """The draft as TOML; strings are written as JSON, which TOML reads alike."""
    lines = [
        "# Proposed by `firsthand map`. Look at every field before recording with it.",
        "",
        *_pairs({"name": draft["name"], "version": 1, "profile": profile.name}),
        *_pairs({"about": f"proposed for a sheet of {len(table.columns)} columns", "once": draft["once"]}),
        *_pairs({"blank": list(BLANK), "utc_offset": draft["utc"]}),
        *_pairs({"date_order": draft["date_order"], "decimal_mark": draft["decimal_mark"]}),
        "",
        "[left_out]",
        *(f"{_quoted(header)} = {_quoted(reason)}" for header, reason in left_out.items()),
        "",
        "[uris]",
        *_pairs(draft["uris"]),
    ]
    for event in draft["events"]:
        lines += ["", "[[events]]", *_pairs(event)]
    for name, one in draft["fields"].items():
        match = next(
            (found for found in matches.values() if table.columns[found.column] == one["columns"][0]), None
        )
        lines += ["", f"[fields.{name}]"]
        if match is not None:
            sure = "sure" if match.score >= 0.9 else "likely" if match.score >= 0.7 else "a guess"
            lines.append(f"# {sure}: {match.readable} of {match.cells} cells looked at can be read")
        lines += _pairs(one)
    return "\n".join(lines) + "\n"


def _pairs(values: dict[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        if value is not None and value is not False:
            yield f"{name} = {_quoted(value)}"


def _quoted(value: Any) -> str:
    # JSON leaves U+007F as it is, which TOML does not.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
