"""JSON from outside: answers, recordings, what is typed. However it is wrong, it is a ValueError, and nothing else."""

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decoded(decoder: msgspec.json.Decoder[T], raw: bytes | str) -> T:
    """What `raw` says. Raises ValueError where it is no JSON of the decoder's type, also where it is nested deeper than anybody means."""
    try:
        return decoder.decode(raw)
    except RecursionError as error:  # msgspec's own errors and those of UTF-8 are ValueErrors
        raise ValueError("JSON is nested too deeply") from error
