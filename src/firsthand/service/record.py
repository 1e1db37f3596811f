"""Recording files: EPCIS JSON or spreadsheets in, one signed capture a file (or per so many events)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from firsthand.chain.headers import HeaderStore
from firsthand.chain.networks import NETWORKS
from firsthand.errors import InvalidInput, NotFound, UnreadableInput
from firsthand.events.document import EventReader, read_document
from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.proof.capture import SeenBlock
from firsthand.service.capture import Captured, Prepared, capture_events, prepare_batches, rows_of
from firsthand.service.prepare_pool import prepare_pool
from firsthand.service.sealing import Sealing, SealRules
from firsthand.service.spreadsheet import is_spreadsheet, read_rows
from firsthand.service.workspace import Workspace

__all__ = ["Recorded", "event_hashes", "record_file", "seen_block"]

DEFAULT_RULES: Final = SealRules()

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one file: its captures, and remarks by row and column."""

    file: str
    captures: list[Captured]
    problems: list[str]
    skipped_rows: int

    @property
    def events(self) -> int:
        """How many events its captures hold."""
        return sum(capture.count for capture in self.captures)

    @property
    def new(self) -> bool:
        """Whether anything of it was not recorded before."""
        return any(capture.new for capture in self.captures)


def record_file(
    workspace: Workspace,
    path: Path,
    party: str,
    *,
    profile: str | None = None,
    mapping: str | None = None,
    skip_bad: bool = False,
    batch: int | None = None,
    sealing: SealRules = DEFAULT_RULES,
    told: Callable[[int], None] = lambda done: None,
) -> Recorded:
    """Record one file as a party of this workspace. All of it, or with an error none of it.

    What `sealing` names is sealed, by default what the profile of an event, or `profile`, says. `told` is
    called with the number of events read so far. Raises InvalidInput or UnreadableInput naming the place in
    the file, Unauthorized when the party or its key may not sign.
    """
    issuer = workspace.parties.find(party)
    key = workspace.held_key(issuer.keys)
    problems: list[str] = []
    skipped: list[int] = []
    rules = msgspec.structs.replace(sealing, profile=sealing.profile or profile)
    seal = Sealing(workspace, issuer.uri, rules)
    try:
        if is_spreadsheet(path):
            events = _spreadsheet(workspace, path, profile, mapping, skip_bad, problems, skipped)
            prepared = prepare_batches(rows_of(events, "$[{}]".format, seal), batch, told)
        else:
            prepared = _prepare_json(path, batch, told, seal if _may_seal(path, rules) else None)
        seal.require_used()
    except InvalidInput as error:
        raise type(error)(error.reason, f"{path}: {error.path}" if error.path else str(path)) from None
    after = seen_block(workspace)
    captures = [capture_events(workspace, one, issuer.uri, key, after=after) for one in prepared]
    return Recorded(str(path), captures, problems, len(skipped))


def _may_seal(path: Path, rules: SealRules) -> bool:
    """Whether the rules, or what stands in the file, may have anything sealed."""
    if rules.explicit or not rules.defaults:
        return rules.explicit
    # A key may be spelt with escapes.
    return any(mark in piece for piece in _overlapping(path) for mark in (b"fh:profile", b"\\u"))


def _overlapping(path: Path) -> Iterator[bytes]:
    if not path.is_file():
        return
    with path.open("rb") as handle:
        tail = b""
        while data := handle.read(_CHUNK):
            yield tail + data
            tail = data[-16:]


def _prepare_json(
    path: Path, batch: int | None, told: Callable[[int], None], sealing: Sealing | None
) -> list[Prepared]:
    reader = json_events(path)
    if sealing is not None or not reader.is_large():
        return prepare_batches(rows_of(reader, reader.where, sealing), batch, told)
    with prepare_pool() as pool:
        return prepare_batches(pool.rows(reader), batch, told)


def seen_block(workspace: Workspace) -> SeenBlock | None:
    """The tip of our headers: a capture that names it was signed after that block."""
    tip = HeaderStore(workspace.engine, NETWORKS[workspace.settings.chain.network]).tip()
    return SeenBlock(*tip) if tip else None


def event_hashes(path: Path) -> Iterator[str]:
    """The event hash IDs (CBV 2.0 §8.9) of an EPCIS file's events, in document order."""
    document, events = read_document(_bytes(path))
    context = HashContext.of_document(document)
    for event in events:
        yield event_hash_id(event, context)


def json_events(path: Path) -> EventReader:
    """The events of an EPCIS JSON file, in bounded memory. Raises NotFound or UnreadableInput."""
    if not path.is_file():
        raise NotFound(f"{path}: there is no such file")

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as handle:
            while data := handle.read(_CHUNK):
                yield data

    return EventReader(chunks)


def _spreadsheet(
    workspace: Workspace,
    path: Path,
    profile: str | None,
    mapping: str | None,
    skip_bad: bool,
    problems: list[str],
    skipped: list[int],
) -> Iterator[dict[str, Any]]:
    from firsthand.profiles import load_mapping

    if profile is None or mapping is None:
        raise InvalidInput(
            "a spreadsheet needs --profile and --mapping, such as --profile coffee --mapping cqi"
        )
    if not path.is_file():
        raise NotFound(f"{path}: there is no such file")
    errors: list[str] = []
    rows = load_mapping(workspace.profile(profile), mapping).events(read_rows(path), workspace.settings.uri)
    for row in rows:
        problems.extend(str(problem) for problem in row.problems)
        if row.refused:
            errors += [str(problem) for problem in row.problems]
            skipped.append(row.row_number)
            continue
        yield from row.events
    if errors and not skip_bad:
        shown = "\n  ".join(errors[:20])
        more = f"\n  and {len(errors) - 20} more" if len(errors) > 20 else ""
        raise InvalidInput(
            f"{len(skipped)} rows cannot be recorded; mend or leave them out (--skip-bad):\n  {shown}{more}"
        )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise NotFound(f"{path}: there is no such file") from None
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None
