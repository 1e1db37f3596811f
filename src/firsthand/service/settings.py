"""The settings of a workspace: `firsthand.toml`, each of them also an environment variable.

`chain.url` is `FIRSTHAND_CHAIN__URL`, and so on. Secrets never stand in the file: a user and password in
a URL move to the keystore. `docs/configuration.md` describes each setting, which a test holds true.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec

from firsthand.errors import WorkspaceError

__all__ = [
    "FILE_NAME",
    "Chain",
    "Cooperative",
    "Cost",
    "Database",
    "Finality",
    "Pay",
    "Scans",
    "Sealing",
    "Server",
    "Settings",
    "load_settings",
    "write_settings",
]

FILE_NAME = "firsthand.toml"
ENV_PREFIX = "FIRSTHAND_"
_LISTS = ("headers", "hosts", "rates", "webhook_networks")

_HOST = re.compile(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+")
_MEMBER_URI = re.compile(r"[a-z][A-Za-z0-9._~:/-]*\{number\}")

NetworkName = Literal["sandbox", "regtest", "testnet", "mainnet"]
BroadcasterName = Literal["sandbox", "arc", "arcade", "node"]


class Chain(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which chain, and who takes transactions to it."""

    network: NetworkName = "sandbox"
    broadcaster: BroadcasterName = "sandbox"
    url: str = ""
    headers: tuple[str, ...] = ()


class Finality(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many blocks deep an anchor is called confirmed, and final."""

    confirmed: int = 6
    final: int = 100


class Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rate at which satoshis are shown in dollars; a figure of yours, not a quote."""

    usd_per_bsv: float = 20.0


class Database(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where journal and index are: empty for SQLite in the workspace's folder."""

    url: str = ""


class Sealing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the keys of sealed fields are: a file that backups of the journal must not include."""

    keys: str = ""


class Server(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `firsthand serve` takes from others, and where it may call."""

    capture_limit: int = 10_000
    capture_bytes: int = 16_000_000
    hosts: tuple[str, ...] = ()
    public_read: bool = False
    webhook_networks: tuple[str, ...] = ()
    auth_failures_per_minute: int = 30
    slow_sender_seconds: int = 20


class Cooperative(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How members' URIs are made: the path below `uri` and `/id/`, `{number}` being the member's."""

    member_uri: str = "party/member-{number}"


class Scans(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long scans of labels are kept, and from when on they are suspicious."""

    keep_days: int = 90
    far_km: int = 100
    speed_kmh: int = 1000
    burst_devices: int = 20
    per_minute: int = 30


class Pay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Thanking makers: rates of exchange, fees, and how slowly a payout changes."""

    enabled: bool = True
    rates: tuple[str, ...] = ()
    rate_url: str = ""
    rate_pointer: str = ""
    rate_currency: str = "USD"
    rate_max_age: int = 3_600
    fee_permille: int = 0
    fee_address: str = ""
    smallest_output: int = 0
    address_delay: int = 72
    notify_url: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All settings; `uri` is what the URIs of parties, lots and places begin with."""

    uri: str = "https://firsthand.example"
    chain: Chain = Chain()
    finality: Finality = Finality()
    cost: Cost = Cost()
    database: Database = Database()
    sealing: Sealing = Sealing()
    server: Server = Server()
    cooperative: Cooperative = Cooperative()
    scans: Scans = Scans()
    pay: Pay = Pay()


def load_settings(folder: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in force. Raises WorkspaceError naming the file or variable that is wrong."""
    path = folder / FILE_NAME
    try:
        document = tomllib.loads(path.read_text())
    except FileNotFoundError:
        raise WorkspaceError(
            f"{folder} is no Firsthand workspace (no {FILE_NAME}); make one with `firsthand init`"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise WorkspaceError(f"{path}: {error}") from None
    settings = _convert(document, str(path))
    for name, value in environ.items():
        if name.startswith(ENV_PREFIX) and "__" in name:
            group, _, key = name.removeprefix(ENV_PREFIX).lower().partition("__")
            current = getattr(settings, group, None)
            if not isinstance(current, msgspec.Struct) or key not in current.__struct_fields__:
                raise WorkspaceError(
                    f"the environment variable {name} names no setting; see docs/configuration.md"
                )
            given = value.split() if key in _LISTS else value
            document.setdefault(group, {})[key] = given
    return _convert(document, "the environment")


def write_settings(folder: Path, settings: Settings) -> None:
    """Write `firsthand.toml`. JSON strings, numbers and lists are TOML, too."""
    lines = [f"uri = {_toml(settings.uri)}"]
    for group in (
        "chain",
        "finality",
        "cost",
        "database",
        "sealing",
        "server",
        "cooperative",
        "scans",
        "pay",
    ):
        lines += ["", f"[{group}]"]
        values = getattr(settings, group)
        lines += [f"{name} = {_toml(getattr(values, name))}" for name in values.__struct_fields__]
    (folder / FILE_NAME).write_text("\n".join(lines) + "\n")


def _toml(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _convert(document: dict[str, Any], source: str) -> Settings:
    try:
        settings = msgspec.convert(document, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise WorkspaceError(f"{source}: {error}; see docs/configuration.md") from None
    if settings.chain.network == "sandbox" and settings.chain.broadcaster not in ("sandbox", "arc"):
        raise WorkspaceError(f"{source}: the sandbox network is not reached by {settings.chain.broadcaster}")
    if settings.chain.broadcaster == "sandbox" and settings.chain.network != "sandbox":
        raise WorkspaceError(f"{source}: the sandbox takes no transactions of {settings.chain.network}")
    if settings.chain.broadcaster != "sandbox" and not settings.chain.url:
        raise WorkspaceError(f"{source}: chain.url is missing; {settings.chain.broadcaster} needs one")
    if not 1 <= settings.finality.confirmed <= settings.finality.final:
        raise WorkspaceError(f"{source}: finality needs 1 <= confirmed <= final")
    for name in settings.scans.__struct_fields__:
        if not 1 <= getattr(settings.scans, name) <= 1_000_000:
            raise WorkspaceError(f"{source}: scans.{name} is a number from 1 to 1,000,000")
    for host in settings.server.hosts:
        if not _HOST.fullmatch(host):
            raise WorkspaceError(
                f"{source}: server.hosts has names or addresses without scheme and port, got {host!r}"
            )
    _check_pay(settings.pay, source)
    if not _MEMBER_URI.fullmatch(settings.cooperative.member_uri):
        raise WorkspaceError(
            f"{source}: cooperative.member_uri needs {{number}}, as in party/member-{{number}}"
        )
    return settings


def _check_pay(pay: Pay, source: str) -> None:
    bounds = {"rate_max_age": (1, 604_800), "fee_permille": (0, 500), "smallest_output": (0, 1_000_000)}
    for name, (low, high) in {**bounds, "address_delay": (0, 8_760)}.items():
        if not low <= getattr(pay, name) <= high:
            raise WorkspaceError(f"{source}: pay.{name} is a number from {low} to {high:,}")
    if pay.fee_permille and not pay.fee_address:
        raise WorkspaceError(f"{source}: pay.fee_permille needs pay.fee_address, which the fee is paid to")
    if pay.rate_url and not pay.rate_pointer:
        raise WorkspaceError(f"{source}: pay.rate_url needs pay.rate_pointer, such as /rate")
