"""Certificate types: what the profiles say of certificates, as the checking half takes it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from firsthand.errors import InvalidInput, NotFound
from firsthand.profiles import Profile, load_profile, profile_names
from firsthand.profiles.profile import NAMESPACE, PREFIX
from firsthand.proof.credential import CertificateType, Credential
from firsthand.service.workspace import Workspace

__all__ = [
    "PREFIXES",
    "certificate_types",
    "elements_of",
    "packaged_types",
    "type_named",
    "type_of",
    "workspace_types",
]

PREFIXES: Final = {PREFIX: NAMESPACE, "cbvmda": "urn:epcglobal:cbv:mda:"}
"""The namespaces that names of elements begin with."""


def certificate_types(profile: Profile) -> dict[str, CertificateType]:
    """The certificate types of a craft, by name; each with the claims that it can back."""
    found = {}
    for name, certificate in profile.certificates.items():
        terms = {profile.term(element): profile.elements[element] for element in certificate.elements}
        found[name] = CertificateType(
            name=name,
            type=certificate.type,
            scheme=certificate.scheme,
            subject=certificate.subject,
            elements={term: element.kind for term, element in terms.items()},
            required=tuple(profile.term(element) for element in certificate.required),
            choices={term: frozenset(element.choices) for term, element in terms.items() if element.choices},
            quantity=profile.term(certificate.quantity) if certificate.quantity else None,
            valid_days=certificate.valid_days,
            needs=certificate.needs,
            claims=tuple(claim for claim, what in profile.claims.items() if name in what.certificates),
            confidential=certificate.confidential,
        )
    return found


def packaged_types() -> Iterator[tuple[str, CertificateType]]:
    """Every type of every craft that ships with this package, with the craft's name."""
    for name in profile_names():
        yield from ((name, kind) for kind in certificate_types(load_profile(name)).values())


def workspace_types(
    workspace: Workspace, profile: str | None = None
) -> Iterator[tuple[str, CertificateType]]:
    """Every type that this workspace knows, or those of one craft, with the craft's name."""
    for name in [profile] if profile else workspace.profile_names():
        yield from ((name, kind) for kind in certificate_types(workspace.profile(name)).values())


def type_named(workspace: Workspace, profile: str, name: str) -> CertificateType:
    """A craft's type by its name. Raises NotFound."""
    types = certificate_types(workspace.profile(profile))
    if name not in types:
        raise NotFound(
            f"the profile {profile} has no certificate {name!r}; it has: {', '.join(sorted(types)) or 'none'}"
        )
    return types[name]


def type_of(
    credential: Credential, types: Iterable[tuple[str, CertificateType]]
) -> tuple[str, CertificateType] | None:
    """The first type whose W3C name the credential bears, with its craft; None for a stranger's."""
    return next(((craft, kind) for craft, kind in types if kind.type in credential.types), None)


def elements_of(profile: Profile, given: Mapping[str, Any]) -> dict[str, Any]:
    """Elements by their names in the profile, as the credential has them.

    Texts are read by the element's kind: `571.8 KGM` is a quantity, `A, B` a list; what is no text stands as
    it is. Raises InvalidInput naming the element.
    """
    found = {}
    for name, value in given.items():
        element = profile.elements.get(name)
        if element is None:
            raise InvalidInput(
                f"the profile {profile.name} has no element of that name", f"$.elements.{name}"
            )
        found[profile.term(name)] = _value(element.kind, value, f"$.elements.{name}")
    return found


def _value(kind: str, value: Any, path: str) -> Any:
    if type(value) is not str:
        return value
    if kind == "quantity":
        number, _, uom = value.strip().partition(" ")
        return {f"{PREFIX}:value": _number(number, path), f"{PREFIX}:uom": uom.strip()}
    if kind == "number":
        return _number(value, path)
    if kind == "list":
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def _number(text: str, path: str) -> int | float:
    try:
        number = Decimal(text)
        exact = int(number) if number == number.to_integral_value() else float(number)
    except (InvalidOperation, ValueError, OverflowError):
        raise InvalidInput(f"expected a number, got {text[:40]!r}", path) from None
    if Decimal(repr(exact)) != number:
        raise InvalidInput(f"{text[:40]} has more digits than JSON numbers carry", path)
    return exact
