"""Shopper tokens: 16 bytes a phone sends for a quarter of an hour, which mean nothing without the server's key of that day.

    token = AES-128-ECB(day key, enrolment | window | check)

    bytes   what                                                                  type
    0-7     enrolment: the random number the device was given at sign-up          u64, big-endian
    8-11    window: whole quarters of an hour since 1970 UTC                      u32, big-endian
    12-15   check: the day key's 32 random bits                                   u32, big-endian

One block, so ECB shows nothing: no two tokens of a key have the same plain text. A token is accepted one window early or late, for phones
whose clock is off. A stranger's 16 bytes pass the check with a chance of 1 in 4e9, and then name an enrolment that does not exist.
Construction after BlueTrace's TempIDs (decrypting needs no table of phones); pure, vectors in `tests/contracts/golden`.
"""

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from numpy.typing import NDArray

from groundwork.people.model import DayKey

TOKEN_BYTES: Final = 16
WINDOW_MS: Final = 15 * 60 * 1000
"""As long as radio addresses live on phones; shorter costs the app more fetching, longer lets a stranger follow it further."""
WINDOWS_A_DAY: Final = 96
DAY_MS: Final = WINDOWS_A_DAY * WINDOW_MS
DRIFT: Final = 1
"""Windows a token may be early or late; each one more gives a recorded token another quarter of an hour to be replayed in."""


class Opened(NamedTuple):
    """What a genuine token says."""

    enrolment: int
    window: int


def window_of(at_ms: int) -> int:
    """The window that holds the moment, in whole quarters of an hour since 1970 UTC."""
    return at_ms // WINDOW_MS


def issue(day_key: DayKey, enrolment: int) -> list[bytes]:
    """The 96 tokens of the key's day in order, for one device. Raises ValueError unless `enrolment` is an unsigned 64-bit number."""
    if not 0 <= enrolment < 1 << 64:
        raise ValueError(f"an enrolment is an unsigned 64-bit number, got {enrolment}")
    first = day_key.day * WINDOWS_A_DAY
    tail = day_key.check.to_bytes(4, "big")
    plain = b"".join(enrolment.to_bytes(8, "big") + (first + n).to_bytes(4, "big") + tail for n in range(WINDOWS_A_DAY))
    encryptor = _cipher(day_key).encryptor()
    sealed = encryptor.update(plain) + encryptor.finalize()
    return [sealed[start : start + TOKEN_BYTES] for start in range(0, len(sealed), TOKEN_BYTES)]


class OpenedColumns(NamedTuple):
    """Genuine tokens among many; shapes (n,). The window is what the token says, which may be any of its key's day."""

    row: NDArray[np.int64]
    """Where in the bulk each stood, rising within a day."""
    enrolment: NDArray[np.uint64]
    window: NDArray[np.int64]


_NOTHING: Final = OpenedColumns(np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.int64))


def near(day_keys: Sequence[DayKey], at_ms: int) -> list[DayKey]:
    """The keys of days whose tokens can be fresh at `at_ms`: one, or two around midnight UTC."""
    now = window_of(at_ms)
    days = {(now - DRIFT) // WINDOWS_A_DAY, (now + DRIFT) // WINDOWS_A_DAY}
    return [day_key for day_key in day_keys if day_key.day in days]


def open_columns(day_keys: Sequence[DayKey], tokens: bytes) -> OpenedColumns:
    """The genuine ones among `tokens` (laid end to end): one AES call per key over all of them, and no table of phones.

    Raises ValueError unless `tokens` is a multiple of 16 bytes long.
    """
    if len(tokens) % TOKEN_BYTES:
        raise ValueError(f"tokens have {TOKEN_BYTES} bytes each, got {len(tokens)} bytes in all")
    found = [_open_with(day_key, tokens) for day_key in day_keys] or [_NOTHING]
    return found[0] if len(found) == 1 else OpenedColumns(*(np.concatenate(columns) for columns in zip(*found, strict=True)))


def open_bulk(day_keys: Sequence[DayKey], tokens: bytes, at_ms: int) -> list[Opened | None]:
    """What each of the `tokens` (laid end to end) says at `at_ms`, None for a stranger's or a stale one. Raises as `open_columns` does."""
    opened: list[Opened | None] = [None] * (len(tokens) // TOKEN_BYTES)
    found = open_columns(near(day_keys, at_ms), tokens)
    fresh = np.abs(found.window - window_of(at_ms)) <= DRIFT
    for row, enrolment, window in zip(*(column[fresh].tolist() for column in found), strict=True):
        opened[row] = Opened(enrolment, window)
    return opened


def _open_with(day_key: DayKey, tokens: bytes) -> OpenedColumns:
    decryptor = _cipher(day_key).decryptor()
    words = np.frombuffer(decryptor.update(tokens) + decryptor.finalize(), np.uint8).reshape(-1, TOKEN_BYTES)
    # compared as the bytes lie, so that only what passes is turned round
    check = int.from_bytes(day_key.check.to_bytes(4, "big"), sys.byteorder)
    rows = np.flatnonzero(words.view(np.uint32)[:, 3] == check)
    window = words.view(">u4")[rows, 2].astype(np.int64)
    of_day = window // WINDOWS_A_DAY == day_key.day  # a token of another day under this key's check cannot be
    if not of_day.all():
        rows, window = rows[of_day], window[of_day]
    return OpenedColumns(rows, words.view(">u8")[rows, 0].astype(np.uint64), window)


def _cipher(day_key: DayKey) -> Cipher[modes.ECB]:
    return Cipher(algorithms.AES128(day_key.key), modes.ECB())  # noqa: S305 - one block of unique plain text per token, see above
