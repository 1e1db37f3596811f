"""`firsthand pay` from the command line, on the sandbox chain."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from firsthand.chain.keys import WalletKey
from firsthand.service.pay_store import PaymentStore
from tests.paying import PACK, Village, new_village, outputs_of


def run(village: Village, *arguments: str, status: int = 0) -> str:
    command = [sys.executable, "-m", "firsthand", "-C", str(village.access.workspace.folder), "pay"]
    environ = {**os.environ, "FIRSTHAND_PASSPHRASE": ""}
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, env=environ, timeout=60)
    assert done.returncode == status, done.stderr
    return done.stdout if status == 0 else done.stderr


def data(village: Village, *arguments: str) -> Any:
    return json.loads(run(village, *arguments, "--json"))


def test_a_payment_from_address_to_remittance(tmp_path: Path) -> None:
    village = new_village(tmp_path)
    key = WalletKey(b"\x05" * 32, village.access.network).public.hex()
    assert data(village, "address", "set", "Coop", "--own", "--for-members")["state"] == "in force"
    assert data(village, "address", "set", "Adela", "--identity-key", key, "--public")["public"] is True
    assert data(village, "address", "set", "1", "--stop")["party"] == village.members[0].uri
    assert len(data(village, "notices")["payouts"]) == 3
    assert "in force" in run(village, "address", "show", "Adela")
    quoted = data(village, "quote", PACK, "--path", "cooperative", "--satoshis", "90000")
    assert quoted["uri"].startswith("bitcoin:")
    payment = PaymentStore(village.access).get(quoted["id"])
    beef = tmp_path / "payment.beef"
    beef.write_text(village.shopper.pay(outputs_of(payment)).hex())
    assert data(village, "receive", quoted["id"], str(beef))["receipts"][0]["satoshis"] == quoted["satoshis"]
    settled = data(village, "settle")
    assert settled["held"][village.members[0].uri] >= 30_000
    assert data(village, "status", quoted["id"])["state"] == "mined"
    assert data(village, "books")["balance"] == 0
    assert data(village, "member", "Adela")["paid"] > 44_000
    assert {one["name"] for one in data(village, "members")["parties"]} == {"Adela", "Rosa", "Bela"}
    assert data(village, "paid", PACK)["makers"][0]["name"] == "Adela"
    written = tmp_path / "adela.json"
    assert data(village, "remittances", "Adela", "-o", str(written))["payments"] == 1
    (one,) = json.loads(written.read_text())
    assert one["outputs"][0]["protocol"] == "wallet payment"
    assert data(village, "rate")["currency"] == "USD"


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    village = new_village(tmp_path)
    assert "give one of" in run(village, "address", "set", "Adela", status=2)
    assert "identity key" in run(village, "address", "set", "Adela", "--identity-key", "02ff", status=2)
    assert "no party 'Nobody'" in run(village, "address", "set", "Nobody", "--own", status=1)
    assert "given no address" in run(
        village, "quote", PACK, "--path", "wallet", "--satoshis", "9000", status=1
    )
    assert "no payment" in run(village, "status", "none", status=1)
