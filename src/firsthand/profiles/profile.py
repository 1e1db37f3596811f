"""A craft's profile: its steps, key data elements, units, yields, limits, claims and certificates, as data.

A profile is data and nothing else: adding a craft means adding a TOML file, here or in a workspace's own
folder (`profile_file`). It is checked whole when it is loaded, so that whoever holds a `Profile` may follow
every name in it. Units are codes of UN/CEFACT Recommendation 20; steps are EPCIS 2.0 event types with CBV
2.0 business steps and dispositions. `docs/profiles.md` describes the file and how values stand in events.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct

from firsthand.events.seal import NAMESPACE

__all__ = [
    "NAMESPACE",
    "PREFIX",
    "Certificate",
    "Claim",
    "Element",
    "Kind",
    "Labels",
    "Limit",
    "Name",
    "Profile",
    "Step",
    "Unit",
    "Uom",
    "Yield",
    "word",
]

PREFIX: Final = "fh"

Name = Annotated[str, Meta(pattern=r"^[a-z][A-Za-z0-9]*$", max_length=64)]
Factor = Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+)?$", max_length=40)]
Uom = Annotated[str, Meta(pattern=r"^[A-Z0-9]{2,3}$")]
Labels = Annotated[dict[str, str], Meta(min_length=1)]
"""A word for people, by BCP 47 language tag."""

Date = Annotated[str, Meta(pattern=r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$")]
"""When a figure was looked up: a year, a month or a day."""

Kind = Literal[
    "text",
    "choice",
    "number",
    "quantity",
    "price",
    "parts",
    "date",
    "period",
    "time",
    "list",
    "hash",
    "geometry",
    "uri",
]


def word(labels: Mapping[str, str], language: str) -> str:
    """The label in a language (BCP 47): as asked, else its primary language, else English, else any."""
    for tag in (language, language.partition("-")[0], "en"):
        if tag in labels:
            return labels[tag]
    return next(iter(labels.values()))


class _Data(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Unit(_Data, frozen=True):
    """A unit of measure: how people write it, and exact factors into other units (as decimal text)."""

    name: str
    words: tuple[str, ...] = ()
    converts: dict[Uom, Factor] = {}


class Step(_Data, frozen=True):
    """A step of the craft, as an EPCIS event: type, action, CBV business step and disposition.

    `yields` are those that a transformation may be measured by, the first whose `when` holds;
    `piece_mass` is the element of the step's ilmd that states the mass of one piece that leaves it.
    `material` names what the step brings in, where a craft has several: a claim on metal is none on stones.
    """

    label: Labels
    type: Literal[
        "ObjectEvent", "AggregationEvent", "TransformationEvent", "TransactionEvent", "AssociationEvent"
    ]
    biz_step: str
    disposition: str | None = None
    action: Literal["ADD", "OBSERVE", "DELETE"] | None = None
    elements: tuple[Name, ...] = ()
    yields: tuple[Name, ...] = ()
    piece_mass: Name | None = None
    material: Name | None = None
    why: str = ""


class Element(_Data, frozen=True):
    """A key data element: its kind, unit, and the ranges that tell a slip from a finding.

    Outside `possible` a value is not recorded; outside `usual` it is recorded as stated, and said so.
    `part_of` puts it inside a group of that name; `name` replaces its default `fh:` name by another
    namespace's; `sealed` says that it is personal or commercial and is sealed unless the maker opens it.
    Where it is a place, `coarse` leaves a point beside it, rounded to so many decimals of a degree.
    `of` is the kind of each value of a list. A price that is a `benchmark` was paid by nobody.
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
    of: Literal["text", "choice", "hash", "uri"] | None = None
    sealed: bool = False
    coarse: Annotated[int, Meta(ge=0, le=3)] | None = None
    benchmark: bool = False
    about: str = ""


class _Figure(_Data, frozen=True, kw_only=True):
    """A figure that somebody else published, with its date.

    `checked` is False where only a third party's page was seen, or where the range is ours: it then says so
    in `source`.
    """

    as_of: Date
    source: Annotated[str, Meta(min_length=1)]
    checked: bool = True


class Yield(_Figure, frozen=True, kw_only=True):
    """A conversion factor from one form to another: mass that leaves a step for mass that enters it.

    `when` names, for elements of the kind choice, the values with which it applies.
    """

    origin: str
    result: str
    low: float
    high: float
    typical: float | None = None
    when: dict[Name, tuple[str, ...]] = {}

    @property
    def range(self) -> tuple[Fraction, Fraction]:
        """Low and high, exactly as they are written in the file."""
        return Fraction(repr(self.low)), Fraction(repr(self.high))


class Limit(_Figure, frozen=True, kw_only=True):
    """What land can bear: at most `high` of `uom` for each `per` of its area, within `season_days`.

    `step` is the step that takes the harvest, at the place whose area the element `area` states.
    """

    label: Labels
    step: Name
    area: Name
    high: float
    uom: Uom
    per: Uom
    season_days: Annotated[int, Meta(ge=1, le=400)]
    typical: float | None = None

    @property
    def most(self) -> Fraction:
        """`high`, exactly as it is written in the file."""
        return Fraction(repr(self.high))


class Claim(_Data, frozen=True):
    """What may be said of a lot: where it may begin, how it counts, and which certificates can back it.

    `counts` says on which side of a step its mass counts. `input`: it comes in with the material (organic);
    no more leaves with it than came in with it, and outside the steps of `begins` it appears from nowhere.
    `output`: it is stated of what a step does (hand-woven, living wage); it begins with the outputs of a
    step of `begins`, whatever came in, and goes on with the material as any claim does. What leaves a step
    of `ends` can no longer carry it (a Kimberley certificate covers rough diamonds, and no cut one).
    """

    label: Labels
    counts: Literal["input", "output"]
    begins: Annotated[tuple[Name, ...], Meta(min_length=1)]
    ends: tuple[Name, ...] = ()
    certificates: tuple[Name, ...] = ()
    about: str = ""


class Certificate(_Figure, frozen=True, kw_only=True):
    """A kind of certificate: its W3C credential type, whom or what it is of, and its key data elements.

    `required` of its `elements` must be there. `quantity` is the element that limits how much may be
    claimed by it, `valid_days` its longest validity, `needs` the certificates that the certified party must
    hold on the same date. `scheme` is the word by which a trust list says whom it believes; the contents of a
    `confidential` one are told to its parties only.
    """

    label: Labels
    type: Annotated[str, Meta(pattern=r"^[A-Z][A-Za-z0-9]*$", max_length=64)]
    scheme: Name
    subject: Annotated[tuple[Literal["party", "place", "lot", "piece"], ...], Meta(min_length=1)]
    elements: Annotated[tuple[Name, ...], Meta(min_length=1)]
    required: tuple[Name, ...] = ()
    quantity: Name | None = None
    valid_days: Annotated[int, Meta(ge=1, le=36500)] | None = None
    needs: tuple[Name, ...] = ()
    confidential: bool = False
    about: str = ""


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
    limits: dict[Name, Limit] = {}
    claims: dict[Name, Claim] = {}
    certificates: dict[Name, Certificate] = {}
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

    def stated(self, event: Mapping[str, Any], element: str) -> Any:
        """What an event states of an element, on itself or in its ilmd; None when it does not."""
        term, group = self.term(element), self.elements[element].part_of
        for place in (event, event.get("ilmd")):
            holder = place.get(f"{PREFIX}:{group}") if group and isinstance(place, Mapping) else place
            if isinstance(holder, Mapping) and term in holder:
                return holder[term]
        return None

    def yield_of(self, event: Mapping[str, Any]) -> tuple[str, Yield] | None:
        """The yield that measures this event, with its name; None where the profile has none for it."""
        step = self.steps.get(str(event.get(f"{PREFIX}:step")))
        for name in step.yields if step else ():
            found = self.yields[name]
            if all(self.stated(event, element) in values for element, values in found.when.items()):
                return name, found
        return None
