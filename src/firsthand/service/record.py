"""Recording files: EPCIS JSON or spreadsheets in, one signed capture a file (or per so many events)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from firsthand.errors import InvalidInput, UnreadableInput
from firsthand.events.document import EventReader, read_document
from firsthand.events.event_hash import HashContext, event_hash_id
from firsthand.service.capture import (
    Captured,
    Prepared,
    capture_events,
    prepare_batches,
    rows_of,
    seen_block,
)
from firsthand.service.import_rows import SheetImport, attachments_in
from firsthand.service.prepare_pool import prepare_pool
from firsthand.service.sealing import Sealing, SealRules
from firsthand.service.spreadsheet import is_spreadsheet
from firsthand.service.submissions import looks_like_submissions
from firsthand.service.workspace import Workspace

if TYPE_CHECKING:
    from firsthand.profiles import Mapping

__all__ = ["Recorded", "event_hashes", "record_file"]

DEFAULT_RULES: Final = SealRules()

_CHUNK: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of one file: its captures, and remarks by row and column."""

    file: str
    captures: list[Captured]
    problems: list[str]
    skipped_rows: int
    known_rows: tuple[str, ...] = ()
    """Where the rows of a sheet stand that were recorded before and are left out."""

    marked: str | None = None
    """The copy of the sheet with its problems marked, where one was written."""

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
    sheet: str | None = None,
    mark: Path | None = None,
    attachments: Path | None = None,
    told: Callable[[int], None] = lambda done: None,
) -> Recorded:
    """Record one file as a party of this workspace. All of it, or with an error none of it.

    What `sealing` names is sealed, by default what the profile of an event, or `profile`, says. A sheet's
    rows that this party recorded before are left out. `sheet` is the only worksheet to read, `mark` where a
    copy of the sheet goes with its problems marked, `attachments` the folder of the files that its cells
    name. `told` is called with the number of events read so far. Raises InvalidInput or UnreadableInput
    naming the place in the file, Unauthorized when the party or its key may not sign.
    """
    issuer = workspace.parties.find(party)
    key = workspace.held_key(issuer.keys)
    source: SheetImport | None = None
    rules = msgspec.structs.replace(sealing, profile=sealing.profile or profile)
    seal = Sealing(workspace, issuer.uri, rules)
    try:
        if is_spreadsheet(path) or looks_like_submissions(path):
            loaded = _mapping(workspace, profile, mapping)
            found = attachments_in(attachments) if attachments else lambda name: None
            source = SheetImport(workspace, path, loaded, issuer.uri, skip_bad, sheet, found)
            prepared = _prepare_rows(source, batch, mark, seal, told)
        else:
            prepared = _prepare_json(path, batch, told, seal if _may_seal(path, rules) else None)
        if prepared:
            seal.require_used()
    except InvalidInput as error:
        raise type(error)(error.reason, f"{path}: {error.path}" if error.path else str(path)) from None
    after = seen_block(workspace)
    captures = [capture_events(workspace, one, issuer.uri, key, after=after) for one in prepared]
    if source is None:
        return Recorded(str(path), captures, [], 0)
    problems = [str(problem) for problem in source.problems]
    marked = str(mark) if mark is not None and problems else None
    return Recorded(str(path), captures, problems, len(source.skipped), tuple(source.known), marked)


def _mapping(workspace: Workspace, profile: str | None, mapping: str | None) -> Mapping:
    from firsthand.profiles import load_mapping

    if profile is None or mapping is None:
        raise InvalidInput(
            "a spreadsheet needs --profile and --mapping, such as --profile coffee --mapping cqi; "
            "`firsthand map FILE` proposes a mapping"
        )
    return load_mapping(workspace.profile(profile), mapping)


def _prepare_rows(
    source: SheetImport, batch: int | None, mark: Path | None, seal: Sealing, told: Callable[[int], None]
) -> list[Prepared]:
    """The captures of a sheet's new rows, none when all were recorded before."""
    try:
        rows = rows_of(source.events(), "$[{}]".format, seal)
        first = next(rows, None)
        if first is None and source.known:
            return []
        return prepare_batches(chain([] if first is None else [first], rows), batch, told)
    finally:
        if mark is not None:
            source.mark(mark)


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


def event_hashes(path: Path) -> Iterator[str]:
    """The event hash IDs (CBV 2.0 §8.9) of an EPCIS file's events, in document order."""
    document, events = read_document(_bytes(path))
    context = HashContext.of_document(document)
    for event in events:
        yield event_hash_id(event, context)


def json_events(path: Path) -> EventReader:
    """The events of an EPCIS JSON file, in bounded memory. Raises UnreadableInput."""
    if not path.is_file():
        raise UnreadableInput(f"{path}: there is no such file")

    def chunks() -> Iterator[bytes]:
        with path.open("rb") as handle:
            while data := handle.read(_CHUNK):
                yield data

    return EventReader(chunks)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise UnreadableInput(f"{path}: there is no such file") from None
    except OSError as error:
        raise UnreadableInput(f"{path}: {error.strerror}") from None
