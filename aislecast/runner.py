"""Which event loop the commands run on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def runner() -> Callable[[Coroutine[Any, Any, T]], T]:
    """`uvloop.run` where uvloop is installed, else `asyncio.run`."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run
    return uvloop.run
