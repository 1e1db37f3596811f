"""Setting up a workspace, with its chain ready where that can be: the sandbox comes funded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from firsthand.chain.signing import Coin
from firsthand.journal.database import database_url
from firsthand.service.chain_access import CREDENTIALS, ChainAccess, split_credentials
from firsthand.service.settings import BroadcasterName, Chain, Database, NetworkName, Settings
from firsthand.service.workspace import Workspace, create_workspace, utc_now

__all__ = ["initialise"]

SANDBOX_FUNDS: Final = 1_000_000
"""Satoshis that a new sandbox workspace begins with: some hundred thousand anchors."""


def without_password(url: str) -> str:
    """A database URL as it may stand in the settings file. Raises WorkspaceError."""
    if not url:
        return ""
    return database_url(url, Path(), "").set(password=None).render_as_string().replace("+psycopg", "", 1)


def initialise(
    folder: Path,
    *,
    network: NetworkName,
    broadcaster: BroadcasterName,
    url: str,
    headers: tuple[str, ...],
    uri: str,
    passphrase: str,
    database: str = "",
    now: Callable[[], str] = utc_now,
) -> Workspace:
    """Make a workspace; a user and password in `url` go to the keystore, not to the settings.

    Raises WorkspaceError when there is one already or the settings do not fit together.
    """
    plain, credentials = split_credentials(url) if url else ("", None)
    chain = Chain(network=network, broadcaster=broadcaster, url=plain, headers=headers)
    settings = Settings(uri=uri, chain=chain, database=Database(url=without_password(database)))
    workspace = create_workspace(folder, settings, passphrase, now, database)
    if credentials is not None:
        workspace.keystore.put(CREDENTIALS, credentials.encode())
    access = ChainAccess(workspace)
    if broadcaster == "sandbox":
        outpoint = access.sandbox.fund(access.wallet.script, SANDBOX_FUNDS)
        access.coins.receive(Coin(outpoint, SANDBOX_FUNDS, access.wallet.script))
        access.sync_headers()
    return workspace
