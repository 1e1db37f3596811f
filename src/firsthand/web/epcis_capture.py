"""The capture interface: /capture, its jobs, and POST /events."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import quote

import msgspec

from firsthand.errors import Conflict
from firsthand.events.json_text import decode
from firsthand.events.validation import validate_bare_event
from firsthand.ledger.event_search import FoundEvent
from firsthand.service import capture_jobs
from firsthand.service.capture_jobs import DOCUMENT, ENVELOPE, EVENT, Limits, job_document
from firsthand.service.epcis_output import event_document
from firsthand.service.sealing import SealRules, parse_coarse
from firsthand.web.calls import JSON, Answer, Call, json_answer
from firsthand.web.problems import Problem

__all__ = ["ENVELOPE_MEDIA", "SEAL_HEADERS", "get_job", "get_jobs", "post_capture", "post_event"]

ENVELOPE_MEDIA: Final = "application/vnd.firsthand.capture+json"
SEAL_HEADERS: Final = ("Firsthand-Seal", "Firsthand-Seal-Defaults", "Firsthand-Open", "Firsthand-Coarse")
"""Lists divided by commas; see docs/sealed-fields.md."""

LD_JSON: Final = "application/ld+json"

_NEWEST: Final = 2**62


def post_capture(call: Call) -> Answer:
    """Take in an EPCIS document or a signed envelope: 202 with the job, which a small one has finished."""
    call.only()
    form = ENVELOPE if media_type(call) == ENVELOPE_MEDIA else DOCUMENT
    behaviour = call.headers.get("gs1-capture-error-behaviour", "rollback")
    if behaviour not in ("rollback", "proceed"):
        raise Problem(
            400,
            "ValidationException",
            f"GS1-Capture-Error-Behaviour: expected rollback or proceed, got {behaviour[:40]!r}",
        )
    server = call.server
    principal = call.principal if form == ENVELOPE else call.sender
    rules = _rules(call, form)
    job = capture_jobs.accept(server.workspace, principal, call.body, form, behaviour, server.limits, rules)
    document = job_document(server.workspace, job)
    return json_answer(document, 202, {"Location": f"{call.base_url}/capture/{job.id}"})


def _rules(call: Call, form: str) -> SealRules:
    """What the sender wants sealed, beside what the events' profile says. Raises Problem."""
    given = {name: call.headers[name.lower()] for name in SEAL_HEADERS if name.lower() in call.headers}
    if given and form == ENVELOPE:
        raise Problem(
            400, "ValidationException", f"{next(iter(given))}: what is signed already cannot be sealed here"
        )

    def listed(name: str) -> tuple[str, ...]:
        return tuple(part.strip() for part in given.get(name, "").split(",") if part.strip())

    defaults = given.get("Firsthand-Seal-Defaults", "on")
    if defaults not in ("on", "off"):
        raise Problem(400, "ValidationException", "Firsthand-Seal-Defaults: expected on or off")
    return SealRules(
        paths=listed("Firsthand-Seal"),
        defaults=defaults == "on",
        opened=listed("Firsthand-Open"),
        coarse=tuple(map(parse_coarse, listed("Firsthand-Coarse"))),
    )


def media_type(call: Call) -> str:
    """The body's type. Raises Problem when we do not read it."""
    kind = call.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (JSON, LD_JSON, ENVELOPE_MEDIA):
        raise Problem(
            415,
            "UnsupportedMediaTypeException",
            f"expected {JSON} or {ENVELOPE_MEDIA}, got {kind[:60] or 'nothing'}",
        )
    return kind


def get_job(call: Call) -> Answer:
    """One job."""
    call.only()
    job = capture_jobs.find_job(call.server.workspace, call.names["captureID"], call.principal)
    return json_answer(job_document(call.server.workspace, job))


def get_jobs(call: Call) -> Answer:
    """The sender's jobs, the newest first."""
    call.only("perPage", "nextPageToken")
    state = call.page_state()
    after = int(state[0]) if state and state[0] is not None else _NEWEST
    size = call.per_page
    found = capture_jobs.jobs(call.server.workspace, call.sender, after, size + 1)
    headers = call.next_page([found[size - 1].number]) if len(found) > size else {}
    return json_answer([job_document(call.server.workspace, job) for job in found[:size]], 200, headers)


def post_event(call: Call) -> Answer:
    """Capture one event: 201 with it as it is found from now on."""
    call.only()
    if media_type(call) == ENVELOPE_MEDIA:
        raise Problem(
            415, "UnsupportedMediaTypeException", f"a signed envelope goes to /capture; expected {JSON}"
        )
    server = call.server
    event = decode(call.body)
    validate_bare_event(event)
    _refuse_twin(call, event)
    limits = Limits(1, server.limits.size)
    rules = _rules(call, EVENT)
    job = capture_jobs.accept(server.workspace, call.sender, call.body, EVENT, "rollback", limits, rules)
    if not job.success:
        raise Problem(400, "ValidationException", "; ".join(str(error["detail"]) for error in job.errors))
    entry = next(iter(server.workspace.journal.entries(job.places[-1], job.places[-1] + 1)))
    stored = msgspec.json.decode(next(iter(server.workspace.journal.bodies(entry.first_event, 1))))
    found = FoundEvent(entry.first_event, stored, entry.recorded)
    location = f"{call.base_url}/events/{quote(found.event_id, safe='')}"
    return Answer(201, event_document(found, call.epc_format), JSON, {"Location": location})


def _refuse_twin(call: Call, event: dict[str, Any]) -> None:
    """An event ID is given once; its error declaration bears the same one (EPCIS 2.0 §7.4.1.2)."""
    found = FoundEvent(0, event, "")
    for number in call.server.workspace.index.by_event_id(found.event_id):
        entry, _, body = call.server.workspace.journal.event(number)
        declared = "errorDeclaration" in msgspec.json.decode(body)
        if entry.issuer == call.sender.party and declared == ("errorDeclaration" in event):
            raise Conflict(f"there is an event {found.event_id} already")
