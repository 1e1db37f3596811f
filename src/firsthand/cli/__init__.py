"""The command line, a thin face over `service`."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run `firsthand`; every error that we raise on purpose ends as one line and an exit code.

    0: done, and what was asked holds. 1: it does not hold, or could not be done. 2: the input or the command
    line cannot be read.
    """
    from firsthand.cli.app import app
    from firsthand.errors import FirsthandError, InvalidInput

    try:
        app()
    except InvalidInput as error:
        _fail(str(error), 2)
    except FirsthandError as error:
        _fail(str(error), 1)
    except KeyboardInterrupt:
        _fail("interrupted; what was acknowledged is kept", 130)
    except BrokenPipeError:
        # Whoever read our output has enough; Python would complain while closing it.
        sys.stderr.close()
        sys.exit(0)


def _fail(text: str, code: int) -> None:
    sys.stderr.write(f"firsthand: {text}\n")
    sys.exit(code)
