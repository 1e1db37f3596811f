"""Clients that mean harm or are broken, and a server that is killed in the middle."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psycopg
import pytest

from firsthand.proof.merkle import tree_root
from tests.made import event
from tests.web.live import Live, captured, document, event_list, make_live, served


def raw(live: Live, data: bytes, *, wait: float = 10) -> bytes:
    with socket.create_connection(("127.0.0.1", live.port), timeout=wait) as connection:
        connection.sendall(data)
        answer = b""
        try:
            while piece := connection.recv(65_536):
                answer += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return answer


def head(live: Live, length: int, *, more: str = "") -> bytes:
    token = live.tokens["adela"]
    return (
        f"POST /capture HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\n{more}Content-Length: {length}\r\n\r\n"
    ).encode()


def test_a_body_over_the_limit_is_refused_before_it_is_read(live: Live) -> None:
    started = time.monotonic()
    with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
        connection.sendall(head(live, 16_000_001))
        answer = connection.recv(65_536)
    assert b" 413 " in answer.partition(b"\r\n")[0]
    assert b"gs1-epcis-capture-file-size-limit: 16000000" in answer
    assert time.monotonic() - started < 3


def test_a_chunked_body_over_the_limit_is_cut_off(tmp_path: Path) -> None:
    with served(tmp_path, CAPTURE_BYTES="100000", CAPTURE_LIMIT="5") as live, live.client("adela") as client:
        answer = client.post(
            "/capture",
            content=(b"x" * 10_000 for _ in range(1000)),
            headers={"Content-Type": "application/json"},
        )
        assert (answer.status_code, answer.json()["type"]) == (
            413,
            "epcisException:CaptureLimitExceededException",
        )
        many = client.post("/capture", json=document(*[event(n) for n in range(6)]))
        assert (many.status_code, many.headers["gs1-epcis-capture-limit"]) == (413, "5")
        assert client.options("/capture").headers["gs1-epcis-capture-limit"] == "5"
        captured(client.post("/capture", json=document(*[event(n) for n in range(5)])))


def test_slow_senders_are_given_up(tmp_path: Path) -> None:
    with served(tmp_path, SLOW_SENDER_SECONDS="2") as live:
        started = time.monotonic()
        assert raw(live, b"GET / HTTP/1.1\r\nHost: x\r\n") == b""
        assert raw(live, b"") == b""
        assert b" 408 " in raw(live, head(live, 1000) + b'{"type"')
        assert time.monotonic() - started < 12
        # A body that trickles in is given up, too, though it never falls silent.
        with socket.create_connection(("127.0.0.1", live.port), timeout=10) as connection:
            connection.sendall(head(live, 1_000_000))
            try:
                for _ in range(100):
                    connection.sendall(b" ")
                    time.sleep(0.1)
            except OSError:
                pass
            else:
                raise AssertionError("a trickle of ten seconds was taken")
        with live.client("adela") as client:
            assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x00\x01\x02\x03\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"GET /events HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /events HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /capture HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: " + b"a" * 200_000 + b"\r\n\r\n",
    ],
)
def test_what_is_not_http_breaks_nothing(live: Live, data: bytes) -> None:
    answer = raw(live, data, wait=3)
    assert not answer or answer.split(b" ")[1][:1] in (b"4", b"2"), answer[:100]
    with live.client("adela") as client:
        assert client.get("/readyz").status_code == 200


def test_json_that_is_a_trap(live: Live) -> None:
    deep = b"[" * 100_000 + b"]" * 100_000
    bomb = json.dumps(document({**event(1), "ex:x": 10**400})).encode()
    empty = b",".join([b"{}"] * 5_000)
    many = b'{"type":"EPCISDocument","epcisBody":{"eventList":[' + empty + b"]}}"
    nan = json.dumps(document({**event(1), "ex:x": float("nan")})).encode()
    surrogate = json.dumps(document({**event(1), "ex:x": "\ud800"})).encode()
    with live.client("adela") as client:
        for body in (deep, bomb, many, nan, surrogate, b'"' + b"a" * 1_000_000 + b'"'):
            for path in ("/capture", "/events", "/queries"):
                answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
                assert answer.status_code in (202, 400), (path, answer.status_code, answer.text[:200])
                if answer.status_code == 202:
                    assert answer.json()["success"] is False, (path, body[:50])


@pytest.mark.parametrize("seconds", [0.05, 30], ids=["begun", "acknowledged"])
def test_a_graceful_stop_finishes_what_was_begun(seconds: float, tmp_path: Path) -> None:
    live = make_live(tmp_path)
    live.start()
    many = document(*[event(n, epcList=[f"https://coop.example/stop/{n}"]) for n in range(900)])
    answers: list[int] = []
    with live.client("adela") as client:
        assert client.get("/healthz").status_code == 200  # the connection that the capture goes by

        def send() -> None:
            with suppress(httpx.HTTPError):
                answers.append(client.post("/capture", json=many).status_code)

        thread = threading.Thread(target=send)
        thread.start()
        thread.join(seconds)
        assert answers == [202] or seconds < 1
        assert live.stop() in (0, -signal.SIGTERM)
        thread.join()
    events = live.access().workspace.index.by_item("https://coop.example/stop/899")
    assert (answers == [202]) == (len(events) == 1)


@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
@pytest.mark.parametrize("workers", [1, 2])
def test_killed_under_load_nothing_acknowledged_is_lost_or_doubled(
    store: str, workers: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = "" if store == "sqlite" else str(request.getfixturevalue("postgresql_url"))
    live = make_live(tmp_path, url)
    acknowledged: dict[str, str] = {}
    counter = iter(range(10**6))
    draw = random.Random(3)
    for _ in range(3):
        live.start(workers)
        threads = [threading.Thread(target=client_of, args=(live, counter, acknowledged)) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun = len(acknowledged)
        while len(acknowledged) < begun + 8 and any(thread.is_alive() for thread in threads):
            time.sleep(0.02)
        time.sleep(draw.uniform(0.1, 0.9))
        kill_all(live)
        for thread in threads:
            thread.join()
    live.start(workers)
    try:
        with live.client("admin") as admin:
            for _ in range(300):
                if all(not job["running"] for job in admin.get("/capture", params={"perPage": 1000}).json()):
                    break
                time.sleep(0.2)
        access = live.access()
        entries = list(access.workspace.journal.entries())
        assert [entry.place for entry in entries] == list(range(len(entries)))
        assert access.workspace.tree.root(len(entries)) == tree_root([entry.leaf for entry in entries])
        assert len(acknowledged) > 20
        with live.client("adela") as client:
            for name, job in acknowledged.items():
                assert client.get(f"/capture/{job}").json()["success"] is True
                found = event_list(client.get("/events", params={"MATCH_anyEPC": name}))
                assert len(found) == 1, (name, len(found))
    finally:
        live.stop()


def client_of(live: Live, counter: object, acknowledged: dict[str, str]) -> None:
    """Send captures, small and large, until the server is gone; note what got its 202."""
    with live.client("adela") as client:
        while True:
            number = next(counter)  # type: ignore[call-overload]
            size = 1_200 if number % 10 == 9 else 5
            name = f"https://coop.example/kill/{number}"
            events = [event(n, epcList=[f"{name}/{n}" if n else name]) for n in range(size)]
            try:
                answer = client.post("/capture", json=document(*events))
                if answer.status_code == 202:
                    acknowledged[name] = answer.json()["captureID"]
            except (httpx.HTTPError, json.JSONDecodeError):
                return


def kill_all(live: Live) -> None:
    """SIGKILL to the server and its workers, as a power cut would."""
    assert live.process is not None
    children = Path(f"/proc/{live.process.pid}/task/{live.process.pid}/children").read_text().split()
    for pid in (*map(int, children), live.process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    live.process.wait()
    time.sleep(0.3)


def test_a_database_that_goes_away_is_told_and_comes_back(tmp_path: Path, postgresql: str) -> None:
    name = "gone"
    with psycopg.connect(postgresql.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    with served(tmp_path, postgresql.format(name)) as live, live.client("adela") as client:
        assert client.get("/events").status_code == 200
        with psycopg.connect(postgresql.format("postgres"), autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (name,)
            )
            assert client.get("/readyz").status_code == 503
            assert client.get("/healthz").status_code == 200
            answer = client.get("/events")
            assert (answer.status_code, answer.json()["type"]) == (
                500,
                "epcisException:ImplementationException",
            )
            assert "postgres" not in answer.text.lower()
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
        for _ in range(50):
            if client.get("/readyz").status_code == 200:
                break
            time.sleep(0.1)
        assert client.get("/events").status_code == 200
