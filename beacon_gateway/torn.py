"""What a power cut tore: how many bytes at the end of SQLite's write-ahead log were written but belong to no finished transaction.

SQLite leaves them out when it opens the file, and says nothing; the spool says it. Nothing in them was ever acknowledged to anybody.
Source: SQLite, "The WAL File Format" (sqlite.org/fileformat2.html, section 4).
"""

import struct
from pathlib import Path
from typing import Final

_HEADER: Final = struct.Struct(">IIIIIIII")
"""Magic, version, page size, checkpoint number, two salts, two checksums."""
_FRAME: Final = struct.Struct(">IIIIII")
"""Page number, pages after a commit (0 otherwise), the header's two salts, two checksums."""
_BIG_ENDIAN: Final = 0x377F0683
_LITTLE_ENDIAN: Final = 0x377F0682


def torn_bytes(wal: Path) -> int:
    """Bytes of the current generation after its last whole commit; 0 where there is no log, or none worth the name."""
    try:
        log = wal.read_bytes()
    except FileNotFoundError:
        return 0
    if len(log) < _HEADER.size:
        return 0
    magic, _, page, _, *salts, sum_1, sum_2 = _HEADER.unpack_from(log)
    if magic not in (_BIG_ENDIAN, _LITTLE_ENDIAN):
        return 0
    words = ">" if magic == _BIG_ENDIAN else "<"
    sums, at, committed, last = (sum_1, sum_2), _HEADER.size, _HEADER.size, _HEADER.size
    whole = True
    while at < len(log):
        frame = log[at : at + _FRAME.size + page]
        if len(frame) >= _FRAME.size and list(_FRAME.unpack_from(frame)[2:4]) != salts:
            break  # of an older generation: the log is written over from its beginning
        last = at + len(frame)
        if len(frame) < _FRAME.size + page:
            break
        sums = _sum(frame[_FRAME.size :], words, _sum(frame[:8], words, sums))
        whole = whole and sums == _FRAME.unpack_from(frame)[4:]
        if whole and _FRAME.unpack_from(frame)[1]:
            committed = last
        at = last
    return last - committed


def _sum(part: bytes, words: str, sums: tuple[int, int]) -> tuple[int, int]:
    """SQLite's running checksum over pairs of 32-bit words."""
    first, second = sums
    for one, two in struct.iter_unpack(f"{words}II", part):
        first = (first + one + second) & 0xFFFFFFFF
        second = (second + two + first) & 0xFFFFFFFF
    return first, second
