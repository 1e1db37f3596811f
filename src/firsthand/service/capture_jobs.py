"""Capture jobs: what was sent over HTTP, until every event of it is journaled or told why not.

A job is stored before it is acknowledged. A small document is journaled at once, in one transaction with
its finished job; a large one is stored whole and taken up by a worker, again after a crash. Doing a job
twice journals nothing twice: the same events of one issuer are the same capture.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select, update
from sqlalchemy.exc import SQLAlchemyError

from firsthand.errors import FirsthandError, InvalidInput, NotFound, Unauthorized
from firsthand.journal.database import reading
from firsthand.journal.protocol import Appended, EventRow, NewEntry
from firsthand.service.api_keys import Principal
from firsthand.service.capture import capture_events, prepare_batches, rows_of, submit
from firsthand.service.capture_request import (
    DEFAULTS,
    DOCUMENT,
    ENVELOPE,
    EVENT,
    Sent,
    custodial_key,
    locked_away,
    read_request,
    taken_out,
)
from firsthand.service.master_data import master_data_entry
from firsthand.service.receipts import receipt_of
from firsthand.service.sealing import SealRules, keep_disclosures
from firsthand.service.tables import CAPTURE_JOB
from firsthand.service.workspace import Workspace

__all__ = [
    "DOCUMENT",
    "ENVELOPE",
    "EVENT",
    "CaptureJob",
    "Limits",
    "TooLarge",
    "accept",
    "custodial_key",
    "find_job",
    "job_document",
    "jobs",
    "work",
]

ROLLBACK: Final = "rollback"
PROCEED: Final = "proceed"

_AT_ONCE: Final = 1_000
"""Up to so many events are journaled before the answer; it takes some 50 ms."""

_LARGEST_EVENT: Final = 1_000_000
"""Bytes of an event that is sent over HTTP, so that a page of them can be answered."""

_LEASE: Final = 30_000_000
_SHOWN_ERRORS: Final = 1_000


_FAULT: Final = {
    "type": "epcisException:ImplementationException",
    "title": "The server failed",
    "status": 500,
    "detail": "nothing was captured; the server's log knows more",
}

log = logging.getLogger("firsthand.capture")


class TooLarge(InvalidInput):
    """More events or bytes than one capture may have; `GS1-EPCIS-Capture-Limit` announces how many."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most events and bytes of one request."""

    events: int
    size: int


@dataclass(frozen=True, slots=True)
class CaptureJob:
    """A job as the standard describes it, and the places in the log that came of it."""

    id: str
    issuer: str
    behaviour: str
    created: str
    finished: str | None
    success: bool
    errors: list[dict[str, Any]] = field(default_factory=list)
    places: list[int] = field(default_factory=list)
    api_key: str | None = None
    number: int = 0


def accept(
    workspace: Workspace,
    principal: Principal | None,
    body: bytes,
    form: str,
    behaviour: str,
    limits: Limits,
    rules: SealRules = DEFAULTS,
) -> CaptureJob:
    """Take in a request; the job is finished already when it is small.

    `rules` say what of unsigned events is sealed. Raises UnreadableInput or InvalidInput when it is no
    document of that form, TooLarge, Unauthorized when the sender may not capture.
    """
    if len(body) > limits.size:
        raise TooLarge(f"a request has at most {limits.size} bytes, got {len(body)}")
    sent = read_request(workspace, principal, body, form, rules)
    if len(sent.events) > limits.events:
        raise TooLarge(f"a capture has at most {limits.events} events, got {len(sent.events)}")
    job = CaptureJob(
        secrets.token_hex(16), sent.issuer, behaviour, workspace.now(), None, True, api_key=sent.api_key
    )
    if len(sent.events) > _AT_ONCE:
        stored = locked_away(workspace, job.id, body, rules)
        with workspace.engine.begin() as connection:
            _insert(connection, job, form, stored)
        return job
    return _process(workspace, job, sent, lambda connection, done: _insert(connection, done, form, None))


def work(workspace: Workspace) -> bool:
    """Do the oldest job that waits, if there is one; whether there was."""
    now = time.time_ns() // 1000
    waiting = CAPTURE_JOB.c.finished.is_(None) & (CAPTURE_JOB.c.leased_until < now)
    with reading(workspace.engine) as connection:
        if connection.execute(select(CAPTURE_JOB.c.id).where(waiting).limit(1)).first() is None:
            return False
    with workspace.engine.begin() as connection:
        row = connection.execute(
            select(CAPTURE_JOB).where(waiting).order_by(CAPTURE_JOB.c.number).limit(1)
        ).first()
        if row is None:
            return False
        leased = {"leased_until": now + _LEASE}
        connection.execute(update(CAPTURE_JOB).where(CAPTURE_JOB.c.id == row.id).values(**leased))
    job = _job(row)
    try:
        _work_off(workspace, job, row.form, row.body)
    except SQLAlchemyError:
        raise  # the database does not answer: the job is done again when it does
    except Exception:
        # A fault of ours must not be tried for ever.
        log.exception("the capture job %s failed", job.id)
        _finish(workspace, job, [_FAULT])
    workspace.sealing_keys.erase(bytes.fromhex(job.id))
    return True


def _work_off(workspace: Workspace, job: CaptureJob, form: str, stored: bytes) -> None:
    principal = Principal(job.api_key or "", job.issuer, frozenset())
    try:
        body, rules = taken_out(workspace, job.id, stored)
        sent = read_request(workspace, None if form == ENVELOPE else principal, body, form, rules)
    except FirsthandError as error:
        _finish(workspace, job, [_problem(error)])
        return
    _process(workspace, job, sent, _store)


Store = Callable[[Connection, CaptureJob], None]


def _process(workspace: Workspace, job: CaptureJob, sent: Sent, store: Store) -> CaptureJob:
    """Validate, sign and journal; the finished job is stored in the same transaction."""
    errors: list[dict[str, Any]] = []
    done: list[CaptureJob] = []

    def also(connection: Connection, appended: Sequence[Appended]) -> None:
        places = [one.place for one in appended]
        done.append(_finished(workspace, job, errors, places))
        store(connection, done[0])

    try:
        rows = _rows(sent, errors)
        if sent.sealing is not None and not errors:
            sent.sealing.require_used()
        if errors and (job.behaviour == ROLLBACK or sent.capture is not None):
            raise InvalidInput("nothing of it is captured")
        _journal(workspace, sent, rows, also)
    except FirsthandError as error:
        if not errors:
            errors.append(_problem(error))
        failed = _finished(workspace, job, errors, [])
        with workspace.engine.begin() as connection:
            store(connection, failed)
        return failed
    return done[0]


def _journal(workspace: Workspace, sent: Sent, rows: list[EventRow], also: Any) -> None:
    if sent.capture is not None:
        if sent.disclosures:
            kept = keep_disclosures(workspace, sent.events, sent.disclosures)
            rows = [row._replace(sealed=fields) for row, fields in zip(rows, kept, strict=True)]
        (prepared,) = prepare_batches(rows, None)
        submit(workspace, sent.capture, prepared, also=also)
        return
    key = custodial_key(workspace, sent.issuer)
    alongside: list[NewEntry] = []
    if sent.vocabularies:
        alongside.append(master_data_entry(workspace, sent.issuer, key, sent.vocabularies))
    if not sent.events:
        workspace.journal.append(alongside, also)
        return
    (prepared,) = prepare_batches(rows, None)
    capture_events(workspace, prepared, sent.issuer, key, custodial=True, alongside=alongside, also=also)


def _rows(sent: Sent, errors: list[dict[str, Any]]) -> list[EventRow]:
    """The events ready to be journaled; what is wrong with the others goes to `errors`."""
    try:
        rows = list(rows_of(sent.events, sent.where, sent.sealing))
        if all(len(row.body) <= _LARGEST_EVENT for row in rows):
            return rows
    except InvalidInput:
        pass
    return list(_good_rows(sent, errors))


def _good_rows(sent: Sent, errors: list[dict[str, Any]]) -> Iterator[EventRow]:
    for number, event in enumerate(sent.events):
        try:
            where = partial(_numbered, sent.where, number)
            (row,) = rows_of([event], where, sent.sealing)
            if len(row.body) > _LARGEST_EVENT:
                raise InvalidInput(f"an event has at most {_LARGEST_EVENT} bytes", sent.where(number))
            yield row
        except InvalidInput as error:
            if len(errors) < _SHOWN_ERRORS:
                errors.append(_problem(error))


def _numbered(where: Callable[[int], str], number: int, _: int) -> str:
    return where(number)


def _problem(error: FirsthandError) -> dict[str, Any]:
    kind = "Security" if isinstance(error, Unauthorized) else "Validation"
    found: dict[str, Any] = {
        "type": f"epcisException:{kind}Exception",
        "title": "The event was not captured",
        "status": 403 if isinstance(error, Unauthorized) else 400,
        "detail": str(error),
    }
    if isinstance(error, InvalidInput) and error.path:
        found["path"] = error.path
    return found


def _finished(
    workspace: Workspace, job: CaptureJob, errors: list[dict[str, Any]], places: list[int]
) -> CaptureJob:
    now = workspace.now()
    return replace(job, finished=now, success=not errors, errors=errors, places=places)


def _finish(workspace: Workspace, job: CaptureJob, errors: list[dict[str, Any]]) -> None:
    with workspace.engine.begin() as connection:
        _store(connection, _finished(workspace, job, errors, []))


def _insert(connection: Connection, job: CaptureJob, form: str, body: bytes | None) -> None:
    row = {
        "id": job.id,
        "api_key": job.api_key,
        "issuer": job.issuer,
        "form": form,
        "behaviour": job.behaviour,
        "created": job.created,
        "finished": job.finished,
        "success": job.success,
        "errors": msgspec.json.encode(job.errors).decode(),
        "places": msgspec.json.encode(job.places).decode(),
        "body": body,
        "leased_until": 0,
    }
    connection.execute(CAPTURE_JOB.insert(), row)


def _store(connection: Connection, job: CaptureJob) -> None:
    values = {
        "finished": job.finished,
        "success": job.success,
        "errors": msgspec.json.encode(job.errors).decode(),
        "places": msgspec.json.encode(job.places).decode(),
        "body": None,
    }
    connection.execute(update(CAPTURE_JOB).where(CAPTURE_JOB.c.id == job.id).values(**values))


_COLUMNS: Final = [column for column in CAPTURE_JOB.c if column.name != "body"]


def find_job(workspace: Workspace, job_id: str, principal: Principal | None) -> CaptureJob:
    """A job of the sender's party; a job that came signed, without a key, is known by its ID alone.

    Raises NotFound, also for a job of somebody else's.
    """
    with reading(workspace.engine) as connection:
        row = connection.execute(select(*_COLUMNS).where(CAPTURE_JOB.c.id == job_id)).first()
    if row is not None and (row.api_key is None or (principal is not None and _owns(principal, row.issuer))):
        return _job(row)
    raise NotFound(f"there is no capture job {job_id}")


def jobs(workspace: Workspace, principal: Principal, after: int, count: int) -> list[CaptureJob]:
    """The sender's jobs, the newest first: `count` of them before the number `after`."""
    query = select(*_COLUMNS).order_by(CAPTURE_JOB.c.number.desc()).limit(count)
    query = query.where(CAPTURE_JOB.c.number < after)
    if "admin" not in principal.scopes:
        query = query.where(CAPTURE_JOB.c.issuer == principal.party)
    with reading(workspace.engine) as connection:
        return [_job(row) for row in connection.execute(query)]


def job_document(workspace: Workspace, job: CaptureJob) -> dict[str, Any]:
    """A job in the standard's words; `receipts` are the log's promises for what it journaled."""
    document: dict[str, Any] = {
        "captureID": job.id,
        "createdAt": job.created,
        "running": job.finished is None,
        "success": job.success,
        "captureErrorBehaviour": job.behaviour,
        "errors": job.errors,
        "receipts": [receipt_of(workspace, place) for place in job.places],
    }
    if job.finished is not None:
        document["finishedAt"] = job.finished
    return document


def _owns(principal: Principal, issuer: str) -> bool:
    return "admin" in principal.scopes or principal.party == issuer


def _job(row: Any) -> CaptureJob:
    return CaptureJob(
        row.id,
        row.issuer,
        row.behaviour,
        row.created,
        row.finished,
        row.success,
        msgspec.json.decode(row.errors),
        msgspec.json.decode(row.places),
        row.api_key,
        row.number,
    )
