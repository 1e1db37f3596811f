"""What an event speaks of: the lots, pieces, places and parties that a certificate may be of."""

from __future__ import annotations

from typing import Any, Final

from firsthand.events.identifiers import canonical

__all__ = ["certificates_named", "event_subjects"]

_EPCS: Final = ("epcList", "childEPCs", "inputEPCList", "outputEPCList")
_CLASSES: Final = ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList")
_PARTIES: Final = (("sourceList", "source"), ("destinationList", "destination"))


def event_subjects(event: dict[str, Any], issuer: str) -> frozenset[str]:
    """The URIs in canonical spelling; `issuer` is the party that captured the event.

    Parties are the issuer, `fh:onBehalfOf`, `fh:makers`, and the sources and destinations.
    """
    found: list[Any] = [issuer, event.get("parentID"), event.get("fh:onBehalfOf")]
    for name in _EPCS:
        found += _list(event, name)
    for name in _CLASSES:
        found += [_member(element, "epcClass") for element in _list(event, name)]
    for name, member in _PARTIES:
        found += [_member(element, member) for element in _list(event, name)]
    for name in ("readPoint", "bizLocation"):
        found.append(_member(event.get(name), "id"))
    for maker in _list(event, "fh:makers"):
        found.append(maker if type(maker) is str else _member(maker, "fh:party"))
    return frozenset(canonical(uri) for uri in found if type(uri) is str)


def certificates_named(event: dict[str, Any]) -> tuple[str, ...]:
    """The IDs of the certificates that an event names (`certificationInfo`, EPCIS 2.0 §7.4.1)."""
    named = event.get("certificationInfo", ())
    names = [named] if type(named) is str else named
    return tuple(name for name in names if type(name) is str) if type(names) in (list, tuple) else ()


def _list(event: dict[str, Any], name: str) -> list[Any]:
    value = event.get(name)
    return value if type(value) is list else []


def _member(value: Any, name: str) -> Any:
    return value.get(name) if type(value) is dict else None
