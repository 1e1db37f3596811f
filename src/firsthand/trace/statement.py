"""One event as the lot graph reads it: which lots, how much, who, when, and what is said of them.

Only what has the standard's shape is taken; extension fields come from strangers and may hold anything: what
cannot be read in them becomes a remark, never an exception. Events of a type that is not the standard's say
nothing of lots to us.

Who made what (`fh:` is `https://firsthand.example/ns/`):

- `fh:makers` names the makers of what the event brings into being: party URIs with equal parts, or
  `{"fh:party": URI, "fh:share": "1/3"}` whose shares sum to one. Without it, `fh:onBehalfOf` (the member for
  whom a clerk recorded it), else the issuer of the capture.
- On a transformation, `fh:labourShare` ("2/5") is the part of the outputs that its `fh:makers` have for their
  labour; the rest passes to the inputs by mass.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final

import msgspec

from firsthand.events.identifiers import canonical
from firsthand.trace.quantity import PIECE, Quantity, quantity, stated_quantity

__all__ = ["Part", "Statement", "read_statement"]

_ONE_PIECE: Final = Quantity(Fraction(1), PIECE)
_SHARE: Final = re.compile(r"(\d{1,12})/(\d{1,12})|(\d{1,12}(?:\.\d{1,12})?)", re.ASCII)
_MOST: Final = 1_000
"""Makers or claims that one event may name."""

_ORDER: Final = {"ADD": 0, None: 1, "OBSERVE": 2, "DELETE": 3}
"""At one and the same time things come into being, are used, are seen, and go."""


class Part(msgspec.Struct, frozen=True, gc=False):
    """A lot or item in one place of an event, with its quantity where there is one.

    An item of an EPC list is one piece; `item` says that it came from such a list. `bare` is a quantity
    without unit: a count, unless the lot is measured elsewhere.
    """

    lot: str
    quantity: Quantity | None
    item: bool = False
    bare: bool = False


Makers = tuple[tuple[str, Fraction], ...]


class Statement(msgspec.Struct, frozen=True, gc=False):
    """What an issuer's event says. URIs are in canonical spelling, `time` in microseconds since 1970, UTC.

    `things` are what an event lists without using it up: the EPCs and quantities of an ObjectEvent or
    TransactionEvent, the children of a parent. `giver` and `taker` are the possessing parties, else the
    owning ones. `number` is the event's in the journal, by which findings name it.
    """

    number: int
    issuer: str
    time: int
    type: str
    action: str | None
    biz_step: str
    inputs: tuple[Part, ...]
    outputs: tuple[Part, ...]
    things: tuple[Part, ...]
    parent: str | None
    transformation: str | None
    place: str | None
    giver: str | None
    taker: str | None
    documents: tuple[str, ...]
    step: str
    profile: str
    claims: tuple[str, ...]
    makers: Makers
    labour: Fraction
    on_behalf_of: str | None
    certificates: tuple[str, ...]
    area: Quantity | None
    unit_mass: Quantity | None
    problems: tuple[tuple[str, str], ...]
    body: bytes

    def __hash__(self) -> int:
        """Of the number alone: no two events share it, and the fields are many."""
        return self.number

    @property
    def order(self) -> tuple[int, int, bytes]:
        """The place in time; it does not depend on the order in which captures came."""
        return self.time, _ORDER.get(self.action, 2), self.body

    @property
    def default_maker(self) -> str:
        """Whose work it is when no makers are named."""
        return self.on_behalf_of or self.issuer

    @property
    def origin_makers(self) -> Makers:
        """The makers of what the event brings into being, their shares summing to one."""
        return self.makers or ((self.default_maker, Fraction(1)),)

    @property
    def creates(self) -> bool:
        """Whether the event brings its things into being: an ObjectEvent with action ADD."""
        return self.type == "ObjectEvent" and self.action == "ADD"

    @property
    def destroys(self) -> bool:
        """Whether its things are no more: an ObjectEvent with action DELETE."""
        return self.type == "ObjectEvent" and self.action == "DELETE"

    @property
    def packs(self) -> bool:
        """Whether it puts things into its parent (aggregation) or fixes them to it (association)."""
        return self.parent is not None and self.action == "ADD" and self.type in _PARENTS

    @property
    def unpacks(self) -> bool:
        """Whether it takes things out of its parent; all of them when it lists none."""
        return self.parent is not None and self.action == "DELETE" and self.type in _PARENTS

    @property
    def ships(self) -> bool:
        """Whether its things leave someone for someone else."""
        return self.biz_step in _SHIPS

    @property
    def receives(self) -> bool:
        """Whether its things arrive with someone."""
        return self.biz_step in _RECEIVES


_PARENTS: Final = ("AggregationEvent", "AssociationEvent")
_SHIPS: Final = frozenset(("shipping", "departing", "consigning"))
_RECEIVES: Final = frozenset(("receiving", "accepting", "arriving"))
_TYPES: Final = frozenset((*_PARENTS, "ObjectEvent", "TransactionEvent", "TransformationEvent"))


class _Element(msgspec.Struct, gc=False):
    epcClass: str
    quantity: float | int | None = None
    uom: str | None = None


class _Source(msgspec.Struct, gc=False):
    type: str
    source: str


class _Destination(msgspec.Struct, gc=False):
    type: str
    destination: str


class _Document(msgspec.Struct, gc=False):
    bizTransaction: str


class _Place(msgspec.Struct, gc=False):
    id: str


class _Event(msgspec.Struct, gc=False):
    """The members that count here, in the standard's spelling; decoding skips all others."""

    type: str
    action: str | None = None
    bizStep: str = ""
    parentID: str | None = None
    epcList: tuple[str, ...] = ()
    childEPCs: tuple[str, ...] = ()
    quantityList: tuple[_Element, ...] = ()
    childQuantityList: tuple[_Element, ...] = ()
    inputEPCList: tuple[str, ...] = ()
    outputEPCList: tuple[str, ...] = ()
    inputQuantityList: tuple[_Element, ...] = ()
    outputQuantityList: tuple[_Element, ...] = ()
    transformationID: str | None = None
    readPoint: _Place | None = None
    bizLocation: _Place | None = None
    sourceList: tuple[_Source, ...] = ()
    destinationList: tuple[_Destination, ...] = ()
    bizTransactionList: tuple[_Document, ...] = ()
    certificationInfo: str | tuple[str, ...] = ()
    ilmd: dict[str, Any] | None = None
    step: Any = msgspec.field(name="fh:step", default="")
    profile: Any = msgspec.field(name="fh:profile", default="")
    claims: Any = msgspec.field(name="fh:claims", default=None)
    makers: Any = msgspec.field(name="fh:makers", default=None)
    labour: Any = msgspec.field(name="fh:labourShare", default=None)
    behalf: Any = msgspec.field(name="fh:onBehalfOf", default=None)
    area: Any = msgspec.field(name="fh:area", default=None)
    unit_mass: Any = msgspec.field(name="fh:netWeight", default=None)
    bag: Any = msgspec.field(name="fh:bagWeight", default=None)


_NO_ILMD: Final[dict[str, Any]] = {}
_ZERO: Final = Fraction(0)
_decode = msgspec.json.Decoder(_Event).decode
_canonical = lru_cache(maxsize=65_536)(canonical)


def read_statement(
    number: int, issuer: str, time: int, body: bytes, piece_mass: dict[tuple[str, str], str] | None = None
) -> Statement | None:
    """The statement of a journaled event, from its JSON; None for an event that says nothing of lots.

    `piece_mass` names, by profile and step, the property that states the mass of one piece which the event
    brings into being; where a step is not in it, `fh:netWeight` (a piece) or `fh:bagWeight` (a bag) does.
    """
    try:
        event = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    if event.type not in _TYPES:
        return None
    problems: list[tuple[str, str]] = []
    step, profile = _text(event.step), _text(event.profile)
    makers, giver, taker = event.makers, event.sourceList, event.destinationList
    # In the order of the fields: a season has millions of these.
    return Statement(
        number,
        issuer,
        time,
        event.type,
        event.action,
        event.bizStep,
        _parts(event.inputEPCList, event.inputQuantityList),
        _parts(event.outputEPCList, event.outputQuantityList),
        _parts(event.childEPCs or event.epcList, event.childQuantityList or event.quantityList),
        None if event.parentID is None else _canonical(event.parentID),
        None if event.transformationID is None else _canonical(event.transformationID),
        None if event.readPoint is None else _canonical(event.readPoint.id),
        _party([(one.type, one.source) for one in giver]) if giver else None,
        _party([(one.type, one.destination) for one in taker]) if taker else None,
        tuple([_canonical(one.bizTransaction) for one in event.bizTransactionList]),
        step,
        profile,
        _claims(event, problems),
        () if makers is None else _makers(makers, problems),
        _ZERO if event.labour is None else _labour(event, problems),
        event.behalf if type(event.behalf) is str and event.behalf else None,
        _certificates(event.certificationInfo),
        None if event.area is None else stated_quantity(event.area),
        _unit_mass(event, piece_mass, profile, step),
        tuple(problems),
        body,
    )


def _parts(epcs: tuple[str, ...], elements: tuple[_Element, ...]) -> tuple[Part, ...]:
    if not epcs and not elements:
        return ()
    parts = [Part(_canonical(epc), _ONE_PIECE, True) for epc in epcs]
    for element in elements:
        value, uom = element.quantity, element.uom
        if value is None:
            parts.append(Part(_canonical(element.epcClass), None))
        else:
            parts.append(Part(_canonical(element.epcClass), quantity(value, uom), False, uom is None))
    return tuple(parts)


def _party(pairs: list[tuple[str, str]]) -> str | None:
    if not pairs:
        return None
    for kind in ("possessing_party", "owning_party"):
        for name, uri in pairs:
            if name == kind:
                return _canonical(uri)
    return None


def _text(value: Any) -> str:
    return value if type(value) is str else ""


def _certificates(value: str | tuple[str, ...]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value


def _unit_mass(
    event: _Event, piece_mass: dict[tuple[str, str], str] | None, profile: str, step: str
) -> Quantity | None:
    term = (piece_mass or {}).get((profile, step))
    if term is not None:
        return stated_quantity((event.ilmd or _NO_ILMD).get(term))
    ilmd = event.ilmd
    if ilmd is None:
        if event.unit_mass is None and event.bag is None:
            return None
        ilmd = _NO_ILMD
    for value in (ilmd.get("fh:netWeight"), event.unit_mass, ilmd.get("fh:bagWeight"), event.bag):
        found = stated_quantity(value)
        if found is not None:
            return found
    return None


def _claims(event: _Event, problems: list[tuple[str, str]]) -> tuple[str, ...]:
    ilmd = event.ilmd or _NO_ILMD
    if event.claims is None and "fh:claims" not in ilmd:
        return ()
    found: dict[str, None] = {}
    for value in (event.claims, ilmd.get("fh:claims")):
        if value is None:
            continue
        if type(value) is not list or len(value) > _MOST or any(type(name) is not str for name in value):
            problems.append(("malformed", "fh:claims: expected an array of claim names"))
            continue
        found.update(dict.fromkeys(value))
    return tuple(found)


def _makers(value: Any, problems: list[tuple[str, str]]) -> Makers:
    if type(value) is not list or not value or len(value) > _MOST:
        problems.append(("malformed", "fh:makers: expected an array of party URIs"))
        return ()
    named = [one.get("fh:party") if type(one) is dict else one for one in value]
    parties = [party for party in named if type(party) is str and party]
    if len(parties) < len(named):
        problems.append(("malformed", "fh:makers: expected party URIs, or fh:party with fh:share"))
        return ()
    shares = [_fraction(one.get("fh:share")) if type(one) is dict else None for one in value]
    given = [share for share in shares if share is not None]
    if given and (len(given) < len(shares) or sum(given) != 1):
        problems.append(("malformed", "fh:makers: the shares do not sum to one; taken as equal"))
        given = []
    equal = Fraction(1, len(parties))
    found: dict[str, Fraction] = {}
    for at, party in enumerate(parties):
        found[party] = found.get(party, Fraction(0)) + (given[at] if given else equal)
    return tuple(found.items())


def _labour(event: _Event, problems: list[tuple[str, str]]) -> Fraction:
    share = _fraction(event.labour)
    if share is None or share > 1 or event.makers is None or event.type != "TransformationEvent":
        problems.append(
            ("malformed", "fh:labourShare: expected a share up to 1, beside fh:makers, on a transformation")
        )
        return _ZERO
    return share


def _fraction(value: Any) -> Fraction | None:
    """A share as text, "1/3" or "0.25", or as a JSON number; None for anything else."""
    if type(value) is float or type(value) is int:
        value = repr(value)
    match = _SHARE.fullmatch(value) if type(value) is str else None
    if match is None or (match[2] is not None and int(match[2]) == 0):
        return None
    return Fraction(match[0])
