"""``W.all``, ``W.any``, ``W.race`` and theirs with cancelling; see `kwf_runtime.lib.combinators`.

Limits: the functions are the compiled ones, so that what waits in them can be saved.
"""

from __future__ import annotations

from kwf_runtime.lib import module as _module

_combinators = _module("combinators")

all = _combinators.all  # noqa: A001
all_settled = _combinators.all_settled
all_with_cancel = _combinators.all_with_cancel
any = _combinators.any  # noqa: A001
any_with_cancel = _combinators.any_with_cancel
race = _combinators.race

__all__ = [
    "all",
    "all_settled",
    "all_with_cancel",
    "any",
    "any_with_cancel",
    "race",
]
