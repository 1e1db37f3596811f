"""A craft's profile: its steps, key data elements, units, yields and labels, as one data file.

A profile is data and nothing else: adding a craft means adding a TOML file to this folder. It is checked
whole when it is loaded, so that whoever holds a `Profile` may follow every name in it. Units are codes of
UN/CEFACT Recommendation 20; steps are EPCIS 2.0 event types with CBV 2.0 business steps and dispositions.
"""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.events.vocabulary import BIZ_STEPS, DISPOSITIONS

__all__ = [
    "NAMESPACE",
    "PREFIX",
    "Element",
    "Profile",
    "Step",
    "Unit",
    "Yield",
    "load_profile",
    "parse_profile",
    "profile_names",
]

NAMESPACE: Final = "https://firsthand.example/ns/"
"""The namespace of extension fields; every event that carries one declares it in its `@context`."""

PREFIX: Final = "fh"

Name = Annotated[str, Meta(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=64)]
Factor = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?$", max_length=40)]
Uom = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,3}$")]
Labels = Annotated[dict[str, str], Meta(min_length=1)]
"""A word for people, by BCP 47 language tag."""

Kind = Literal["text", "choice", "number", "quantity", "price", "parts", "date", "period"]
_FILE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")


class _Data(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Unit(_Data, frozen=True):
    """A unit of measure: how people write it, and exact factors into other units (as decimal text)."""

    name: str
    words: tuple[str, ...] = ()
    converts: dict[Uom, Factor] = {}


class Step(_Data, frozen=True):
    """A step of the craft, as an EPCIS event: type, action, CBV business step and disposition."""

    label: Labels
    type: Literal[
        "ObjectEvent", "AggregationEvent", "TransformationEvent", "TransactionEvent", "AssociationEvent"
    ]
    biz_step: str
    disposition: str | None = None
    action: Literal["ADD", "OBSERVE", "DELETE"] | None = None
    elements: tuple[Name, ...] = ()
    why: str = ""


class Element(_Data, frozen=True):
    """A key data element: its kind, unit, and the ranges that tell a slip from a finding.

    Outside `possible` a value is not recorded; outside `usual` it is recorded as stated, and said so.
    `part_of` puts it inside a group of that name; `name` replaces its default `fh:` name by another
    namespace's; `sealed` says that it is personal or commercial and is sealed unless the maker opens it.
    """

    label: Labels
    kind: Kind
    uom: Uom | None = None
    name: Annotated[str, Meta(pattern=r"^[a-z]+:[A-Za-z0-9]+$")] | None = None
    part_of: Name | None = None
    possible: tuple[float, float] | None = None
    usual: tuple[float, float] | None = None
    choices: dict[str, Labels] = {}
    parts: Annotated[int, Meta(ge=1, le=8)] | None = None
    sealed: bool = False
    about: str = ""


class Yield(_Data, frozen=True):
    """A conversion factor from one form to another, dated and with its source.

    `checked` is False where only a third party's page was seen: check it before relying on it.
    """

    origin: str
    result: str
    low: float
    high: float
    as_of: str
    source: str
    typical: float | None = None
    checked: bool = True


class Phrases(_Data, frozen=True):
    """Words around numbers and dates in the craft's sheets, in every language at once."""

    range: tuple[str, ...] = ("-",)
    at_least_before: tuple[str, ...] = ()
    at_least_after: tuple[str, ...] = ()
    filler: tuple[str, ...] = ()


class Profile(_Data, frozen=True):
    """One craft. Every name that a step, an element or a unit uses is defined in it."""

    name: str
    version: int
    label: Labels
    steps: dict[Name, Step]
    elements: dict[Name, Element]
    units: dict[Uom, Unit]
    yields: dict[Name, Yield] = {}
    groups: dict[Name, Labels] = {}
    phrases: Phrases = Phrases()
    months: dict[str, Annotated[tuple[str, ...], Meta(min_length=12, max_length=12)]] = {}

    def term(self, element: str) -> str:
        """The property name of an element in an event: `fh:altitude`, `cbvmda:lotNumber`."""
        return self.elements[element].name or f"{PREFIX}:{element}"

    @property
    def sealed_by_default(self) -> frozenset[str]:
        """The elements that are sealed unless their maker opens them."""
        return frozenset(name for name, element in self.elements.items() if element.sealed)


def profile_names() -> list[str]:
    """The crafts that ship with this package."""
    files = resources.files(__package__).iterdir()
    return sorted(file.name[:-5] for file in files if file.name.endswith(".toml"))


@cache
def load_profile(name: str) -> Profile:
    """The packaged profile of a craft. Raises NotFound, or InvalidInput when its file is wrong."""
    file = resources.files(__package__) / f"{name}.toml"
    if not _FILE_NAME.fullmatch(name) or not file.is_file():
        raise NotFound(f'there is no profile "{name}"; there are: {", ".join(profile_names())}')
    return parse_profile(file.read_bytes())


def parse_profile(data: bytes) -> Profile:
    """A profile from its TOML. Raises UnreadableInput or InvalidInput with the place inside it."""
    profile = decode_toml(data, Profile, "profile")
    for name, step in profile.steps.items():
        _check_step(profile, name, step)
    for name, element in profile.elements.items():
        _check_element(profile, name, element)
    for code, unit in profile.units.items():
        _known(unit.converts, profile.units, f"$.units.{code}.converts", "unit")
    for name, factor in profile.yields.items():
        if not 0 < factor.low <= factor.high:
            raise InvalidInput("expected 0 < low <= high", f"$.yields.{name}")
    return profile


_Decoded = TypeVar("_Decoded", bound=Struct)


def decode_toml(data: bytes, kind: type[_Decoded], what: str) -> _Decoded:
    """TOML into a Struct. Raises UnreadableInput for what is no TOML, InvalidInput for a wrong field."""
    try:
        document: dict[str, Any] = msgspec.toml.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInput(f"the {what} is not TOML: {error}") from None
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise InvalidInput(f"the {what} is wrong: {reason}", path.rstrip("`") or "$") from None


def _check_step(profile: Profile, name: str, step: Step) -> None:
    path = f"$.steps.{name}"
    _known((step.biz_step,), BIZ_STEPS, f"{path}.biz_step", "CBV business step")
    if step.disposition is not None:
        _known((step.disposition,), DISPOSITIONS, f"{path}.disposition", "CBV disposition")
    if (step.action is None) != (step.type == "TransformationEvent"):
        raise InvalidInput("every step has an action but a transformation (EPCIS 2.0 §7.4)", path)
    _known(step.elements, profile.elements, f"{path}.elements", "element")


def _check_element(profile: Profile, name: str, element: Element) -> None:
    path = f"$.elements.{name}"
    if element.uom is not None:
        _known((element.uom,), profile.units, f"{path}.uom", "unit")
    if element.part_of is not None:
        _known((element.part_of,), profile.groups, f"{path}.part_of", "group")
    if element.kind == "quantity" and element.uom is None:
        raise InvalidInput("a quantity has a unit: give uom", path)
    if (element.kind == "choice") != bool(element.choices):
        raise InvalidInput("choices belong to the kind choice, and it needs them", path)
    if (element.kind == "parts") != (element.parts is not None):
        raise InvalidInput("a number of parts belongs to the kind parts, and it needs one", path)


def _known(names: Any, known: Any, path: str, what: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidInput(f'"{name}" is not a known {what}', path)
