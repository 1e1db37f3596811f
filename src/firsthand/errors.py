"""Every error that Firsthand raises on purpose, as one tree.

A message says what happened, what was expected, and what to do next. The edges (cli, web) turn
the classes into exit codes and RFC 9457 problem documents, each in one place.
"""

from __future__ import annotations


class FirsthandError(Exception):
    """The root: anything we raise on purpose."""


class InvalidInput(FirsthandError):
    """What was handed in cannot be accepted; `path` names the place inside it.

    `path` is a JSON path (`$.epcisBody.eventList[3].action`), a spreadsheet cell
    (`Sheet1!C12`) or empty when the whole input is meant.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        self.reason = reason
        self.path = path
        super().__init__(f"{path}: {reason}" if path else reason)

    def under(self, path: str) -> InvalidInput:
        """The same error where the thing meant stands at `path` in something larger."""
        return type(self)(self.reason, path + self.path.removeprefix("$"))

    def __reduce__(self) -> tuple[type[InvalidInput], tuple[str, str]]:
        # Workers in other processes send their errors back whole.
        return type(self), (self.reason, self.path)


class UnreadableInput(InvalidInput):
    """The bytes cannot be read as what they should be (not JSON, not a bundle, not a workbook)."""


class Unauthorized(FirsthandError):
    """A key does not speak for the party it is used for, at this place in the log."""


class WrongPassphrase(FirsthandError):
    """The keystore does not open with this passphrase."""


class Conflict(FirsthandError):
    """Something of that name is there already."""


class WorkspaceError(FirsthandError):
    """The workspace is missing, damaged, of another version, or set up wrongly."""


class NotFound(FirsthandError):
    """Nothing in this workspace has that name."""


class InsufficientFunds(FirsthandError):
    """The coins at hand do not cover the transaction; the message says how much is missing."""


class WrongNetwork(FirsthandError):
    """An address, header or transaction of one network was offered to another."""


class BroadcastRejected(FirsthandError):
    """The chain refused a transaction for good; `code` is the adapter's own (ARC 46x, node RPC)."""

    def __init__(self, reason: str, code: int | None = None) -> None:
        self.reason = reason
        self.code = code
        super().__init__(f"{reason} (code {code})" if code is not None else reason)


class BroadcastUncertain(FirsthandError):
    """No answer, or one that promises nothing: the transaction may or may not have been taken.

    The only safe answer is to send the very same bytes again.
    """
