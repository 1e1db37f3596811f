"""The phone reads bearer codes and signs tokens away as Python does: the same keys, bytes and refusals."""

from __future__ import annotations

import json
import random
from typing import Any

from firsthand.chain.bearer import ALPHABET, code_entropy, code_secret, encode_code
from firsthand.chain.keys import WalletKey, p2pkh_script
from firsthand.chain.networks import NETWORKS
from firsthand.chain.signing import Coin, sign_single
from firsthand.errors import InvalidInput
from firsthand.proof.transaction import Outpoint, TxOutput
from tests.webui.conftest import Ask

NETWORK = NETWORKS["sandbox"]


def case(code: str, coin: Coin, owner: bytes) -> bytes:
    place = {"outpoint": str(coin.outpoint), "script": coin.script.hex(), "satoshis": coin.satoshis}
    return json.dumps({"code": code, "place": place, "owner": owner.hex()}).encode()


def said(code: str, coin: Coin, owner: bytes) -> Any:
    try:
        secret = code_secret(code)
    except InvalidInput:
        return "refused"
    key = WalletKey(secret, NETWORK)
    return {
        "secret": secret.hex(),
        "hash": key.hash160.hex(),
        "unlocking": sign_single(coin, TxOutput(1, p2pkh_script(owner)), key).hex(),
    }


def test_codes_and_signatures_agree(ask: Ask) -> None:
    chance = random.Random(7)
    cases = []
    for number in range(60):
        code = encode_code(chance.randbytes(16))
        script = p2pkh_script(chance.randbytes(20)) if number % 2 else chance.randbytes(400)
        coin = Coin(Outpoint(chance.randbytes(32), chance.randrange(3)), 1, script)
        spelled = {
            0: code,
            1: code.lower().replace("-", ""),
            2: f" {code.replace('1', 'l').replace('0', 'o')} ",
        }
        cases.append((spelled[number % 3], coin, chance.randbytes(20)))
    for _ in range(60):
        code, coin, owner = cases[chance.randrange(60)]
        at = chance.randrange(len(code))
        spoiled = code[:at] + chance.choice(ALPHABET + "U*é") + code[at + 1 :]
        cases.append((chance.choice([spoiled, code[:at], code + "0", spoiled[::-1]]), coin, owner))
    for one, told in zip(cases, ask([(case(*one), None, None, None) for one in cases], "claim"), strict=True):
        expected = said(*one)
        if expected == "refused":
            assert "refused" in told, one[0]
        else:
            assert {name: told[name] for name in expected} == expected
            assert told["code"] == encode_code(code_entropy(one[0]))


def test_the_place_of_a_mistake_agrees(ask: Ask) -> None:
    code = encode_code(b"0123456789abcdef")
    plain = code.replace("-", "")
    coin = Coin(Outpoint(bytes(32), 0), 1, p2pkh_script(bytes(20)))
    wrong = [
        plain[:at] + ALPHABET[(ALPHABET.index(plain[at]) + 7) % 32] + plain[at + 1 :] for at in range(31)
    ]
    found = ask([(case(one, coin, bytes(20)), None, None, None) for one in wrong], "claim")
    assert [one["path"] for one in found] == [f"$.{at + 1}" for at in range(31)]
