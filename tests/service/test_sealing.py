"""Sealed fields in a workspace, on both stores: proven, disclosed, erased, and nowhere in clear."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.errors import Conflict, FirsthandError, InvalidInput, NotFound
from firsthand.events.event_hash import event_hash_id
from firsthand.events.seal import NAMESPACE, SEALED
from firsthand.journal.store import DatabaseJournal
from firsthand.proof.bundle import parse_bundle
from firsthand.proof.canonical import canonical
from firsthand.proof.verify import Report, verify
from firsthand.service.anchor import anchor
from firsthand.service.chain_access import ChainAccess
from firsthand.service.consents import PUBLIC, Terms, consents, disclosed_to, public_disclosures, withdraw
from firsthand.service.disclose import disclose
from firsthand.service.export import export_headers
from firsthand.service.migrate import reindex
from firsthand.service.parties import add_party
from firsthand.service.prove import event_numbers, prove_events
from firsthand.service.record import record_file
from firsthand.service.sealed_values import erase_fields, erase_party, held_fields, opened
from firsthand.service.sealing import SealRules
from firsthand.service.workspace import DATABASE, KEYSTORE, SEALING_KEYS, Workspace
from tests.made import LOT, event, new_access

CONTEXT = ["https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld", {"fh": NAMESPACE}]
WAGE = {"fh:value": 2.718281, "fh:currency": "KES", "fh:per": "KGM"}
PLACE = "POINT (36.123456 -1.654321)"
BUYER = "Sample Buyer Number 8122"
SECRETS = (b"2.718281", b"36.123456", b"1.654321", b"Buyer Number 8122", b"pickerWage", b"cherryBuyer")


def harvest(number: int = 1, **more: Any) -> dict[str, Any]:
    return event(
        number,
        **{
            "fh:profile": "coffee",
            "fh:pickerWage": WAGE,
            "fh:plotLocation": PLACE,
            "fh:cherryBuyer": BUYER,
            **more,
        },
    )


def write(folder: Path, *events: dict[str, Any], name: str = "harvest.json") -> Path:
    document = {
        "@context": CONTEXT,
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": "2026-03-01T00:00:00Z",
        "epcisBody": {"eventList": list(events)},
    }
    outside = folder / "outside"
    outside.mkdir(exist_ok=True)
    path = outside / name
    path.write_text(json.dumps(document))
    return path


RULES = SealRules(paths=("$.fh:cherryBuyer",))


@pytest.fixture
def sealed(tmp_path: Path, database: str) -> ChainAccess:
    """A workspace with a party, and three sealed harvests in the log, anchored."""
    access = new_access(tmp_path / "workspace", database)
    add_party(access.workspace, "Adela", ("maker",))
    add_party(access.workspace, "Roaster", ("roaster",))
    path = write(tmp_path, *[harvest(number) for number in range(3)])
    record_file(access.workspace, path, "Adela", sealing=RULES)
    anchor(access)
    return access


def headers(access: ChainAccess) -> RawHeaders:
    return check_headers(b"".join(export_headers(access)), NETWORKS["sandbox"])


def report(access: ChainAccess, line: bytes) -> Report:
    return verify(line.rstrip(b"\n"), headers(access))


def body(access: ChainAccess, number: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(access.workspace.journal.event(number)[2])
    return found


def test_by_default_the_profile_says_what_is_sealed_and_a_coarse_place_is_left(sealed: ChainAccess) -> None:
    event_ = body(sealed, 0)
    assert len(event_[SEALED]) == 3
    assert event_["fh:plotLocationCoarse"] == "POINT (36.1 -1.7)"
    assert not {"fh:pickerWage", "fh:plotLocation", "fh:cherryBuyer"} & set(event_)
    (line,) = prove_events(sealed, [0])
    found = report(sealed, line)
    assert found.valid
    assert found.opened is not None
    assert (len(found.opened.disclosed), found.opened.undisclosed) == (0, 3)
    assert opened(sealed.workspace, 0, event_) == {
        **harvest(0),
        "@context": CONTEXT,
        "fh:plotLocationCoarse": "POINT (36.1 -1.7)",
    }


def test_the_same_file_again_is_the_same_capture(sealed: ChainAccess, tmp_path: Path) -> None:
    path = write(tmp_path, *[harvest(number) for number in range(3)])
    assert not record_file(sealed.workspace, path, "Adela", sealing=RULES).new
    assert record_file(sealed.workspace, path, "Roaster", sealing=RULES).new
    assert body(sealed, 0)[SEALED] != body(sealed, 3)[SEALED]


def test_what_is_disclosed_verifies_and_nothing_else_is_told(sealed: ChainAccess, tmp_path: Path) -> None:
    out = tmp_path / "wage.fhproof"
    before = event_hash_id(body(sealed, 1), CONTEXT)
    party = sealed.workspace.parties.find("Roaster").uri
    given = disclose(sealed, [f"{LOT}/1"], ["fh:pickerWage"], Terms(party, "audit", "2099-01-01"), out)
    found = report(sealed, out.read_bytes())
    assert found.valid
    assert found.opened is not None
    assert [(str(one), one.value) for one in found.opened.disclosed] == [("$.fh:pickerWage", WAGE)]
    assert found.opened.undisclosed == 2
    assert b"cherryBuyer" not in out.read_bytes()
    assert event_hash_id(found.event, CONTEXT) == before
    (entry,) = sealed.workspace.journal.entries(given.consents[0], given.consents[0] + 1)
    document = json.loads(entry.document)
    assert (document["type"], document["issuer"]) == ("Consent", sealed.workspace.parties.find("Adela").uri)
    assert set(document) == {"type", "issuer", "created", SEALED, "proof"}
    assert len(document[SEALED]) == 5
    (told,) = consents(sealed.workspace)
    assert (told.paths, told.terms, told.state("2026-01-01")) == (
        ("$.fh:pickerWage",),
        Terms(party, "audit", "2099-01-01"),
        "in force",
    )


def test_public_values_go_into_every_bundle_until_they_are_withdrawn(
    sealed: ChainAccess, tmp_path: Path
) -> None:
    given = disclose(sealed, [f"{LOT}/2"], ["$.fh:pickerWage"], Terms(PUBLIC), tmp_path / "public")
    roaster = sealed.workspace.parties.find("Roaster").uri
    assert len(public_disclosures(sealed.workspace, 2)) == 1
    assert len(disclosed_to(sealed.workspace, 2, roaster)) == 1
    (line,) = prove_events(sealed, [2])
    assert len(parse_bundle(line[:-1]).disclosures) == 1
    at = withdraw(sealed.workspace, given.consents[0])
    assert public_disclosures(sealed.workspace, 2) == []
    (line,) = prove_events(sealed, [2])
    assert parse_bundle(line[:-1]).disclosures == ()
    with pytest.raises(Conflict, match=f"place {at}"):
        withdraw(sealed.workspace, given.consents[0])
    with pytest.raises(NotFound, match="no consent"):
        withdraw(sealed.workspace, at)
    anchor(sealed)
    (line,) = prove_events(sealed, [2])
    assert report(sealed, line).valid


def test_a_consent_is_to_one_party_and_ends(sealed: ChainAccess, tmp_path: Path) -> None:
    workspace = sealed.workspace
    roaster, adela = (workspace.parties.find(name).uri for name in ("Roaster", "Adela"))
    disclose(sealed, [f"{LOT}/0"], ["fh:cherryBuyer"], Terms(roaster, until="2099-06-30"), tmp_path / "o")
    assert len(disclosed_to(workspace, 0, roaster)) == 1
    assert disclosed_to(workspace, 0, "https://coop.example/id/party/other") == []
    assert public_disclosures(workspace, 0) == []
    workspace.now = lambda: "2099-07-01T00:00:00Z"
    assert disclosed_to(workspace, 0, roaster) == []
    assert [one.state("2099-07-01") for one in consents(workspace, adela)] == ["ended"]
    assert list(consents(workspace, roaster)) == []


@pytest.mark.parametrize(
    ("terms", "why"),
    [
        (Terms("Roaster"), "URI"),
        (Terms(PUBLIC, "x" * 201), "purpose"),
        (Terms(PUBLIC, "a\nb"), "purpose"),
        (Terms(PUBLIC, until="2020-01-01"), "day"),
        (Terms(PUBLIC, until="2099-02-30"), "day"),
        (Terms(PUBLIC, until="tomorrow"), "day"),
    ],
)
def test_wrong_terms_are_refused_before_anything_is_done(
    access: ChainAccess, tmp_path: Path, terms: Terms, why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        disclose(access, ["x"], ["fh:a"], terms, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_disclosure_that_cannot_be_leaves_nothing(sealed: ChainAccess, tmp_path: Path) -> None:
    workspace, out = sealed.workspace, tmp_path / "out"
    size = workspace.journal.size()
    with pytest.raises(NotFound, match=r"no sealed field \$\.fh:wage; it has \$\.fh:cherryBuyer"):
        disclose(sealed, [f"{LOT}/1"], ["fh:pickerWage", "fh:wage"], Terms(PUBLIC), out)
    record_file(workspace, write(tmp_path, harvest(9)), "Adela")
    with pytest.raises(NotFound, match="not anchored"):
        disclose(sealed, [f"{LOT}/9"], ["fh:pickerWage"], Terms(PUBLIC), out)
    adela = workspace.parties.find("Adela")
    workspace.keystore.delete(f"key:{adela.keys[0]}")
    workspace._signing_keys.clear()
    with pytest.raises(NotFound, match="holds none"):
        disclose(sealed, [f"{LOT}/1"], ["fh:pickerWage"], Terms(PUBLIC), out)
    assert workspace.journal.size() == size + 1
    assert not out.exists()


def files_of(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_no_value_and_no_name_is_ever_written_in_clear(tmp_path: Path) -> None:
    """Small and spooled captures, a consent, a publication: every file of the folder, the WAL included."""
    access = new_access(tmp_path / "workspace")
    add_party(access.workspace, "Adela", ("maker",))
    record_file(access.workspace, write(tmp_path, harvest(0)), "Adela", sealing=RULES)
    many = [harvest(number) for number in range(2_300)]
    record_file(access.workspace, write(tmp_path, *many, name="many.json"), "Adela", sealing=RULES)
    anchor(access)
    out = tmp_path / "outside" / "bundle"
    disclose(access, [f"{LOT}/0"], ["fh:pickerWage"], Terms(PUBLIC, "to show"), out)
    reindex(access.workspace)
    found = files_of(tmp_path / "workspace")
    assert {path.name for path in found} >= {DATABASE, f"{DATABASE}-wal", KEYSTORE, SEALING_KEYS}
    for path, data in found.items():
        for secret in SECRETS:
            assert secret not in data, (path, secret)


def test_an_erased_value_is_gone_from_workspace_and_earlier_backup(tmp_path: Path) -> None:
    folder, backup = tmp_path / "workspace", tmp_path / "backup"
    access = new_access(folder)
    add_party(access.workspace, "Adela", ("maker",))
    record_file(access.workspace, write(tmp_path, harvest(1), harvest(2)), "Adela", sealing=RULES)
    anchor(access)
    access.workspace.engine.dispose()
    shutil.copytree(folder, backup, ignore=shutil.ignore_patterns(f"{SEALING_KEYS}*"))
    access = ChainAccess(Workspace.open(folder, lambda: ""))
    keys = dict(_rows(folder / SEALING_KEYS))
    number = event_numbers(access, [f"{LOT}/1"])[0]
    before = held_fields(access.workspace, number)
    erased_box = keys[before[0].stored.key]
    assert erased_box in (folder / SEALING_KEYS).read_bytes()
    assert erase_fields(access.workspace, [number]) == 3
    assert held_fields(access.workspace, number) == []
    assert len(held_fields(access.workspace, number + 1)) == 3
    (line,) = prove_events(access, [number])
    assert report(access, line).valid
    # The wrapped key itself is overwritten in the file.
    for path, data in files_of(folder).items():
        assert erased_box not in data, path
        assert before[0].stored.box not in data or path.name.startswith(DATABASE)
    for place in (folder, backup):
        for path, data in files_of(place).items():
            for secret in SECRETS:
                assert secret not in data, (path, secret)
    restored = ChainAccess(Workspace.open(backup, lambda: ""))
    (number,) = event_numbers(restored, [f"{LOT}/1"])
    assert held_fields(restored.workspace, number) == []
    with pytest.raises(NotFound):
        disclose(restored, [f"{LOT}/1"], ["fh:pickerWage"], Terms(PUBLIC), tmp_path / "never")
    # Nor with the key file as it is now.
    shutil.copy(folder / SEALING_KEYS, backup / SEALING_KEYS)
    restored = ChainAccess(Workspace.open(backup, lambda: ""))
    assert held_fields(restored.workspace, number) == []
    assert len(held_fields(restored.workspace, number + 1)) == 3


def test_a_copied_key_file_undoes_an_erasure(tmp_path: Path) -> None:
    """What the docs say plainly: whoever copied the key file before can still open."""
    access = new_access(tmp_path / "workspace")
    add_party(access.workspace, "Adela", ("maker",))
    record_file(access.workspace, write(tmp_path, harvest(1)), "Adela")
    access.workspace.engine.dispose()
    shutil.copytree(tmp_path / "workspace", tmp_path / "copy")
    access = ChainAccess(Workspace.open(tmp_path / "workspace", lambda: ""))
    erase_fields(access.workspace, [0])
    copy = Workspace.open(tmp_path / "copy", lambda: "")
    assert len(held_fields(copy, 0)) == 2


def _rows(path: Path) -> list[tuple[bytes, bytes]]:
    with sqlite3.connect(path) as connection:
        return list(connection.execute("SELECT id, box FROM event_key"))


def test_one_field_or_one_party_can_be_erased(sealed: ChainAccess, tmp_path: Path) -> None:
    workspace = sealed.workspace
    assert erase_fields(workspace, [0], ["fh:pickerWage"]) == 1
    assert [field.path for field in held_fields(workspace, 0)] == ["$.fh:cherryBuyer", "$.fh:plotLocation"]
    assert "fh:pickerWage" not in opened(workspace, 0, body(sealed, 0))
    with pytest.raises(NotFound, match="fh:pickerWage"):
        erase_fields(workspace, [0], ["fh:pickerWage"])
    # Its tag is gone, too: recording it again is a new capture, as nobody can tell that it is the same.
    path = write(tmp_path, *[harvest(number) for number in range(3)])
    assert record_file(workspace, path, "Adela", sealing=RULES).new
    member = "https://coop.example/id/party/member-7"
    behalf = write(
        tmp_path,
        harvest(20, **{"fh:onBehalfOf": member}),
        harvest(21, **{"fh:makers": [{"fh:party": member, "fh:share": "1/1"}]}),
    )
    record_file(workspace, behalf, "Roaster")
    assert erase_party(workspace, member) == 4
    assert erase_party(workspace, workspace.parties.find("Adela").uri) == 2 + 6 + 9
    with pytest.raises(NotFound):
        erase_party(workspace, member)
    for line in prove_events(sealed, [0, 1, 2]):
        assert report(sealed, line).valid


def test_a_bundle_with_an_altered_moved_doubled_or_colliding_disclosure_fails_at_step_one(
    sealed: ChainAccess, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    disclose(sealed, [f"{LOT}/0", f"{LOT}/1"], ["fh:pickerWage", "fh:cherryBuyer"], Terms(PUBLIC), out)
    first, second = map(json.loads, out.read_bytes().splitlines())
    a, b = first["disclosures"]
    attacks = {
        "of another event": {**second, "disclosures": first["disclosures"]},
        "given twice": {**first, "disclosures": [a, a]},
        "ascending": {**first, "disclosures": [b, a]},
        "not base64url|not a disclosure": {**first, "disclosures": [a + "!"]},
    }
    for why, bundle in attacks.items():
        found = report(sealed, canonical(bundle))
        assert not found.valid
        assert found.steps[0].outcome == "failed"
        assert [step.name for step in found.steps if step.outcome != "passed"] == ["event"]
        assert any(part in found.steps[0].detail for part in why.split("|")), found.steps[0].detail
    for empty in ([], [1], "x", None):
        with pytest.raises(InvalidInput, match="disclosures"):
            report(sealed, canonical({**first, "disclosures": empty}))


def test_what_cannot_be_sealed_is_named(sealed: ChainAccess, tmp_path: Path) -> None:
    size = sealed.workspace.journal.size()
    path = write(
        tmp_path, event(50, quantityList=[{"epcClass": LOT, "quantity": 5, "uom": "KGM"}]), event(51)
    )
    for sealing, why in (
        (SealRules(paths=("$.eventTime",)), r"eventList\[0\]\.eventTime.*EPCIS would not accept"),
        (SealRules(paths=("action",)), r"\.action: cannot be sealed"),
        (
            SealRules(paths=("$.quantityList[*].quantity",)),
            r"quantityList\[0\]\.quantity: cannot be sealed.*around it",
        ),
        (SealRules(paths=("$.type",)), r"\.type: cannot be sealed"),
        (SealRules(paths=("$.fh:nobody",)), r"no event has \$\.fh:nobody"),
        (SealRules(paths=("$",)), "names no member"),
        (SealRules(paths=("$.epcList[0]",)), "names no member"),
        (SealRules(profile="tea"), "no profile"),
        (SealRules(opened=("pickerWage",)), "sealed by no profile"),
        (SealRules(coarse=(("$.bizStep", 1),)), r"bizStep: no place"),
    ):
        with pytest.raises((InvalidInput, NotFound), match=why):
            record_file(sealed.workspace, path, "Adela", sealing=sealing)
    odd = write(tmp_path, event(52, **{"fh:profile": "tea"}))
    with pytest.raises(InvalidInput, match=r"fh:profile: what is sealed by default is not known"):
        record_file(sealed.workspace, odd, "Adela")
    forged = write(tmp_path, event(53, **{SEALED: ["x"]}))
    with pytest.raises(InvalidInput, match=r"eventList\[0\]\.fh:sealed"):
        record_file(sealed.workspace, forged, "Adela")
    assert sealed.workspace.journal.size() == size


def test_makers_may_open_and_seal_as_they_like(sealed: ChainAccess, tmp_path: Path) -> None:
    path = write(tmp_path, harvest(60))
    rules = SealRules(opened=("pickerWage",), paths=("readPoint",), coarse=(("readPoint", 2),))
    located = write(tmp_path, harvest(61, readPoint={"id": "geo:-1.654321,36.123456"}))
    record_file(sealed.workspace, located, "Adela", sealing=rules)
    event_ = body(sealed, 3)
    assert event_["fh:pickerWage"] == WAGE
    assert event_["fh:readPointCoarse"] == {"id": "geo:-1.65,36.12"}
    assert "readPoint" not in event_
    record_file(sealed.workspace, path, "Adela", sealing=SealRules(defaults=False))
    assert SEALED not in body(sealed, 4)
    record_file(sealed.workspace, path, "Adela", sealing=SealRules(paths=("fh:plotLocationCoarse",)))
    assert len(body(sealed, 5)[SEALED]) == 3
    assert "fh:plotLocationCoarse" not in body(sealed, 5)


def test_a_crash_before_the_journal_leaves_keys_that_open_nothing(
    sealed: ChainAccess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path, harvest(70))

    def lost(self: Any, connection: Any, entry: Any) -> None:
        raise FirsthandError("cut off")

    with monkeypatch.context() as patched:
        patched.setattr(DatabaseJournal, "_append", lost)
        with pytest.raises(FirsthandError, match="cut off"):
            record_file(sealed.workspace, path, "Adela")
    result = record_file(sealed.workspace, path, "Adela")
    assert result.new
    assert len(held_fields(sealed.workspace, 3)) == 2


def test_the_sealed_form_is_what_the_schema_accepts(sealed: ChainAccess, shared: Path) -> None:
    schema = json.loads((shared / "epcis" / "EPCIS-JSON-Schema.json").read_text())
    validator = jsonschema_rs.validator_for(schema)
    for number in range(3):
        assert validator.is_valid(body(sealed, number))
