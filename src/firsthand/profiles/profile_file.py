"""Profiles as files: those that ship with this package, and a workspace's own in a folder of its own.

A file in the workspace's folder comes first: who knows the own plots' limits better keeps them there, under
the same name or a new one.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import Struct

from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.events.units import convert
from firsthand.events.vocabulary import BIZ_STEPS, DISPOSITIONS
from firsthand.profiles.profile import Certificate, Claim, Element, Limit, Profile, Step, Yield

__all__ = ["RESERVED", "decode_toml", "load_profile", "own_profile_names", "parse_profile", "profile_names"]

RESERVED: Final = frozenset(
    """acknowledgement claims eventPeriod fingerprint grossWeight heldAt holderSignature labourShare makers
    mapping onBehalfOf party pieceEvent profile receipt sample sealed share statement step tareWeight token
    tokenMove work""".split()
)
"""What extension fields of every craft are called; no element may take their names."""

_FILE_NAME = re.compile(r"[a-z][a-z0-9-]{0,63}")
_LARGEST: Final = 1_000_000


def profile_names(own: Path | None = None) -> list[str]:
    """The crafts that ship with this package, and those in a workspace's own folder."""
    packaged = (file.name for file in resources.files(__package__).iterdir())
    names = {name[:-5] for name in packaged if name.endswith(".toml")}
    return sorted(names.union(own_profile_names(own)))


def own_profile_names(own: Path | None) -> list[str]:
    """The crafts in a workspace's own folder; none when there is no such folder."""
    files = own.glob("*.toml") if own is not None and own.is_dir() else ()
    return sorted(file.stem for file in files if _FILE_NAME.fullmatch(file.stem))


def load_profile(name: str, own: Path | None = None) -> Profile:
    """The profile of a craft: the workspace's own if it has one, else the one that ships.

    Raises NotFound, or UnreadableInput or InvalidInput when its file is wrong.
    """
    if name in own_profile_names(own):
        assert own is not None  # or it had no names
        return _own_profile(own / f"{name}.toml")
    file = resources.files(__package__) / f"{name}.toml"
    if not _FILE_NAME.fullmatch(name) or not file.is_file():
        raise NotFound(f'there is no profile "{name}"; there are: {", ".join(profile_names(own))}')
    return _packaged_profile(name)


@cache
def _packaged_profile(name: str) -> Profile:
    return parse_profile((resources.files(__package__) / f"{name}.toml").read_bytes())


def _own_profile(path: Path) -> Profile:
    try:
        profile = parse_profile(read_limited(path, "profile"))
    except InvalidInput as error:
        raise type(error)(error.reason, f"{path}: {error.path}" if error.path else str(path)) from None
    if profile.name != path.stem:
        raise InvalidInput(
            f'expected the name "{path.stem}", as its file\'s, got "{profile.name}"', str(path)
        )
    return profile


def read_limited(path: Path, what: str) -> bytes:
    """A data file's bytes. Raises NotFound, or InvalidInput when it is larger than such a file can be."""
    try:
        with path.open("rb") as file:
            data = file.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise NotFound(f"the {what} {path} cannot be read ({reason})") from None
    if len(data) > _LARGEST:
        raise InvalidInput(f"the {what} {path} is larger than {_LARGEST:,} bytes")
    return data


def parse_profile(data: bytes) -> Profile:
    """A profile from its TOML, with what every craft shares where it has nothing of that name itself.

    Raises UnreadableInput or InvalidInput with the place inside it.
    """
    document = _read_toml(data, "profile")
    for table, entries in _common().items():
        own = document.setdefault(table, {})
        if isinstance(own, dict):
            for name, entry in entries.items():
                own.setdefault(name, entry)
    profile = _convert(document, Profile, "profile")
    for name, step in profile.steps.items():
        _check_step(profile, step, f"$.steps.{name}")
    for name, element in profile.elements.items():
        _check_element(profile, name, element, f"$.elements.{name}")
    for code, unit in profile.units.items():
        _known(unit.converts, profile.units, f"$.units.{code}.converts", "unit")
    for name, factor in profile.yields.items():
        _check_yield(profile, factor, f"$.yields.{name}")
    for name, limit in profile.limits.items():
        _check_limit(profile, limit, f"$.limits.{name}")
    for name, claim in profile.claims.items():
        _check_claim(profile, claim, f"$.claims.{name}")
    for name, certificate in profile.certificates.items():
        _check_certificate(profile, certificate, f"$.certificates.{name}")
    return profile


_Decoded = TypeVar("_Decoded", bound=Struct)


@cache
def _common() -> dict[str, dict[str, Any]]:
    return _read_toml(
        (resources.files(__package__) / "common" / "common.toml").read_bytes(), "common profile"
    )


def decode_toml(data: bytes, kind: type[_Decoded], what: str) -> _Decoded:
    """TOML into a Struct. Raises UnreadableInput for what is no TOML, InvalidInput for a wrong field."""
    return _convert(_read_toml(data, what), kind, what)


def _read_toml(data: bytes, what: str) -> dict[str, Any]:
    try:
        document: dict[str, Any] = msgspec.toml.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableInput(f"the {what} is not TOML: {error}") from None
    return document


def _convert(document: dict[str, Any], kind: type[_Decoded], what: str) -> _Decoded:
    try:
        return msgspec.convert(document, kind)
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at `")
        raise InvalidInput(f"the {what} is wrong: {reason}", path.rstrip("`") or "$") from None


def _check_step(profile: Profile, step: Step, path: str) -> None:
    _known((step.biz_step,), BIZ_STEPS, f"{path}.biz_step", "CBV business step")
    if step.disposition is not None:
        _known((step.disposition,), DISPOSITIONS, f"{path}.disposition", "CBV disposition")
    if (step.action is None) != (step.type == "TransformationEvent"):
        raise InvalidInput("every step has an action but a transformation (EPCIS 2.0 §7.4)", path)
    if step.yields and step.type != "TransformationEvent":
        raise InvalidInput("a yield measures a transformation, and this step is none", f"{path}.yields")
    _known(step.elements, profile.elements, f"{path}.elements", "element")
    _known(step.yields, profile.yields, f"{path}.yields", "yield")
    if step.piece_mass is not None:
        _quantity(profile, step.piece_mass, "KGM", f"{path}.piece_mass")


def _check_element(profile: Profile, name: str, element: Element, path: str) -> None:
    if element.name is None and name in RESERVED:
        raise InvalidInput("every craft's events have a field of this name: choose another", path)
    if element.coarse is not None and not element.sealed:
        raise InvalidInput("a coarse place stands beside one that is sealed", path)
    if element.uom is not None:
        _known((element.uom,), profile.units, f"{path}.uom", "unit")
    if element.part_of is not None:
        _known((element.part_of,), profile.groups, f"{path}.part_of", "group")
    if element.kind == "quantity" and element.uom is None:
        raise InvalidInput("a quantity has a unit: give uom", path)
    if ("choice" in (element.kind, element.of)) != bool(element.choices):
        raise InvalidInput("choices belong to the kind choice, and it needs them", path)
    if (element.kind == "parts") != (element.parts is not None):
        raise InvalidInput("a number of parts belongs to the kind parts, and it needs one", path)
    if (element.kind == "list") != (element.of is not None):
        raise InvalidInput("`of` belongs to the kind list, and it needs one", path)


def _check_yield(profile: Profile, factor: Yield, path: str) -> None:
    if not 0 < factor.low <= factor.high:
        raise InvalidInput("expected 0 < low <= high", path)
    _known(factor.when, profile.elements, f"{path}.when", "element")
    for name, values in factor.when.items():
        _known(values, profile.elements[name].choices, f"{path}.when.{name}", "choice")


def _check_limit(profile: Profile, limit: Limit, path: str) -> None:
    _known((limit.step,), profile.steps, f"{path}.step", "step")
    _quantity(profile, limit.area, limit.per, f"{path}.area")
    if not limit.high > 0:
        raise InvalidInput("expected high > 0", path)


def _check_claim(profile: Profile, claim: Claim, path: str) -> None:
    _known(claim.begins, profile.steps, f"{path}.begins", "step")
    _known(claim.ends, profile.steps, f"{path}.ends", "step")
    _known(claim.certificates, profile.certificates, f"{path}.certificates", "certificate")


def _check_certificate(profile: Profile, certificate: Certificate, path: str) -> None:
    _known(certificate.elements, profile.elements, f"{path}.elements", "element")
    _known(certificate.required, certificate.elements, f"{path}.required", "element of this certificate")
    _known(certificate.needs, profile.certificates, f"{path}.needs", "certificate")
    if certificate.quantity is not None:
        _known((certificate.quantity,), certificate.elements, f"{path}.quantity", "element of it")
        _quantity(profile, certificate.quantity, None, f"{path}.quantity")


def _quantity(profile: Profile, name: str, like: str | None, path: str) -> None:
    """Raises InvalidInput unless the element is a quantity, in a unit that measures the same as `like`."""
    _known((name,), profile.elements, path, "element")
    element = profile.elements[name]
    if element.kind != "quantity" or element.uom is None:
        raise InvalidInput(f'"{name}" is a {element.kind}, expected a quantity', path)
    if like is not None and convert(1, element.uom, like) is None:
        raise InvalidInput(f'"{name}" is in {element.uom}, which does not convert to {like}', path)


def _known(names: Iterable[Any], known: Container[Any], path: str, what: str) -> None:
    for name in names:
        if name not in known:
            raise InvalidInput(f'"{name}" is not a known {what}', path)
