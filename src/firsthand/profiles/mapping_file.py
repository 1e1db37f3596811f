"""A spreadsheet mapping as data: which column holds which element, and which events a row becomes.

A mapping is a TOML file of a craft (`mappings/*.toml` here, or anyone's own): a new kind of sheet is a new
file, no code. Like a profile it is checked whole when it is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from importlib import resources
from pathlib import Path
from typing import Annotated, Final, Literal

from msgspec import Meta, Struct

from firsthand.errors import InvalidInput, NotFound
from firsthand.profiles.profile import Kind, Name, Profile, Uom
from firsthand.profiles.profile_file import decode_toml
from firsthand.profiles.uris import check_template, template_names

__all__ = ["EventRule", "Field", "MappingFile", "mapping_names", "parse_mapping_file", "read_mapping_file"]

DIGEST: Final = "digest"
"""In a URI template: a digest of the whole row, for rows without a number of their own."""

_PACKAGED = re.compile(r"[a-z][a-z0-9-]{0,63}")
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_LARGEST = 1_000_000


class _Data(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Field(_Data, frozen=True):
    """One value of a row: where it stands, how it is read, and which element it is.

    `columns` are the headers it may stand under, the first that the sheet has; spelling counts by letters
    and digits only. A sheet must have the column unless `optional`; a row must have a readable value if
    `required`. `element` is the profile's element of the same name unless another is given; without either
    the value serves only the URIs and times (then `read` says how it is read).

    For quantities: `unit` is meant where neither the cell nor `unit_column` names one; `thousands` says
    that `1.250` may mean 1250 in this column; `agrees_with` are columns of the lowest and highest value in
    the element's unit, and what disagrees with them is not recorded. `unknown` lists values that mean "not
    known", `values` translates cells and refuses all others, `only_with` drops the value together with
    another one. A price's currency stands in `currency_column`, or is always `currency`. A geometry whose
    column holds the latitude alone has its longitude in `longitude_column`. A row is not recorded whose cell
    is one of `refused`. `attachment` says that the cell
    names a file, and that its digest is recorded.
    """

    columns: Annotated[tuple[str, ...], Meta(min_length=1)]
    element: Name | None = None
    read: Kind | None = None
    optional: bool = False
    required: bool = False
    blank: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    values: dict[str, str] = {}
    unit: Uom | None = None
    unit_column: str | None = None
    thousands: bool = False
    agrees_with: Annotated[tuple[str, ...], Meta(min_length=2, max_length=2)] | None = None
    currency_column: str | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    longitude_column: str | None = None
    attachment: bool = False
    refused: tuple[str, ...] = ()
    only_with: Name | None = None


class EventRule(_Data, frozen=True):
    """One event of a row: its step, its lot and place (names of URIs), its time, and its elements.

    The three times name date or period fields: the step took place within `time`, not before `after`
    begins, and not after `before` ends; `time` or `before` must be required, so that there always is one.
    `lot` may be left out for a step at a place, which then needs `place` and `sensors` (EPCIS 2.0 §7.4.2).
    `quantity` names fields whose product is the lot's quantity at this step. `ilmd` elements describe the
    lot itself and need a step that adds it (EPCIS 2.0 §7.3.6); `sensors` are measurements; `source` and
    `destination` are the parties that the lot came from and went to; `on_behalf_of` is the one for whom the
    clerk records it. `claims` names a list field whose values are claims of the profile.
    """

    step: Name
    lot: Name | None = None
    time: Name | None = None
    after: Name | None = None
    before: Name | None = None
    place: Name | None = None
    source: Name | None = None
    destination: Name | None = None
    on_behalf_of: Name | None = None
    claims: Name | None = None
    ilmd: tuple[Name, ...] = ()
    elements: tuple[Name, ...] = ()
    sensors: tuple[Name, ...] = ()
    quantity: tuple[Name, ...] = ()


class MappingFile(_Data, frozen=True):
    """The whole file. `left_out` are columns that are not recorded, each with the reason why.

    `uris` are templates under `{base}/id/`, tried in turn until one has all its cells. `once` names the
    URI that no two rows may share. `utc_offset` is the local time of the sheet's dates, `date_order` the
    order of their numbers, `decimal_mark` what the sheet writes where its cells do not show it.
    """

    name: str
    version: int
    about: str
    profile: str
    fields: dict[Name, Field]
    uris: dict[Name, Annotated[tuple[str, ...], Meta(min_length=1)]]
    events: Annotated[tuple[EventRule, ...], Meta(min_length=1)]
    once: Name | None = None
    blank: tuple[str, ...] = ("",)
    left_out: dict[str, str] = {}
    utc_offset: Annotated[str, Meta(pattern=r"^[+-](0[0-9]|1[0-3]):[0-5][0-9]$")] = "+00:00"
    date_order: Literal["dmy", "mdy"] | None = None
    decimal_mark: Literal[".", ","] | None = None


def mapping_names(profile: str) -> list[str]:
    """The mappings of a craft that ship with this package."""
    folder = resources.files(__package__) / "mappings"
    names = sorted(file.name[:-5] for file in folder.iterdir() if file.name.endswith(".toml"))
    return [
        name
        for name in names
        if decode_toml((folder / f"{name}.toml").read_bytes(), MappingFile, "mapping").profile == profile
    ]


def read_mapping_file(profile: Profile, name_or_path: str | Path) -> MappingFile:
    """A packaged mapping by its name, or anyone's own by its path (`./deliveries` is a path).

    Raises NotFound, UnreadableInput, or InvalidInput with the place inside the file.
    """
    name = str(name_or_path)
    packaged = resources.files(__package__) / "mappings" / f"{name}.toml"
    if isinstance(name_or_path, str) and _PACKAGED.fullmatch(name) and packaged.is_file():
        return parse_mapping_file(profile, packaged.read_bytes())
    try:
        with Path(name_or_path).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise NotFound(
            f'there is no mapping "{name}" ({reason}); give the path of a TOML file, '
            f"or one of: {', '.join(mapping_names(profile.name))}"
        ) from None
    if len(data) > _LARGEST:
        raise InvalidInput(f"the mapping {name} is larger than {_LARGEST:,} bytes")
    return parse_mapping_file(profile, data)


def parse_mapping_file(profile: Profile, data: bytes) -> MappingFile:
    """A mapping from its TOML, with every name in it checked against the profile."""
    mapping = decode_toml(data, MappingFile, "mapping")
    if mapping.profile != profile.name:
        raise InvalidInput(f'the mapping is for "{mapping.profile}", not for "{profile.name}"', "$.profile")
    for name, field in mapping.fields.items():
        _check_field(profile, mapping, name, field)
    for name, templates in mapping.uris.items():
        for number, template in enumerate(templates):
            path = f"$.uris.{name}[{number}]"
            check_template(template, path)
            _known(template_names(template), {*mapping.fields, DIGEST}, path, "field")
    if mapping.once is not None:
        _known([mapping.once], mapping.uris, "$.once", "URI")
    for number, event in enumerate(mapping.events):
        _check_event(profile, mapping, event, f"$.events[{number}]")
    return mapping


def element_of(profile: Profile, name: str, field: Field) -> str | None:
    """The profile's element that a field holds, if it holds one."""
    return field.element or (name if name in profile.elements else None)


def kind_of(profile: Profile, name: str, field: Field) -> Kind:
    """How a field is read: as its element says, else as the mapping says, else as text."""
    element = element_of(profile, name, field)
    return profile.elements[element].kind if element else field.read or "text"


def _check_field(profile: Profile, mapping: MappingFile, name: str, field: Field) -> None:
    path = f"$.fields.{name}"
    if field.element is not None:
        _known([field.element], profile.elements, f"{path}.element", "element")
    if field.unit is not None:
        _known([field.unit], profile.units, f"{path}.unit", "unit")
    if field.only_with is not None:
        _known([field.only_with], mapping.fields, f"{path}.only_with", "field")
    kind = kind_of(profile, name, field)
    element = element_of(profile, name, field)
    if element is None and kind in ("quantity", "price", "parts", "choice"):
        raise InvalidInput(f'the kind "{kind}" needs an element of the profile', path)
    if element is not None and field.read is not None:
        raise InvalidInput("how an element is read is the profile's to say: leave out `read`", path)
    if kind in ("number", "quantity") and not all(_DECIMAL.fullmatch(word) for word in field.unknown):
        raise InvalidInput("expected plain numbers", f"{path}.unknown")
    if kind == "price" and (field.currency_column is None) == (field.currency is None):
        raise InvalidInput("a price needs a currency_column or a currency", path)
    if field.attachment and kind not in ("hash", "list"):
        raise InvalidInput("an attachment is recorded as a digest: its element is of the kind hash", path)
    if element is not None and "choice" in (kind, profile.elements[element].of):
        _known(field.values.values(), profile.elements[element].choices, f"{path}.values", "choice")


def _check_event(profile: Profile, mapping: MappingFile, event: EventRule, path: str) -> None:
    _known([event.step], profile.steps, f"{path}.step", "step")
    step = profile.steps[event.step]
    if step.type != "ObjectEvent":
        raise InvalidInput(f"a row can become an ObjectEvent only, {event.step} is a {step.type}", path)
    if event.ilmd and step.action != "ADD":
        raise InvalidInput("ilmd needs a step whose action is ADD (EPCIS 2.0 §7.4.2)", f"{path}.ilmd")
    parties = (event.source, event.destination, event.on_behalf_of)
    _known(filter(None, (event.lot, event.place, *parties)), mapping.uris, path, "URI")
    if event.lot is None and not (event.place and event.sensors and not event.quantity):
        raise InvalidInput("an event without a lot needs a place and sensors (EPCIS 2.0 §7.4.2)", path)
    if event.claims is not None:
        _known([event.claims], mapping.fields, f"{path}.claims", "field")
        field = mapping.fields[event.claims]
        if field.read != "list" or not field.values:
            raise InvalidInput('claims need a field with `read = "list"` and `values`', f"{path}.claims")
        _known(field.values.values(), profile.claims, f"{path}.claims", "claim")
    fields = (*event.ilmd, *event.elements, *event.sensors, *event.quantity)
    times = tuple(filter(None, (event.time, event.after, event.before)))
    _known((*times, *fields), mapping.fields, path, "field")
    kinds = {name: kind_of(profile, name, field) for name, field in mapping.fields.items()}
    _kind(times, kinds, ("date", "period", "time"), path)
    _kind(event.sensors, kinds, ("quantity",), f"{path}.sensors")
    _kind(event.quantity, kinds, ("quantity", "number"), f"{path}.quantity")
    if event.quantity and sum(kinds[name] == "quantity" for name in event.quantity) != 1:
        raise InvalidInput("expected one quantity, and numbers it is multiplied by", f"{path}.quantity")
    if not any(mapping.fields[name].required for name in times if name != event.after):
        raise InvalidInput("expected a required field for `time` or `before`", path)
    for name in fields:
        if element_of(profile, name, mapping.fields[name]) is None:
            raise InvalidInput(f'"{name}" is no element of the profile and cannot be recorded', path)


def _known(names: Iterable[str], known: Container[str], path: str, what: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidInput(f'"{name}" is not a known {what}', path)


def _kind(names: Iterable[str], kinds: dict[str, Kind], allowed: tuple[Kind, ...], path: str) -> None:
    for name in names:
        if kinds[name] not in allowed:
            raise InvalidInput(f'"{name}" is a {kinds[name]}, expected a {" or ".join(allowed)}', path)
