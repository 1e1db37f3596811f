"""What goes on chain can be read back from there alone."""

from __future__ import annotations

import secrets

import pytest

from firsthand.errors import InvalidInput, NotFound
from firsthand.proof.capture import CAPTURE_TYPE, entry_leaf, event_leaf, parse_manifest
from firsthand.proof.merkle import tree_root
from firsthand.proof.parties import PartyHistory
from firsthand.service import publish as publish_module
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.parties import add_party
from firsthand.service.publish import publish, put_on_chain, read_publication, read_record
from tests.made import event, record


def fill(access: ChainAccess) -> None:
    add_party(access.workspace, "Coop", ("cooperative",))
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    for number in range(6):
        noise = secrets.token_hex(300)
        record(access, maker, *[event(number * 100 + at, **{"ex:noise": noise}) for at in range(4)])


def test_the_log_is_rebuilt_from_its_publications_alone(
    access: ChainAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(publish_module, "_PART", 700)
    monkeypatch.setattr(publish_module, "_ENTRIES", 5)
    fill(access)
    anchor(access)
    published = publish(access)
    assert len(published) > 3
    assert publish(access) == []
    # Somebody who has only the chain: the transactions, and what they say of themselves.
    transactions = [access.sandbox.transaction(txid) or b"" for txid in published]
    by_first: dict[int, list[bytes]] = {}
    for raw in transactions:
        header, _ = publish_module._pushes(raw)
        by_first.setdefault(header["first"], []).append(raw)
    leaves: list[bytes] = []
    history = PartyHistory()
    for first in sorted(by_first):
        lines = list(read_publication(reversed(by_first[first])))
        while lines:
            document = lines.pop(0)["document"]
            leaves.append(entry_leaf(document))
            if document["type"] == CAPTURE_TYPE:
                manifest = parse_manifest(document)
                events = [lines.pop(0)["event"] for _ in range(manifest.count)]
                assert tree_root([event_leaf(item) for item in events]) == manifest.root
            else:
                history.apply(len(leaves) - 1, leaves[-1], document)
    assert tree_root(leaves) == access.workspace.tree.root(access.workspace.journal.size())
    assert [party.name for party in history.parties()] == ["Coop", "Adela"]
    with pytest.raises(InvalidInput, match="missing"):
        list(read_publication(by_first[0][1:]))
    with pytest.raises(InvalidInput, match="different"):
        list(read_publication(transactions))


def test_records_go_out_one_by_one(access: ChainAccess) -> None:
    fill(access)
    made = put_on_chain(access, range(2, 8))
    assert len(set(made)) == 6
    assert access.outbox.open() == []
    for place, txid in zip(range(2, 8), made, strict=True):
        raw = access.sandbox.transaction(txid)
        assert raw is not None
        document, *events = read_record(raw)
        (entry,) = access.workspace.journal.entries(place, place + 1)
        assert entry_leaf(document["document"]) == entry.leaf
        assert len(events) == 4
    with pytest.raises(InvalidInput, match="no Firsthand record"):
        list(read_record(_anchor_of(access)))


def _anchor_of(access: ChainAccess) -> bytes:
    anchor(access)
    anchors = access.workspace.anchors.all()
    return access.outbox.get(anchors[0].txid).raw


def test_nothing_is_published_before_the_log_has_a_name(access: ChainAccess) -> None:
    fill(access)
    with pytest.raises(NotFound, match="no name"):
        publish(access)
