"""What a passport tells, as one tree of plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from firsthand.service.passport_facts import Fact

__all__ = [
    "Anchored",
    "Certificate",
    "Claim",
    "Maker",
    "Named",
    "Passport",
    "Place",
    "Stage",
    "Token",
    "Verdict",
    "Warned",
]

Verdict = Literal["proven", "waiting", "doubtful"]


@dataclass(frozen=True, slots=True)
class Named:
    """A party by its URI, name and roles; one that no statement names has the end of its URI as its name."""

    uri: str
    name: str
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Maker:
    """A maker and the part of the lot that is their work, 0 to 1."""

    party: Named
    share: Fraction


@dataclass(frozen=True, slots=True)
class Place:
    """Where a lot begins: degrees in WGS 84 where they are public; `coarse` when they are rounded."""

    uri: str
    name: str
    latitude: float | None = None
    longitude: float | None = None
    coarse: bool = False


@dataclass(frozen=True, slots=True)
class Stage:
    """What happened in one step of the craft: one event, or many alike. Times are RFC 3339, UTC.

    `labels` are the profile's words by language, empty where the event has no step of a craft; then
    `biz_step` is the standard's word. `sealed` counts the values that are fixed and not shown.
    """

    profile: str
    step: str
    labels: dict[str, str]
    biz_step: str
    since: str
    until: str
    count: int
    parties: tuple[Named, ...]
    more_parties: int
    places: tuple[str, ...]
    facts: tuple[Fact, ...]
    paid: tuple[Fact, ...]
    sealed: int
    events: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim, its level and each level's part by mass, who stated and who confirmed it."""

    name: str
    labels: dict[str, str]
    level: str
    parts: dict[str, Fraction]
    stated_by: tuple[Named, ...]
    confirmed_by: tuple[Named, ...]
    certificates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that bears on the lot; a confidential one says nothing here. `standing` is as of now."""

    id: str
    labels: dict[str, str]
    type: str
    issuer: Named
    since: str | None
    until: str | None
    standing: str
    confidential: bool


@dataclass(frozen=True, slots=True)
class Warned:
    """A finding of the mass balance; `detail` is English, for who wants it exactly."""

    kind: str
    severity: str
    detail: str


@dataclass(frozen=True, slots=True)
class Anchored:
    """Since when the records cannot have changed: the block of the latest, and how deep it lies."""

    log: str
    network: str
    height: int | None
    time: int | None
    depth: int | None


@dataclass(frozen=True, slots=True)
class Token:
    """The certificate of authenticity of a piece: `state` is live, claimed, melted or stolen."""

    outpoint: str
    state: str
    since: str | None


@dataclass(frozen=True, slots=True)
class Passport:
    """Everything that a passport page shows."""

    uri: str
    name: str
    profile: str
    labels: dict[str, str]
    sample: bool
    verdict: Verdict
    custody: str
    makers: tuple[Maker, ...]
    places: tuple[Place, ...]
    stages: tuple[Stage, ...]
    claims: tuple[Claim, ...]
    certificates: tuple[Certificate, ...]
    warnings: tuple[Warned, ...]
    withdrawn: int
    anchored: Anchored | None
    token: Token | None
    photographs: tuple[str, ...]
    events: tuple[int, ...] = field(repr=False)
