"""Capture jobs without a server: leases, faults, crashes in the middle."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from firsthand.errors import InvalidInput, Unauthorized
from firsthand.service import capture_jobs
from firsthand.service.api_keys import Principal
from firsthand.service.capture_jobs import DOCUMENT, Limits, TooLarge, accept, find_job, work
from firsthand.service.capture_request import DEFAULTS, locked_away
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.tables import CAPTURE_JOB
from firsthand.service.workspace import SEALING_KEYS
from tests.made import event
from tests.web.live import document

LIMITS = Limits(5_000, 50_000_000)


def sender(access: ChainAccess) -> Principal:
    party = add_party(access.workspace, "Adela", ("maker",)).party
    return Principal("key", party.uri, frozenset(("capture",)))


def large(count: int = 1_200) -> bytes:
    return json.dumps(document(*[event(n) for n in range(count)])).encode()


def events(access: ChainAccess) -> int:
    return sum(entry.count for entry in access.workspace.journal.entries(kind="Capture"))


def test_a_large_capture_waits_for_a_worker_and_is_done_once(access: ChainAccess) -> None:
    principal = sender(access)
    job = accept(access.workspace, principal, large(), DOCUMENT, "rollback", LIMITS)
    assert (job.finished, events(access)) == (None, 0)
    assert work(access.workspace) is True
    assert work(access.workspace) is False
    done = find_job(access.workspace, job.id, principal)
    assert (done.success, len(done.places), events(access)) == (True, 1, 1_200)
    with access.workspace.engine.connect() as connection:
        assert connection.execute(select(CAPTURE_JOB.c.body)).scalar() is None


def test_a_crash_after_journaling_does_not_journal_twice(
    access: ChainAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    principal = sender(access)
    job = accept(access.workspace, principal, large(), DOCUMENT, "rollback", LIMITS)

    def crash(*args: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        # The process dies with the journal's transaction: neither the capture nor the job's end is stored.
        patch.setattr(capture_jobs, "_store", crash)
        with pytest.raises(KeyboardInterrupt):
            work(access.workspace)
    assert events(access) == 0
    assert work(access.workspace) is False, "leased by the process that died"
    with access.workspace.engine.begin() as connection:
        connection.execute(update(CAPTURE_JOB).values(leased_until=0))
    assert work(access.workspace) is True
    assert events(access) == 1_200
    body = locked_away(access.workspace, job.id, large(), DEFAULTS)
    with access.workspace.engine.begin() as connection:
        connection.execute(update(CAPTURE_JOB).values(leased_until=0, finished=None, body=body))
    assert work(access.workspace) is True
    assert events(access) == 1_200
    assert find_job(access.workspace, job.id, principal).success


def test_a_fault_of_ours_ends_the_job_and_a_silent_database_does_not(
    access: ChainAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    principal = sender(access)
    job = accept(access.workspace, principal, large(), DOCUMENT, "rollback", LIMITS)
    with monkeypatch.context() as patch:
        patch.setattr(
            capture_jobs,
            "_journal",
            lambda *args: (_ for _ in ()).throw(OperationalError("", {}, Exception())),
        )
        with pytest.raises(OperationalError):
            work(access.workspace)
    assert find_job(access.workspace, job.id, principal).finished is None
    with access.workspace.engine.begin() as connection:
        connection.execute(update(CAPTURE_JOB).values(leased_until=0))
    with monkeypatch.context() as patch:
        patch.setattr(capture_jobs, "_journal", lambda *args: 1 / 0)
        assert work(access.workspace) is True
    done = find_job(access.workspace, job.id, principal)
    assert (done.success, done.errors[0]["status"], events(access)) == (False, 500, 0)


def test_what_is_not_taken(access: ChainAccess) -> None:
    principal = sender(access)
    for body, limits, kind in (
        (large(3), Limits(2, 10**6), TooLarge),
        (large(3), Limits(10, 100), TooLarge),
        (json.dumps([event(1)]).encode(), LIMITS, InvalidInput),
        (json.dumps({"@context": "https://ref.gs1.org/x", **event(1)}).encode(), LIMITS, InvalidInput),
    ):
        with pytest.raises(kind):
            accept(access.workspace, principal, body, DOCUMENT, "rollback", limits)
    for nobody in (
        None,
        Principal("key", None, frozenset(("admin",))),
        Principal("key", "https://x.example/", frozenset()),
    ):
        with pytest.raises(Unauthorized):
            accept(access.workspace, nobody, large(3), DOCUMENT, "rollback", LIMITS)
    assert events(access) == 0


def test_a_job_whose_key_is_gone_says_so(access: ChainAccess) -> None:
    """A database restored without the keys of sealed fields: what waited in it cannot be read."""
    principal = sender(access)
    job = accept(access.workspace, principal, large(), DOCUMENT, "rollback", LIMITS)
    (access.workspace.folder / SEALING_KEYS).unlink()
    assert work(access.workspace) is True
    done = find_job(access.workspace, job.id, principal)
    assert (done.success, events(access)) == (False, 0)
    assert "sealing-keys.db" in done.errors[0]["detail"]
