"""What every journal promises: durable through kill -9, one fsync for many, safe for several processes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from firsthand.errors import InvalidInput, NotFound, Unauthorized
from firsthand.journal.protocol import EventRow, Facts, NewEntry
from firsthand.journal.store import METADATA, DatabaseJournal
from firsthand.ledger.event_index import EventIndex, Kind
from firsthand.ledger.log_tree import LogTree
from firsthand.proof.merkle import tree_root
from tests.made import tables_in

PROJECT = Path(__file__).parents[2]
NOW = "2026-01-01T00:00:00Z"


def journal_at(url: str) -> tuple[DatabaseJournal, LogTree]:
    engine = tables_in(url, METADATA)
    tree = LogTree(engine)
    return DatabaseJournal(engine, lambda: NOW, (tree, EventIndex(engine))), tree


def row(body: str, event_id: str, *items: str) -> EventRow:
    facts = Facts(0, "ObjectEvent", "ADD", None, None)
    return EventRow(body.encode(), (event_id,), [(int(Kind.EPC), uri) for uri in items], facts)


def capture(name: str, count: int = 2) -> NewEntry:
    rows = [row(f'{{"event":"{name}/{n}"}}', f"urn:{name}:{n}", "urn:lot") for n in range(count)]
    root = sha256(name.encode()).digest()
    return NewEntry("Capture", "urn:maker", f'{{"name":"{name}"}}'.encode(), "k", root, count, rows)


def test_entries_and_events_come_back_in_order(database: str) -> None:
    journal, _ = journal_at(database)
    for number in range(5):
        (appended,) = journal.append([capture(f"c{number}")])
        assert (appended.place, appended.new) == (number, True)
    entries = list(journal.entries())
    assert [entry.place for entry in entries] == list(range(5))
    assert [entry.first_event for entry in entries] == [0, 2, 4, 6, 8]
    entry, index, body = journal.event(5)
    assert (entry.place, index, body) == (2, 1, b'{"event":"c2/1"}')
    assert list(journal.bodies(4, 2)) == [b'{"event":"c2/0"}', b'{"event":"c2/1"}']
    assert [entry.place for entry in journal.entries(1, 3)] == [1, 2]
    assert journal.places([9, 4, 5, 0, 4]) == {0: 0, 4: 2, 5: 2, 9: 4}
    with pytest.raises(NotFound, match="number 10"):
        journal.places([3, 10])


def test_the_same_capture_twice_is_one_entry(database: str) -> None:
    journal, _ = journal_at(database)
    first = capture("a")
    journal.append([capture("b")])
    journal.append([first])
    again = NewEntry(
        "Capture", first.issuer, b'{"signed":"later"}', "k", first.root, first.count, first.events
    )
    for entry in (first, again):
        (appended,) = journal.append([entry])
        assert (appended.place, appended.new) == (1, False)
    assert journal.size() == 2


def test_all_of_an_append_or_none(database: str) -> None:
    journal, tree = journal_at(database)
    wrong = NewEntry("Capture", "urn:maker", b"{}", "k", b"r" * 32, 3, [row("{}", "urn:x")])
    with pytest.raises(InvalidInput, match="names 3 events, got 1"):
        journal.append([capture("a"), wrong])
    assert journal.size() == 0
    journal.append([capture("a")])
    assert tree.root(1) == tree_root([next(iter(journal.entries())).leaf])


def test_a_document_that_tiles_cannot_carry_is_refused(database: str) -> None:
    journal, _ = journal_at(database)
    with pytest.raises(InvalidInput, match="65535"):
        journal.append([NewEntry("Note", "urn:maker", b"x" * 65_536, "k")])


class Refusing:
    """A projection that refuses some entries."""

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        if b"bad" in entry.document:
            raise Unauthorized("refused")

    def events(self, connection: Connection, first: int, issuer: str, rows: object) -> None:
        pass


def test_appends_that_arrive_together_share_one_commit_and_a_refusal_stays_alone(database: str) -> None:
    engine = tables_in(database, METADATA)
    commits: list[int] = []
    event.listen(engine, "commit", lambda connection: commits.append(1))
    tree = LogTree(engine)
    journal = DatabaseJournal(engine, lambda: NOW, (Refusing(), tree))
    refused: list[str] = []

    def append(name: str) -> None:
        try:
            journal.append([capture(name)])
        except Unauthorized:
            refused.append(name)

    names = [f"{'bad' if n % 10 == 0 else 'good'}{n}" for n in range(60)]
    threads = [threading.Thread(target=append, args=(name,)) for name in names]
    # Hold the database, so that the second leader finds all others waiting.
    with engine.begin():
        for thread in threads:
            thread.start()
        time.sleep(0.5)
    for thread in threads:
        thread.join()
    assert sorted(refused) == sorted(name for name in names if name.startswith("bad"))
    assert journal.size() == 54
    assert [entry.place for entry in journal.entries()] == list(range(54))
    assert len(commits) <= 5 + 2  # a handful of groups for 60 callers (two more are reads)
    assert tree.root(54) == tree_root([entry.leaf for entry in journal.entries()])


WRITER = """
import sys, threading
sys.path.insert(0, sys.argv[3])
from tests.contracts.test_journal import capture, journal_at
journal, _ = journal_at(sys.argv[1])
lock = threading.Lock()
def work(thread):
    for number in range(int(sys.argv[4])):
        (appended,) = journal.append([capture(f"{sys.argv[2]}-{thread}-{number}")])
        with lock:
            print(f"{sys.argv[2]}-{thread}-{number} {appended.place}", flush=True)
threads = [threading.Thread(target=work, args=(n,)) for n in range(3)]
for t in threads: t.start()
for t in threads: t.join()
"""


def writer(url: str, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, url, name, str(PROJECT), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_whole(url: str, acknowledged: dict[str, int]) -> None:
    journal, tree = journal_at(url)
    entries = list(journal.entries())
    assert [entry.place for entry in entries] == list(range(len(entries)))
    by_name = {entry.document: entry.place for entry in entries}
    assert len(by_name) == len(entries)
    for name, place in acknowledged.items():
        assert by_name[f'{{"name":"{name}"}}'.encode()] == place
    assert sum(entry.count for entry in entries) == len(list(journal.bodies(0, 10**6)))
    assert tree.root(len(entries)) == tree_root([entry.leaf for entry in entries])


def acknowledged_by(output: str) -> dict[str, int]:
    lines = [line.split() for line in output.splitlines(keepends=True) if line.endswith("\n")]
    return {name: int(place) for name, place in lines}


def test_what_was_acknowledged_survives_kill_9(database: str) -> None:
    journal_at(database)
    acknowledged: dict[str, int] = {}
    for round_number in range(5):
        process = writer(database, f"round{round_number}", 100_000)
        assert process.stdout is not None
        first = process.stdout.readline()  # however long a busy machine takes to start it
        time.sleep(random.uniform(0.1, 0.8))
        process.send_signal(signal.SIGKILL)
        rest, _ = process.communicate()
        acknowledged |= acknowledged_by(first + rest)
        check_whole(database, acknowledged)
    assert len(acknowledged) > 50


def test_two_processes_on_one_journal(database: str) -> None:
    journal_at(database)
    processes = [writer(database, name, 60) for name in ("one", "two", "three")]
    acknowledged: dict[str, int] = {}
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        acknowledged |= acknowledged_by(output)
    assert len(acknowledged) == 3 * 3 * 60
    check_whole(database, acknowledged)


def test_a_million_events_stream_through(database: str) -> None:
    journal, _ = journal_at(database)
    count = 50_000
    rows = (row(f'{{"n":{n}}}', f"urn:{n}") for n in range(count))
    journal.append([NewEntry("Capture", "urn:maker", b"{}", "k", b"r" * 32, count, rows)])
    assert journal.event(count - 1)[2] == b'{"n":%d}' % (count - 1)
