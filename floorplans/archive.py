"""Zip archives from strangers: nothing is unpacked to disk, and nothing is read beyond a limit, whatever the archive says of itself."""

import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Final

from floorplans.drawing import PlanFileError

MOST_MEMBERS: Final = 500
MOST_UNPACKED_BYTES: Final = 256 << 20
"""Of all members together: a convention centre's IMDF archive has 3 MB."""
MOST_PACKED: Final = 200
"""Bytes out for a byte in: JSON of coordinates packs 4 to 12 times, a zip bomb a thousand times and more."""
MOST_FILE_BYTES: Final = 64 << 20
"""Of any plan file; a drawing office's DXF has 3 MB, a whole mall's GeoJSON 10 MB."""


def raw_bytes(path: Path, most: int = MOST_FILE_BYTES) -> bytes:
    """A file's bytes. Raises PlanFileError on a file that is too large, before it is read, or cannot be read."""
    try:
        size = path.stat().st_size
        if size > most:
            raise PlanFileError("too_large", path.name, found=size, most=most)
        return path.read_bytes()
    except OSError as error:
        raise PlanFileError("unreadable", path.name, problem=error.strerror or error) from error


def members(path: Path, suffixes: tuple[str, ...]) -> Mapping[str, bytes]:
    """The members of the archive that end on one of the suffixes, by their lower-case name without folders. Raises PlanFileError."""
    raw_bytes(path, MOST_FILE_BYTES)
    try:
        with zipfile.ZipFile(path) as archive:
            return _read(archive, path.name, suffixes)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise PlanFileError("bad_archive", path.name, problem=error) from error


def _read(archive: zipfile.ZipFile, at: str, suffixes: tuple[str, ...]) -> Mapping[str, bytes]:
    listed = [member for member in archive.infolist() if not member.is_dir()]
    if len(listed) > MOST_MEMBERS:
        raise PlanFileError("too_many", at, what="members", found=len(listed), most=MOST_MEMBERS)
    _refuse_bomb(sum(member.file_size for member in listed), sum(member.compress_size for member in listed), at)
    paths = [(PurePosixPath(member.filename.replace("\\", "/")), member) for member in listed]
    found: dict[str, bytes] = {}
    for name, member in sorted(paths, key=lambda one: -len(one[0].parts)):  # of two of one name the one nearer the top is meant
        if "__MACOSX" in name.parts or name.name.startswith(".") or not name.name.lower().endswith(suffixes):
            continue
        with archive.open(member) as packed:
            raw = packed.read(member.file_size + 1)  # a member that says it is smaller than it is stops here
        if len(raw) > member.file_size:
            raise PlanFileError("member_too_long", at, found=name.name)
        found[name.name.lower()] = raw
    return found


def _refuse_bomb(unpacked: int, packed: int, at: str) -> None:
    if unpacked > MOST_UNPACKED_BYTES:
        raise PlanFileError("too_large", at, found=unpacked, most=MOST_UNPACKED_BYTES)
    if unpacked > 1 << 20 and unpacked > MOST_PACKED * max(packed, 1):
        raise PlanFileError("zip_bomb", at, found=unpacked // max(packed, 1), most=MOST_PACKED)
