"""Workspaces, events and bundles that tests make for themselves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, MetaData

from firsthand.chain.headers import RawHeaders, check_headers
from firsthand.chain.networks import NETWORKS
from firsthand.journal.database import database_url, open_engine
from firsthand.proof.parties import Party
from firsthand.service.anchor import anchor
from firsthand.service.capture import Captured, capture_events, prepare
from firsthand.service.chain_access import ChainAccess
from firsthand.service.export import export_checkpoint, export_headers
from firsthand.service.parties import add_party
from firsthand.service.prove import event_numbers, prove_events, seals_file
from firsthand.service.setup import initialise

LOT = "https://coop.example/id/lot/7"


def new_engine(path: Path, *tables: MetaData) -> Engine:
    """A database with only these rooms' tables."""
    return tables_in(f"sqlite:///{path}", *tables)


def tables_in(url: str, *tables: MetaData) -> Engine:
    """The database of that URL, with these tables if it had none."""
    engine = open_engine(database_url(url, Path(), ""))
    for metadata in tables:
        metadata.create_all(engine)
    return engine


def new_access(folder: Path, database: str = "") -> ChainAccess:
    workspace = initialise(
        folder,
        network="sandbox",
        broadcaster="sandbox",
        url="",
        headers=(),
        uri="https://coop.example",
        passphrase="",
        database=database,
    )
    return ChainAccess(workspace)


def event(number: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "type": "ObjectEvent",
        "eventTime": f"2026-03-01T{number // 3600 % 24:02d}:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "epcList": [f"{LOT}/{number}"],
        **more,
    }


def record(access: ChainAccess, party: Party, *events: dict[str, Any]) -> Captured:
    workspace = access.workspace
    return capture_events(workspace, prepare(events), party.uri, workspace.held_key(party.keys))


@dataclass(frozen=True)
class Proven:
    access: ChainAccess
    line: bytes
    headers: RawHeaders
    seals: bytes
    checkpoint: bytes


def make_proven(folder: Path) -> Proven:
    access = new_access(folder / "workspace")
    workspace = access.workspace
    add_party(workspace, "Coop", ("cooperative",))
    maker = add_party(workspace, "Adela", ("maker",)).party
    for at in range(5):
        record(access, maker, *[event(at * 10 + number) for number in range(7)])
        if at % 2:
            anchor(access)
    anchor(access)
    (line,) = prove_events(access, event_numbers(access, [f"{LOT}/23"]))
    return Proven(
        access,
        line[:-1],
        check_headers(b"".join(export_headers(access)), NETWORKS["sandbox"]),
        b"".join(seals_file(access)),
        export_checkpoint(access),
    )
