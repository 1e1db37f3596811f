"""Disclosing sealed fields: a consent in the journal, and bundles that carry the values to whom it names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from firsthand.errors import InvalidInput, NotFound
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.disclosure import open_event
from firsthand.service.chain_access import ChainAccess
from firsthand.service.consents import Terms, give
from firsthand.service.prove import event_numbers, prove_events, write_whole
from firsthand.service.sealed_values import HeldField, held_fields, pick
from firsthand.service.workspace import Workspace

__all__ = ["Given", "disclose"]


@dataclass(frozen=True, slots=True)
class Given:
    """What was disclosed: paths by event number, and the places of the consents."""

    fields: dict[int, list[str]]
    consents: list[int]
    size: int


def disclose(
    access: ChainAccess, identifiers: list[str], paths: Sequence[str], terms: Terms, output: Path
) -> Given:
    """Write bundles of these events that disclose the fields at `paths`, once the consent is journaled.

    Of several events each discloses the ones it has. Raises NotFound when none has a field, or one is not
    anchored yet; Unauthorized when this workspace cannot sign for the maker. Then nothing is journaled.
    """
    workspace = access.workspace
    terms.check(workspace.now()[:10])
    chosen: dict[int, list[HeldField]] = {}
    missing: dict[str, NotFound] = {}
    found: set[str] = set()
    for number in event_numbers(access, identifiers):
        held = held_fields(workspace, number)
        for path in paths:
            try:
                chosen[number] = [*chosen.get(number, ()), *pick(held, [path])]
                found.add(path)
            except NotFound as error:
                missing[path] = error
    for path in paths:
        if path not in found:
            raise missing[path]
    for number, fields in chosen.items():
        _require_openable(workspace, number, fields)
    texts = {number: [field.text for field in fields] for number, fields in chosen.items()}
    lines = list(prove_events(access, list(chosen), texts))
    places = give(workspace, list(chosen.items()), terms)
    size = write_whole(output, iter(lines), lambda done: None)
    return Given(
        {number: sorted({one.path for one in fields}) for number, fields in chosen.items()}, places, size
    )


def _require_openable(workspace: Workspace, number: int, fields: Sequence[HeldField]) -> None:
    _, _, body = workspace.journal.event(number)
    try:
        open_event(parse_canonical(body), sorted({field.text for field in fields}))
    except InvalidInput as error:
        raise InvalidInput(
            f"{error.reason}; a field that is sealed inside another one is disclosed together with it"
        ) from None
