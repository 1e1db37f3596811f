"""The workspace's way to its chain: broadcaster, headers, coins and outbox, put together once.

The settings choose the adapter; credentials come from the keystore. The sandbox keeps its chain in
`sandbox.db` beside the workspace's own database, as if it were somebody else's.
"""

from __future__ import annotations

from functools import cached_property
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from firsthand.chain.arc import Arc
from firsthand.chain.coins import CoinStore
from firsthand.chain.header_service import HeaderService
from firsthand.chain.headers import HeaderStore, Reorg
from firsthand.chain.keys import WalletKey
from firsthand.chain.networks import NETWORKS, Network
from firsthand.chain.node import Node
from firsthand.chain.outbox import Outbox
from firsthand.chain.protocols import Broadcaster, CoinSource, HeaderSource
from firsthand.chain.sandbox import SandboxChain
from firsthand.errors import BroadcastUncertain, WorkspaceError
from firsthand.service.workspace import Workspace

__all__ = ["CREDENTIALS", "SANDBOX", "ChainAccess", "split_credentials"]

SANDBOX: Final = "sandbox.db"
CREDENTIALS: Final = "chain-credentials"


class ChainAccess:
    """Everything that touches the chain for one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.network: Network = NETWORKS[workspace.settings.chain.network]
        self.headers = HeaderStore(workspace.engine, self.network)
        self.coins = CoinStore(workspace.engine)
        self.outbox = Outbox(workspace.engine, self.coins)

    @cached_property
    def wallet(self) -> WalletKey:
        """The wallet's key on this network."""
        return WalletKey(self.workspace.wallet_secret, self.network)

    @cached_property
    def sandbox(self) -> SandboxChain:
        """The sandbox chain of this workspace."""
        return SandboxChain(self.workspace.folder / SANDBOX)

    @cached_property
    def broadcaster(self) -> Broadcaster:
        """Who takes transactions, as the settings say."""
        chain = self.workspace.settings.chain
        if chain.broadcaster == "sandbox":
            return self.sandbox
        if chain.broadcaster == "node":
            return self._node
        return Arc(chain.url, dialect=chain.broadcaster, api_key=self._credentials())

    @cached_property
    def header_sources(self) -> list[HeaderSource]:
        """Where headers come from: those of the settings, else the broadcaster itself where it has them."""
        chain = self.workspace.settings.chain
        sources: list[HeaderSource] = [HeaderService(url) for url in chain.headers]
        if sources:
            return sources
        if chain.broadcaster == "sandbox":
            return [self.sandbox]
        if chain.broadcaster == "node":
            return [self._node]
        return [HeaderService(chain.url)]

    @property
    def coin_source(self) -> CoinSource | None:
        """Who can look a coin up, if anyone."""
        chain = self.workspace.settings.chain
        if chain.broadcaster == "sandbox":
            return self.sandbox
        return self._node if chain.broadcaster == "node" else None

    @cached_property
    def _node(self) -> Node:
        user, _, password = (self._credentials() or "").partition(":")
        return Node(self.workspace.settings.chain.url, user=user, password=password)

    def _credentials(self) -> str | None:
        keystore = self.workspace.keystore
        return keystore.get(CREDENTIALS).decode() if CREDENTIALS in keystore.names() else None

    def sync_headers(self) -> list[Reorg]:
        """Take in new headers from every source; each reorganisation that came with them.

        Raises BroadcastUncertain when no source could be reached, WorkspaceError when a source is of
        another network or its headers break the rules.
        """
        reorgs: list[Reorg] = []
        failures: list[str] = []
        for source in self.header_sources:
            try:
                reorg = self.headers.sync(source)
            except BroadcastUncertain as error:
                failures.append(str(error))
                continue
            if reorg is not None:
                reorgs.append(reorg)
        if len(failures) == len(self.header_sources):
            raise BroadcastUncertain(f"no header source answered: {'; '.join(failures)}")
        return reorgs

    def settle(self) -> None:
        """Send what is unsent, take in headers, and bring the state of every transaction up to date.

        What the chain turns out to have forgotten is sent again at once. Raises BroadcastUncertain.
        """
        self.outbox.flush(self.broadcaster)
        self.sync_headers()
        self.outbox.refresh(self.broadcaster, self.headers)
        self.outbox.flush(self.broadcaster)


def split_credentials(url: str) -> tuple[str, str | None]:
    """A URL without its user and password, and those as `user:password` where there were any.

    Raises WorkspaceError unless it is an http or https URL with a host.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise WorkspaceError(
            f"expected an http or https URL, got {parts.scheme or 'none'}:; see `firsthand init --help`"
        )
    if "@" not in parts.netloc:
        return url, None
    credentials, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=host)), credentials
