"""The SQLite journal: durable through kill -9, one fsync for many, safe for several processes."""

from __future__ import annotations

import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import Connection, event

from firsthand.errors import InvalidInput, Unauthorized, WorkspaceError
from firsthand.journal.database import create_database, open_database
from firsthand.journal.protocol import EventRow, NewEntry
from firsthand.journal.sqlite import METADATA, SqliteJournal
from firsthand.ledger.event_index import EventIndex
from firsthand.ledger.log_tree import LogTree
from firsthand.proof.merkle import tree_root

NOW = "2026-01-01T00:00:00Z"


def journal_at(path: Path) -> tuple[SqliteJournal, LogTree]:
    if path.exists():
        engine = open_database(path)
    else:
        engine = create_database(path)
        METADATA.create_all(engine)
    tree = LogTree(engine)
    return SqliteJournal(engine, lambda: NOW, (tree, EventIndex(engine))), tree


def capture(name: str, count: int = 2) -> NewEntry:
    rows = [
        EventRow(f'{{"event":"{name}/{n}"}}'.encode(), (f"urn:{name}:{n}",), ("urn:lot",))
        for n in range(count)
    ]
    root = sha256(name.encode()).digest()
    return NewEntry("Capture", "urn:maker", f'{{"name":"{name}"}}'.encode(), "k", root, count, rows)


def test_entries_and_events_come_back_in_order(tmp_path: Path) -> None:
    journal, _ = journal_at(tmp_path / "db")
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


def test_the_same_capture_twice_is_one_entry(tmp_path: Path) -> None:
    journal, _ = journal_at(tmp_path / "db")
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


def test_all_of_an_append_or_none(tmp_path: Path) -> None:
    journal, tree = journal_at(tmp_path / "db")
    wrong = NewEntry("Capture", "urn:maker", b"{}", "k", b"r" * 32, 3, [EventRow(b"{}", ("urn:x",), ())])
    with pytest.raises(InvalidInput, match="names 3 events, got 1"):
        journal.append([capture("a"), wrong])
    assert journal.size() == 0
    journal.append([capture("a")])
    assert tree.root(1) == tree_root([next(iter(journal.entries())).leaf])


def test_a_document_that_tiles_cannot_carry_is_refused(tmp_path: Path) -> None:
    journal, _ = journal_at(tmp_path / "db")
    with pytest.raises(InvalidInput, match="65535"):
        journal.append([NewEntry("Note", "urn:maker", b"x" * 65_536, "k")])


class Refusing:
    """A projection that refuses some entries."""

    def entry(self, connection: Connection, place: int, leaf: bytes, entry: NewEntry) -> None:
        if b"bad" in entry.document:
            raise Unauthorized("refused")

    def events(self, connection: Connection, first: int, rows: object) -> None:
        pass


def test_appends_that_arrive_together_share_one_commit_and_a_refusal_stays_alone(tmp_path: Path) -> None:
    engine = create_database(tmp_path / "db")
    METADATA.create_all(engine)
    commits: list[int] = []
    event.listen(engine, "commit", lambda connection: commits.append(1))
    tree = LogTree(engine)
    journal = SqliteJournal(engine, lambda: NOW, (Refusing(), tree))
    refused: list[str] = []

    def append(name: str) -> None:
        try:
            journal.append([capture(name)])
        except Unauthorized:
            refused.append(name)

    names = [f"{'bad' if n % 10 == 0 else 'good'}{n}" for n in range(60)]
    threads = [threading.Thread(target=append, args=(name,)) for name in names]
    # Hold the database, so that the second leader finds all others waiting.
    with sqlite3.connect(tmp_path / "db", isolation_level=None) as holder:
        holder.execute("BEGIN IMMEDIATE")
        for thread in threads:
            thread.start()
        time.sleep(0.5)
        holder.execute("COMMIT")
    for thread in threads:
        thread.join()
    assert sorted(refused) == sorted(name for name in names if name.startswith("bad"))
    assert journal.size() == 54
    assert [entry.place for entry in journal.entries()] == list(range(54))
    assert len(commits) <= 5 + 2  # a handful of groups for 60 callers (two more are reads)
    assert tree.root(54) == tree_root([entry.leaf for entry in journal.entries()])


WRITER = """
import sys, threading
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from test_sqlite import capture, journal_at
journal, _ = journal_at(Path(sys.argv[1]))
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


def writer(path: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), name, str(Path(__file__).parent), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check_whole(path: Path, acknowledged: dict[str, int]) -> None:
    journal, tree = journal_at(path)
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


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "db"
    journal_at(path)
    acknowledged: dict[str, int] = {}
    for round_number in range(5):
        process = writer(path, f"round{round_number}", 100_000)
        time.sleep(random.uniform(0.9, 1.6))
        process.send_signal(signal.SIGKILL)
        output, _ = process.communicate()
        acknowledged |= acknowledged_by(output)
        check_whole(path, acknowledged)
    assert len(acknowledged) > 50


def test_two_processes_on_one_journal(tmp_path: Path) -> None:
    path = tmp_path / "db"
    journal_at(path)
    processes = [writer(path, name, 60) for name in ("one", "two", "three")]
    acknowledged: dict[str, int] = {}
    for process in processes:
        output, _ = process.communicate()
        assert process.returncode == 0
        acknowledged |= acknowledged_by(output)
    assert len(acknowledged) == 3 * 3 * 60
    check_whole(path, acknowledged)


def test_a_million_events_stream_through(tmp_path: Path) -> None:
    journal, _ = journal_at(tmp_path / "db")
    count = 50_000
    rows = (EventRow(b'{"n":%d}' % n, (f"urn:{n}",), ()) for n in range(count))
    journal.append([NewEntry("Capture", "urn:maker", b"{}", "k", b"r" * 32, count, rows)])
    assert journal.event(count - 1)[2] == b'{"n":%d}' % (count - 1)


@pytest.mark.parametrize("content", [b"", b"not a database" * 100])
def test_a_file_that_is_no_journal_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "db"
    path.write_bytes(content)
    with pytest.raises(WorkspaceError):
        open_database(path)


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    journal_at(tmp_path / "db")
    with sqlite3.connect(tmp_path / "db") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(WorkspaceError, match="99"):
        open_database(tmp_path / "db")
