"""Members: numbers that never stop leading somewhere, mergers taken back, and no name in the log."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule

from firsthand.errors import Conflict, InvalidInput, NotFound, Unauthorized
from firsthand.ledger.members import Member, MemberRecord
from firsthand.proof.canonical import parse_canonical
from firsthand.proof.disclosure import digest_bytes, make_disclosure
from firsthand.proof.fields import base64_text
from firsthand.proof.membership import MEMBER_STATEMENT, RECORD
from firsthand.service.cooperative_sheets import import_members
from firsthand.service.members import (
    add_member,
    change_member,
    cooperative_party,
    give_number,
    merge_members,
    namesake,
    part_members,
)
from firsthand.service.migrate import reindex
from firsthand.service.parties import add_party
from tests.service.cooperatives import Coop, new_coop


@pytest.fixture
def coop(tmp_path: Path, database: str) -> Coop:
    return new_coop(tmp_path, database)


def test_a_member_has_a_uri_from_the_first_day_and_no_name_in_the_log(coop: Coop) -> None:
    member = coop.add("17", name="Adela Quispe", phone="+51 900 000 017", plots=("Alta",))
    assert member.uri == "https://coop.example/id/party/member-17"
    assert coop.workspace.members.display_name(member.uri) == "Adela Quispe"
    assert coop.workspace.members.cooperative_of(member.uri) == coop.party.uri
    log = b"".join(entry.document for entry in coop.workspace.journal.entries())
    for secret in (b"Adela", b"Quispe", b"900 000", b"Alta"):
        assert secret not in log


def test_the_digest_of_a_statement_is_that_of_the_record(coop: Coop) -> None:
    import msgspec
    from sqlalchemy import select

    from firsthand.ledger.members import MEMBER_RECORD

    coop.add("17")
    (entry,) = coop.workspace.journal.entries(kind=MEMBER_STATEMENT)
    with coop.workspace.engine.connect() as connection:
        row = connection.execute(select(MEMBER_RECORD)).one()
    digest = digest_bytes(make_disclosure(row.salt, RECORD, msgspec.json.decode(row.record)).text)
    assert parse_canonical(entry.document)["record"] == base64_text(digest)


def test_old_numbers_keep_leading_to_their_member(coop: Coop) -> None:
    member = coop.add("17")
    give_number(coop.workspace, member, "n-17")
    assert coop.find("17") == coop.find("N-17")
    assert coop.find("17").record.number == "N-17"
    with pytest.raises(Conflict, match="is, or was, another member's"):
        coop.add("17", name="Somebody Else")
    other = add_member(
        coop.workspace, coop.party, MemberRecord(number="18", name="B"), uri="https://coop.example/id/party/b"
    )
    with pytest.raises(Conflict, match="another member's"):
        give_number(coop.workspace, other, "17")
    give_number(coop.workspace, coop.find("17"), "17")
    assert coop.find("N-17").record.number == "17"


def test_merging_and_parting(coop: Coop) -> None:
    first, second, third = (coop.add(number) for number in ("1", "2", "3"))
    register = coop.workspace.members
    before = register.roots()
    merge_members(coop.workspace, second, first)
    assert register.resolve(coop.find("2")).uri == first.uri
    assert [one.uri for one in register.family(coop.find("2"))] == [first.uri, second.uri]
    with pytest.raises(Conflict, match="part it first"):
        merge_members(coop.workspace, coop.find("2"), third)
    with pytest.raises(Conflict, match="part them"):
        merge_members(coop.workspace, coop.find("1"), coop.find("2"))
    part_members(coop.workspace, coop.find("2"))
    assert {uri: one.uri for uri, one in register.roots().items()} == {
        u: one.uri for u, one in before.items()
    }
    with pytest.raises(Conflict, match="not merged"):
        part_members(coop.workspace, coop.find("2"))


def test_a_change_upon_an_old_state_is_refused(coop: Coop) -> None:
    member = coop.add("1")
    change_member(coop.workspace, member, phone="+1 555 0100")
    with pytest.raises(Conflict, match="changed meanwhile"):
        change_member(coop.workspace, member, phone="+1 555 0101")
    assert coop.find("1").record.phone == "+1 555 0100"


@pytest.mark.parametrize(
    ("record", "place"),
    [
        ({"number": "", "name": "A"}, "number"),
        ({"number": "17 18", "name": "A"}, "number"),
        ({"number": "1", "name": ""}, "name"),
        ({"number": "1", "name": "=HYPERLINK(1)"}, "name"),
        ({"number": "1", "name": "A\x00B"}, "name"),
        ({"number": "1", "name": "A", "phone": "call me"}, "phone"),
        ({"number": "1", "name": "A", "account": "=1+1"}, "account"),
        ({"number": "1", "name": "A", "language": "Spanish!"}, "language"),
        ({"number": "1", "name": "A", "plots": ("x" * 101,)}, "plots"),
    ],
)
def test_a_wrong_record_is_refused_by_its_field(tmp_path: Path, record: dict[str, str], place: str) -> None:
    coop = new_coop(tmp_path)
    before = coop.workspace.journal.size()
    with pytest.raises(InvalidInput) as caught:
        add_member(coop.workspace, coop.party, MemberRecord(**record))  # type: ignore[arg-type]
    assert caught.value.path == place
    assert coop.workspace.journal.size() == before


def test_which_cooperative(tmp_path: Path) -> None:
    coop = new_coop(tmp_path)
    assert cooperative_party(coop.workspace).uri == coop.party.uri
    add_party(coop.workspace, "Rosa", ("maker",))
    with pytest.raises(Unauthorized, match="no cooperative"):
        cooperative_party(coop.workspace, "Rosa")
    other = add_party(coop.workspace, "Other Coop", ("cooperative",)).party
    with pytest.raises(Unauthorized, match="several"):
        cooperative_party(coop.workspace)
    coop.add("1")
    add_member(
        coop.workspace, other, MemberRecord(number="1", name="X"), uri="https://coop.example/id/party/x-1"
    )
    with pytest.raises(NotFound, match="several"):
        coop.workspace.members.find("1")
    assert coop.workspace.members.find("1", other.uri).record.name == "X"


def test_a_sheet_of_members(coop: Coop, tmp_path: Path) -> None:
    sheet = tmp_path / "members.csv"
    sheet.write_text(
        "No. de socio;Nombre;Teléfono;Parcelas\n17;Adela Quispe;+51 900 000 017;Alta, Baja\n"
        "18;Rosa Mamani;;\n"
    )
    done = import_members(coop.workspace, coop.party, sheet)
    assert (done.added, done.changed, done.same) == (2, 0, 0)
    assert coop.find("17").record.plots == ("Alta", "Baja")
    done = import_members(coop.workspace, coop.party, sheet)
    assert (done.added, done.changed, done.same) == (0, 0, 2)
    sheet.write_text("Number,Name,Phone\n17,Adela Quispe,+51 900 000 018\n19,Rosa Mamani,\n")
    done = import_members(coop.workspace, coop.party, sheet)
    assert (done.added, done.changed, done.same) == (1, 1, 0)
    assert "member merge 19 18" in done.notes[0]
    assert coop.find("17").record.plots == ("Alta", "Baja")


def test_one_person_under_two_numbers_is_pointed_out(coop: Coop, tmp_path: Path) -> None:
    sheet = tmp_path / "members.csv"
    sheet.write_text(
        "number;name;phone\n101;Ana Invento;+51 900 1\n102;Beto Invento;+51 900 2\n"
        "103;ana  Invento;+51-9001\n"
    )
    done = import_members(coop.workspace, coop.party, sheet)
    assert done.added == 3
    assert len(done.notes) == 1
    assert "row 4: 103 has the name and telephone of member 101" in done.notes[0]
    added = coop.add("104", name="Beto Invento", phone="+519002")
    assert namesake(coop.workspace, added) == coop.find("102")
    merge_members(coop.workspace, added, coop.find("102"))
    assert namesake(coop.workspace, coop.find("104")) is None
    assert namesake(coop.workspace, coop.add("105", name="Beto Invento")) is None


def test_a_bad_sheet_changes_nothing_and_names_every_row(coop: Coop, tmp_path: Path) -> None:
    sheet = tmp_path / "members.csv"
    sheet.write_text("Number,Name\n1,A\n,B\n1,C\n4,=D\n")
    before = coop.workspace.journal.size()
    with pytest.raises(InvalidInput) as caught:
        import_members(coop.workspace, coop.party, sheet)
    for row in ("row 3", "row 4", "row 5"):
        assert row in str(caught.value)
    assert coop.workspace.journal.size() == before
    sheet.write_text("Number,Phone\n1,2\n")
    with pytest.raises(InvalidInput, match="no column is headed name"):
        import_members(coop.workspace, coop.party, sheet)


def test_reindexing_gives_the_same_register(coop: Coop) -> None:
    first, second = coop.add("1"), coop.add("2")
    merge_members(coop.workspace, second, first)
    give_number(coop.workspace, first, "9")
    before = coop.workspace.members.members()
    reindex(coop.workspace)
    assert coop.workspace.members.members() == before


class Register(RuleBasedStateMachine):
    """Numbers given and taken up again, mergers made and taken back, against a plain model."""

    members = Bundle("members")

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.coop = new_coop(Path(self.folder.name))
        self.numbers: dict[str, str] = {}
        self.same: dict[str, str | None] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.coop.workspace.engine.dispose()
            self.folder.cleanup()

    def now(self, uri: str) -> Member:
        member = self.coop.workspace.members.get(uri)
        assert member is not None
        return member

    def root(self, uri: str) -> str:
        while (into := self.same[uri]) is not None:
            uri = into
        return uri

    @rule(target=members)
    def add(self) -> str:
        number = str(len(self.numbers) + 1)
        uri = self.coop.add(number).uri
        self.numbers[number], self.same[uri] = uri, None
        return uri

    @rule(uri=members)
    def renumber(self, uri: str) -> None:
        number = str(len(self.numbers) + 1)
        give_number(self.coop.workspace, self.now(uri), number)
        self.numbers[number] = uri

    @rule(uri=members, into=members)
    def merge(self, uri: str, into: str) -> None:
        possible = self.same[uri] is None and self.root(into) != uri
        try:
            merge_members(self.coop.workspace, self.now(uri), self.now(into))
        except (Conflict, InvalidInput):
            assert not possible
        else:
            assert possible
            self.same[uri] = into

    @rule(uri=members)
    def part(self, uri: str) -> None:
        try:
            part_members(self.coop.workspace, self.now(uri))
        except Conflict:
            assert self.same[uri] is None
        else:
            assert self.same[uri] is not None
            self.same[uri] = None

    @invariant()
    def every_number_leads_to_its_member(self) -> None:
        if hasattr(self, "numbers"):
            register = self.coop.workspace.members
            roots = register.roots()
            for number, uri in self.numbers.items():
                found = register.find(number)
                assert found.uri == uri
                assert roots[uri].uri == register.resolve(found).uri == self.root(uri)


TestRegister = Register.TestCase
TestRegister.settings = settings(
    max_examples=12, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
