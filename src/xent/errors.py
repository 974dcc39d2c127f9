"""The one exception type for mistakes of the user, and the nearest name for a misspelt one."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["XentError", "nearest_hint"]


class XentError(ValueError):
    """A mistake in what the user gave: an argument, a file, a setting.

    The message names the argument, what was expected, what came, and the cure. The command line
    prints it as one line and exits with 2.
    """


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the known name closest to `name`, or an empty string.

    Parameters
    ----------
    name : str
        The name as the user typed it.
    known : iterable of str
        The names that exist.

    Examples
    --------
    >>> nearest_hint("epoch", ["epochs", "patience"])
    " Did you mean 'epochs'?"
    """
    names = list(known)
    by_folded = {candidate.casefold(): candidate for candidate in names}
    close = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.5)
    return f" Did you mean {by_folded[close[0]]!r}?" if close else ""
