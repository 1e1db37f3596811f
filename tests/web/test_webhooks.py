"""Subscriptions by webhook: at least once, in order, signed, given up in the end, no private addresses."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.errors import InvalidInput
from firsthand.service import delivery as delivery_module
from firsthand.service.api_keys import authenticate, create_key, revoke_key
from firsthand.service.chain_access import ChainAccess
from firsthand.service.delivery import Delivery
from firsthand.service.named_queries import create_query
from firsthand.service.parties import add_party
from firsthand.service.subscriptions import find_subscription, redeliver, subscribe, subscription_document
from firsthand.service.webhooks import Answer, call, check_signature, check_url, sign
from tests.made import event, new_access, record
from tests.web.live import Live, Receiver, captured, document

TOKEN = "13df38d8275b13f05704629e5f1cf3d45d6132d5"


def test_a_standard_client_end_to_end(live: Live, receiver: Receiver) -> None:
    """Named query → subscription → capture → webhook, with nothing but HTTP."""
    with live.client("adela") as client:
        name = "shipped"
        made = client.post("/queries", json={"name": name, "query": {"EQ_bizStep": ["shipping"]}})
        assert made.status_code == 201, made.text
        terms = {"dest": receiver.url, "signatureToken": TOKEN, "stream": True}
        answer = client.post(f"/queries/{name}/subscriptions", json=terms)
        assert answer.status_code == 201, answer.text
        subscription = answer.json()
        assert "signatureToken" not in answer.text
        assert TOKEN not in answer.text
        captured(
            client.post(
                "/capture",
                json=document(
                    *[
                        event(
                            n,
                            bizStep="shipping" if n % 2 else "receiving",
                            epcList=[f"https://coop.example/w/{n}"],
                        )
                        for n in range(250)
                    ]
                ),
            )
        )
        events = receiver.wait(125)
        assert [one["epcList"][0].rpartition("/")[2] for one in events] == [str(n) for n in range(1, 250, 2)]
        headers, body = receiver.got[0]
        assert check_signature(headers["GS1-Signature"], TOKEN, body, int(time.time()))
        assert not check_signature(headers["GS1-Signature"], TOKEN, body + b" ", int(time.time()))
        assert not check_signature(headers["GS1-Signature"], TOKEN, body, int(time.time()) + 1000)
        results = json.loads(body)["epcisBody"]["queryResults"]
        assert (results["queryName"], results["subscriptionID"]) == (name, subscription["subscriptionID"])
        for _ in range(50):
            state = client.get(answer.headers["location"]).json()
            if "lastNotifiedAt" in state:
                break
            time.sleep(0.1)
        assert (state["stream"], state["deadLetters"]) == (True, [])
        assert state["lastNotifiedAt"] >= state["createdAt"]
        assert [one["subscriptionID"] for one in client.get(f"/queries/{name}/subscriptions").json()] == [
            subscription["subscriptionID"]
        ]
        assert client.delete(answer.headers["location"]).status_code == 204
        assert client.get(answer.headers["location"]).status_code == 404
        captured(client.post("/capture", json=document(event(999, bizStep="shipping"))))
        time.sleep(1.5)
        assert len(receiver.events()) == 125


def test_another_party_s_events_are_not_sent(live: Live, receiver: Receiver) -> None:
    with live.client("rosa") as rosa, live.client("coop") as coop:
        rosa.post("/queries", json={"name": "all-rosa", "query": {}})
        assert (
            rosa.post(
                "/queries/all-rosa/subscriptions", json={"dest": receiver.url, "stream": True}
            ).status_code
            == 201
        )
        captured(coop.post("/capture", json=document(event(1, epcList=["https://coop.example/secret"]))))
        captured(rosa.post("/capture", json=document(event(2, epcList=["https://coop.example/mine"]))))
        assert [one["epcList"] for one in receiver.wait(1)] == [["https://coop.example/mine"]]
        rosa.delete("/queries/all-rosa")


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"dest": "https://hooks.example/x"},
        {"dest": "https://hooks.example/x", "stream": False},
        {"dest": "https://hooks.example/x", "stream": True, "schedule": {"hour": "1"}},
        {"dest": "https://hooks.example/x", "schedule": {}},
        {"dest": "https://hooks.example/x", "schedule": {"hour": "25"}},
        {"dest": "https://hooks.example/x", "schedule": {"dayOfMonth": "31", "month": "2"}},
        {"dest": "https://hooks.example/x", "stream": True, "initialRecordTime": "soon"},
        {"dest": "https://hooks.example/x", "stream": True, "colour": "red"},
        {"dest": "ftp://hooks.example/x", "stream": True},
        {"dest": "https://user:pass@hooks.example/x", "stream": True},
        {"dest": "https://10.0.0.5/x", "stream": True},
        {"dest": "http://169.254.169.254/latest/meta-data", "stream": True},
        {"dest": "https://[fe80::1]/x", "stream": True},
        {"dest": "https://[::ffff:10.0.0.1]/x", "stream": True},
        {"dest": "http://hooks.example:0/x", "stream": True},
        {"dest": 5, "stream": True},
    ],
)
def test_terms_that_are_refused(live: Live, terms: dict[str, Any]) -> None:
    with live.client("adela") as client:
        client.post("/queries", json={"name": "some", "query": {}})
        answer = client.post("/queries/some/subscriptions", json=terms)
        assert (answer.status_code, answer.json()["type"]) == (
            400,
            "epcisException:SubscriptionControlsException",
        ), answer.text


class Hook:
    """A receiver without a network: `answers` first, then 200 for all."""

    def __init__(self, *answers: int) -> None:
        self.answers = list(answers)
        self.got: list[list[str]] = []

    def __call__(
        self, url: str, body: bytes, token: str | None, stamp: int, allowed: tuple[str, ...]
    ) -> Answer:
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            events = json.loads(body)["epcisBody"]["queryResults"]["resultsBody"]["eventList"]
            self.got.append([one["epcList"][0].rpartition("/")[2] for one in events])
        return Answer(status, "said so")

    @property
    def all(self) -> list[str]:
        return [name for message in self.got for name in message]


class World:
    """A workspace with one subscription, and a clock that is turned by hand."""

    def __init__(self, folder: Path, **terms: Any) -> None:
        self.access: ChainAccess = new_access(folder)
        self.party = add_party(self.access.workspace, "Adela", ("maker",)).party
        self.key, token = create_key(self.access.workspace, "Adela", ("read",))
        self.principal = authenticate(self.access.workspace, token)
        create_query(
            self.access.workspace, self.principal, "all", {"orderBy": "eventTime", "eventCountLimit": 1}
        )
        terms = {"dest": "https://hooks.example/x", "stream": True, **terms}
        if "schedule" in terms:
            del terms["stream"]
        self.one = subscribe(self.access.workspace, self.principal, "all", terms, "No_Preference")
        self.now = time.time_ns() // 1000
        self.sent = 0

    def capture(self, count: int) -> None:
        record(
            self.access,
            self.party,
            *[event(self.sent + n, epcList=[f"https://coop.example/{self.sent + n}"]) for n in range(count)],
        )
        self.sent += count

    def deliver(self, hook: Hook, limit: int = 12) -> int:
        return Delivery(
            self.access.workspace, lambda: 0, hook, lambda: self.now, lambda: 1.0, limit
        ).run_once()

    def state(self) -> dict[str, Any]:
        one = find_subscription(self.access.workspace, self.principal, "all", self.one.id)
        return subscription_document(self.access.workspace, one)


def test_a_failure_is_tried_again_with_growing_pauses_and_in_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.capture(3)
    hook = Hook(500, 0, 503)
    pauses = []
    for _ in range(3):
        assert world.deliver(hook) == 1
        world.capture(1)
        assert world.deliver(hook) == 0, "not before the pause is over"
        pauses.append(world_due(world) - world.now)
        world.now += pauses[-1]
    assert pauses == [2_000_000, 8_000_000, 32_000_000]
    assert world.state()["failedAttempts"] == 3
    assert world.deliver(hook) == 1
    assert hook.all == ["0", "1", "2", "3", "4", "5"]
    assert "failedAttempts" not in world.state()


def world_due(world: World) -> int:
    return find_subscription(world.access.workspace, world.principal, "all", world.one.id).due


def test_after_the_limit_a_delivery_is_a_dead_letter_and_can_be_sent_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.capture(2)
    hook = Hook(500, 500, 500)
    for _ in range(3):
        world.deliver(hook, limit=3)
        world.now += delivery_module._LONGEST_PAUSE
    world.capture(1)
    world.deliver(hook, limit=3)
    assert hook.all == ["2"], "the later event goes on"
    (letter,) = world.state()["deadLetters"]
    assert (letter["firstEvent"], letter["lastEvent"], letter["attempts"]) == (0, 1, 3)
    assert letter["error"].startswith("500")
    assert redeliver(world.access.workspace, world.principal, "all", world.one.id) == 1
    world.deliver(hook)
    assert hook.all == ["2", "0", "1", "2"]
    assert world.state()["deadLetters"] == []


def test_a_receiver_that_asks_for_less_gets_less(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.capture(100)
    hook = Hook(413, 413, 413)
    for _ in range(5):
        world.deliver(hook)
    assert hook.all == [str(n) for n in range(100)]
    assert max(map(len, hook.got)) <= 12


def test_a_crash_between_sending_and_storing_sends_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    world.capture(3)
    hook = Hook()
    with monkeypatch.context() as patch:
        patch.setattr(Delivery, "_end", lambda *args, **values: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            world.deliver(hook)
    assert world.deliver(hook) == 0, "the lease of the dead process holds for a while"
    world.now += delivery_module._LEASE
    world.deliver(hook)
    assert hook.all == ["0", "1", "2"] * 2


def test_a_revoked_key_ends_the_deliveries(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.capture(1)
    revoke_key(world.access.workspace, world.key.id)
    hook = Hook()
    assert world.deliver(hook) == 0
    assert hook.all == []


def test_a_schedule_gathers_what_came_and_may_report_nothing(tmp_path: Path) -> None:
    world = World(tmp_path, schedule={"minute": "[0-59]"}, reportIfEmpty=True)
    hook = Hook()
    world.capture(2)
    assert world.deliver(hook) == 0
    world.now += 60_000_000
    assert world.deliver(hook) == 1
    world.now += 60_000_000
    assert world.deliver(hook) == 1
    assert hook.got == [["0", "1"], []]


def test_from_a_record_time_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.capture(2)
    terms = {"dest": "https://hooks.example/y", "stream": True, "initialRecordTime": "2020-01-01T00:00:00Z"}
    subscribe(world.access.workspace, world.principal, "all", terms, "No_Preference")
    hook = Hook()
    world.deliver(hook)
    assert sorted(hook.all) == ["0", "0", "1", "1"]


@settings(max_examples=25, deadline=None)
@given(
    answers=st.lists(st.sampled_from([200, 500, 413, 0]), max_size=12),
    sizes=st.lists(st.integers(1, 130), min_size=1, max_size=4),
)
def test_whatever_the_receiver_says_every_event_comes_in_order(
    tmp_path_factory: pytest.TempPathFactory, answers: list[int], sizes: list[int]
) -> None:
    world = World(tmp_path_factory.mktemp("world"))
    hook = Hook(*answers)
    for size in sizes:
        world.capture(size)
        world.deliver(hook, limit=100)
        world.now += delivery_module._LONGEST_PAUSE
    for _ in range(20):
        world.deliver(hook, limit=100)
        world.now += delivery_module._LONGEST_PAUSE
    assert hook.all == [str(n) for n in range(world.sent)]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://127.0.0.1/", ()),
        ("https://localhost/", ()),
        ("https://printer.local/", ()),
        ("https://192.168.1.1/", ()),
        ("https://100.64.0.1/", ()),
        ("https://0.0.0.0/", ()),
        ("https://[::1]/", ()),
        ("https://[fd00::1]/", ()),
        ("https://224.0.0.1/", ()),
        ("http://hooks.example/", ()),
        ("https://10.2.0.1/", ("10.1.0.0/16",)),
        ("https://2130706433:99999/", ()),
        ("https:///x", ()),
        ("gopher://hooks.example/", ()),
    ],
)
def test_addresses_that_are_not_called(url: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(InvalidInput):
        check_url(url, allowed)


def test_a_name_that_resolves_to_a_private_address_is_not_called() -> None:
    answer = call("https://localhost.localdomain:1/", b"{}", None, 0, ())
    assert answer.status == 0
    assert not answer.ok
    for spelling in ("https://0x7f000001/", "https://2130706433/", "https://127.1/"):
        assert "private" in call(spelling, b"{}", None, 0, ()).detail


def test_redirects_are_not_followed(receiver: Receiver) -> None:
    receiver.answers = [302]
    assert call(receiver.url, b"{}", None, 0, ("127.0.0.0/8",)).status == 302
    assert receiver.got == []


def test_the_signature_binds_time_and_body() -> None:
    header = sign(TOKEN, 1_000, b"body")
    assert check_signature(header, TOKEN, b"body", 1_100)
    for wrong in (header.replace("t=1000", "t=1001"), header[:-1], "", "t=,v1=", "v1=x"):
        assert not check_signature(wrong, TOKEN, b"body", 1_100)
    assert not check_signature(header, "other", b"body", 1_100)
