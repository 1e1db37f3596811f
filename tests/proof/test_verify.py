"""The eight steps: a true bundle passes, and nothing else does."""

from __future__ import annotations

import contextlib
import copy
import json
import shutil
from base64 import b64decode, b64encode
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firsthand.chain.headers import RawHeaders
from firsthand.errors import FirsthandError, InvalidInput, UnreadableInput
from firsthand.proof.bundle import bundle_lines, parse_bundle, write_bundle
from firsthand.proof.canonical import canonical
from firsthand.proof.verify import STEPS, Outcome, Report, verify
from firsthand.service.anchor import anchor
from firsthand.service.capture import capture_events, prepare
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_checkpoint
from firsthand.service.parties import add_party, revoke_key, rotate_key
from firsthand.service.prove import event_numbers, prove_events, seals_file
from firsthand.service.workspace import Workspace
from tests.made import LOT, Proven, event, new_access, record


def failed(report: Report) -> list[str]:
    return [step.name for step in report.steps if step.outcome is not Outcome.PASSED]


def test_a_true_bundle_passes_all_steps(proven: Proven) -> None:
    report = verify(proven.line, proven.headers, seals=proven.seals, since=proven.checkpoint)
    assert report.valid
    assert [step.name for step in report.steps] == list(STEPS)
    left_out = ("signed after", "confirmations")
    assert [step.outcome for step in report.further if step.name not in left_out] == [Outcome.PASSED] * 3
    assert report.party is not None
    assert report.party.name == "Adela"
    assert (report.network, report.event) == ("sandbox", event(23))
    assert report.depth == proven.headers.tip_height - (report.block_height or 0) + 1


def test_without_headers_it_is_not_valid(proven: Proven) -> None:
    report = verify(proven.line, None)
    assert not report.valid
    assert report.steps[-1].outcome is Outcome.NOT_CHECKED
    assert [step.outcome for step in report.further[1:]] == [Outcome.NOT_CHECKED] * 4


@settings(max_examples=4000)
@given(st.data())
def test_no_single_changed_byte_verifies(proven: Proven, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(proven.line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != proven.line[at]))
    changed = proven.line[:at] + bytes((byte,)) + proven.line[at + 1 :]
    with contextlib.suppress(InvalidInput):
        assert not verify(changed, proven.headers).valid


@settings(max_examples=1500)
@given(st.data())
def test_no_cut_or_doubled_piece_verifies(proven: Proven, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(proven.line) - 1))
    end = data.draw(st.integers(start + 1, len(proven.line)))
    cut = proven.line[:start] + proven.line[end:]
    doubled = proven.line[:end] + proven.line[start:]
    for changed in (cut, doubled):
        with contextlib.suppress(InvalidInput):
            assert not verify(changed, proven.headers).valid


def members(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found += members(item, (*path, key))
    return found


def test_every_member_missing_or_of_another_type_is_refused(proven: Proven) -> None:
    for path in members(json.loads(proven.line)):
        for change in ("missing", None, 0, "", [], {}, True, -1, 10**30):
            bundle = json.loads(proven.line)
            container = bundle
            for key in path[:-1]:
                container = container[key]
            if change == "missing":
                del container[path[-1]]
            elif container[path[-1]] == change and type(container[path[-1]]) is type(change):
                continue
            else:
                container[path[-1]] = copy.deepcopy(change)
            with contextlib.suppress(InvalidInput):
                text = canonical(bundle)
                assert not verify(text, proven.headers).valid, (path, change)


def test_another_member_is_refused(proven: Proven) -> None:
    for path in [(), ("capture",), ("capture", "document"), ("block",), ("statements", 0), ("eventProof",)]:
        bundle = json.loads(proven.line)
        container = bundle
        for key in path:
            container = container[key]
        container["extra"] = "unchecked"
        with contextlib.suppress(InvalidInput):
            assert not verify(canonical(bundle), proven.headers).valid


def test_reformatted_bundles_are_unreadable(proven: Proven) -> None:
    with pytest.raises(UnreadableInput, match="canonical"):
        verify(json.dumps(json.loads(proven.line), indent=1).encode(), proven.headers)


def test_write_is_the_inverse_of_parse(proven: Proven) -> None:
    assert write_bundle(parse_bundle(proven.line)) == proven.line + b"\n"
    assert list(bundle_lines(proven.line + b"\n")) == [proven.line]


@pytest.mark.parametrize("data", [b"", b"{}", b"{}\r", b"\n", b"{}\n{}"])
def test_files_that_hold_no_bundle_lines(data: bytes, proven: Proven) -> None:
    def run() -> None:
        for line in bundle_lines(data):
            verify(line, proven.headers)

    with pytest.raises(UnreadableInput):
        run()


def change_first_output(transaction: bytes) -> bytes:
    at = transaction.index(b"firsthand")
    return transaction[:at] + b"Firsthand" + transaction[at + 9 :]


def test_each_step_can_fail(proven: Proven) -> None:
    def with_change(change: Any) -> Report:
        bundle = json.loads(proven.line)
        change(bundle)
        return verify(canonical(bundle), proven.headers)

    def anchor_of(bundle: Any) -> None:
        bundle["anchor"] = b64encode(change_first_output(b64decode(bundle["anchor"]))).decode()

    assert "capture" in failed(with_change(lambda b: b["event"].update(bizStep="packing")))
    assert "signature" in failed(with_change(lambda b: b.update(statements=[])))
    assert "log" in failed(with_change(lambda b: b["capture"].update(place=b["capture"]["place"] + 1)))
    assert "checkpoint" in failed(with_change(lambda b: b.update(genesis=b["anchor"])))
    assert "anchor" in failed(with_change(anchor_of))
    assert "block" in failed(with_change(lambda b: b["block"].update(header=b64encode(bytes(80)).decode())))


def test_headers_of_another_network_or_branch_fail_the_last_step(proven: Proven) -> None:
    other = RawHeaders("mainnet", 0, proven.headers.raw)
    assert failed(verify(proven.line, other)) == ["header"]
    short = RawHeaders("sandbox", 0, proven.headers.raw[:80])
    assert failed(verify(proven.line, short)) == ["header"]
    swapped = RawHeaders("sandbox", 0, proven.headers.raw[80:] + proven.headers.raw[:80])
    assert failed(verify(proven.line, swapped)) == ["header"]


def test_seals_of_another_log_or_with_a_gap(proven: Proven, tmp_path: Any) -> None:
    lines = proven.seals.splitlines(keepends=True)
    gap = b"".join([lines[0], *lines[2:]])
    other = new_access(tmp_path)
    add_party(other.workspace, "Other", ("maker",))
    anchor(other)
    for seals in (gap, b"".join(seals_file(other)), b"".join(lines[:1]), b"{}", b"not json"):
        report = verify(proven.line, proven.headers, seals=seals, since=proven.checkpoint)
        assert report.valid
        assert {step.name: step.outcome for step in report.further}["seal chain"] is Outcome.FAILED


def test_a_rewritten_log_is_caught_by_an_earlier_checkpoint(tmp_path: Any) -> None:
    """Two workspaces with one log key: the operator who tells two histories under one name."""
    access = new_access(tmp_path / "one")
    maker = add_party(access.workspace, "Adela", ("maker",)).party
    anchor(access)
    shutil.copytree(tmp_path / "one", tmp_path / "two")
    twin = ChainAccess(Workspace.open(tmp_path / "two", str))
    record(access, maker, event(1))
    anchor(access)
    seen = export_checkpoint(access)
    record(twin, maker, event(2))
    anchor(twin)
    (line,) = prove_events(twin, event_numbers(twin, [f"{LOT}/2"]))
    report = verify(line[:-1], twin.headers, seals=b"".join(seals_file(twin)), since=seen)
    assert report.valid
    further = {step.name: step for step in report.further}
    assert further["since checkpoint"].outcome is Outcome.FAILED
    assert "another history" in further["since checkpoint"].detail


def test_revocation_takes_effect_at_its_place(tmp_path: Any) -> None:
    access = new_access(tmp_path)
    workspace = access.workspace
    coop = add_party(workspace, "Coop", ("cooperative",)).party
    maker = add_party(workspace, "Adela", ("maker",)).party
    record(access, maker, event(1))
    old = workspace.held_key(maker.keys)
    revoke_key(workspace, "Adela")
    prepared = prepare([event(2)])
    with pytest.raises(FirsthandError, match="does not speak for Adela"):
        capture_events(workspace, prepared, maker.uri, old)
    replaced = rotate_key(workspace, "Adela", lost=True).party
    assert replaced.keys != maker.keys
    record(access, replaced, event(3))
    anchor(access)
    before, after = prove_events(access, event_numbers(access, [f"{LOT}/1", f"{LOT}/3"]))
    report = verify(before[:-1], access.headers)
    assert report.valid
    assert "withdrawn at place" in report.further[0].detail
    assert verify(after[:-1], access.headers).valid
    # The same capture, told to stand after the revocation, is flagged.
    late = json.loads(after)
    late["capture"]["document"] = json.loads(before)["capture"]["document"]
    assert "signature" in failed(verify(canonical(late), access.headers))
    assert coop.uri == replaced.voucher
