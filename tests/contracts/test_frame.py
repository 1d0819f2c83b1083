"""The column frame: the same bytes for ever, there and back again for any rows, and a FrameError for anything else."""

import json
import random
import secrets
import zlib
from array import array
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groundwork.contracts.codec import COLUMNS, COMPACT_MAGIC, MAGIC, ROW_BYTES, FrameError, decode_frame, encode_compact, encode_frame
from groundwork.contracts.ids import BeaconKey, BootId, GatewayId, TenantId
from groundwork.contracts.sighting import SightingBatch, SightingColumns, SightingHeader
from tests.contracts.messages import GOLDEN

GOLDEN_FRAME = bytes.fromhex((GOLDEN / "frame.1.hex").read_text())
GOLDEN_COMPACT = bytes.fromhex((GOLDEN / "frame.2.hex").read_text())
_RANGES = {"q": (-(1 << 63), (1 << 63) - 1), "I": (0, (1 << 32) - 1), "H": (0, (1 << 16) - 1)}


def _golden() -> tuple[SightingHeader, SightingColumns]:
    header = msgspec.json.decode((GOLDEN / "SightingHeader.1.json").read_bytes(), type=SightingHeader)
    return header, msgspec.json.decode((GOLDEN / "SightingColumns.1.json").read_bytes(), type=SightingColumns)


def _rows(frame: bytes) -> dict[str, Any]:
    decoded = decode_frame(frame)
    return {column.name: array(column.typecode, decoded.columns[column.name].tobytes()).tolist() for column in COLUMNS}


def test_the_golden_frame_is_encoded_to_the_same_bytes() -> None:
    assert encode_frame(*_golden()) == GOLDEN_FRAME


def test_the_golden_frame_decodes_to_the_golden_messages() -> None:
    header, columns = _golden()
    frame = decode_frame(GOLDEN_FRAME)
    assert (frame.header, frame.rows) == (header, 2)
    assert _rows(GOLDEN_FRAME) == msgspec.to_builtins(columns)


def test_the_golden_frame_is_laid_out_as_documented() -> None:
    """Read with nothing but offsets, as a gateway in another language would."""
    head_length = int.from_bytes(GOLDEN_FRAME[4:8], "little")
    start = 12 + head_length
    start += -start % 8
    assert GOLDEN_FRAME[:4] == b"ASF1" == MAGIC
    assert json.loads(GOLDEN_FRAME[12 : 12 + head_length])["batch"] == 9
    assert int.from_bytes(GOLDEN_FRAME[start : start + 8], "little") == 1_793_516_400_000
    assert GOLDEN_FRAME[start + 16 : start + 20] == bytes.fromhex("000087c2")  # -67.5 as little-endian float
    assert len(GOLDEN_FRAME) == start + 2 * ROW_BYTES == start + 2 * 34


def test_a_batch_and_its_frame_have_the_same_header() -> None:
    header, columns = _golden()
    batch = SightingBatch(**msgspec.structs.asdict(header), columns=columns)
    assert encode_frame(batch, columns) == GOLDEN_FRAME


def test_what_is_told_beside_the_rows_is_in_the_header_and_costs_nothing_while_there_is_none() -> None:
    header = msgspec.json.decode((GOLDEN / "SightingHeader.2.json").read_bytes(), type=SightingHeader)
    columns = _golden()[1]
    assert decode_frame(encode_frame(header, columns)).header == header
    silent = msgspec.structs.replace(header, left=[], telemetry=[], strangers=[], gaps=[])
    assert encode_frame(silent, columns) == GOLDEN_FRAME


def _column(typecode: str, rows: int) -> st.SearchStrategy[list[float]]:
    if typecode == "f":
        return st.lists(st.floats(width=32, allow_nan=False), min_size=rows, max_size=rows)
    low, high = _RANGES[typecode]
    return st.lists(st.integers(low, high), min_size=rows, max_size=rows)


@st.composite
def _batches(draw: st.DrawFn) -> tuple[SightingHeader, SightingColumns]:
    text = st.text(max_size=20)
    header = SightingHeader(
        tenant=TenantId(draw(text)),
        gateway=GatewayId(draw(text)),
        boot=BootId(draw(text)),
        batch=draw(st.integers(0, 1 << 62)),
        sent_ms=draw(st.integers(0, 1 << 50)),
        covered_until_ms=draw(st.integers(0, 1 << 50)),
        gateways=[GatewayId(name) for name in draw(st.lists(text, max_size=3))],
        beacons=[BeaconKey(name) for name in draw(st.lists(text, max_size=3))],
        refused=draw(st.dictionaries(text, st.integers(0, 1 << 40), max_size=3)),
    )
    rows = draw(st.integers(0, 9))
    columns = {column.name: draw(_column(column.typecode, rows)) for column in COLUMNS}
    return header, SightingColumns(**columns)  # type: ignore[arg-type] # each list is drawn for its column


@given(_batches())
@settings(max_examples=100, deadline=None)
def test_any_rows_come_back_as_they_were(batch: tuple[SightingHeader, SightingColumns]) -> None:
    header, columns = batch
    frame = encode_frame(header, columns)
    assert decode_frame(frame).header == header
    assert _rows(frame) == msgspec.to_builtins(columns)
    assert encode_frame(header, {column.name: array(column.typecode, getattr(columns, column.name)) for column in COLUMNS}) == frame


def test_columns_start_on_multiples_of_their_width() -> None:
    frame = decode_frame(GOLDEN_FRAME)
    base = memoryview(GOLDEN_FRAME)
    for column in COLUMNS:
        at = GOLDEN_FRAME.index(frame.columns[column.name].tobytes())
        assert base[at:].obj is GOLDEN_FRAME
        assert at % column.width == 0, column.name


def _refused(body: bytes) -> bool:
    try:
        decode_frame(body)
    except FrameError:
        return True
    return False


def test_a_frame_cut_anywhere_or_with_bytes_behind_is_refused() -> None:
    assert all(_refused(GOLDEN_FRAME[:length]) for length in range(len(GOLDEN_FRAME)))
    assert _refused(GOLDEN_FRAME + b"\0")


@pytest.mark.parametrize("rounds", [50_000, pytest.param(5_000_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("golden", [GOLDEN_FRAME, GOLDEN_COMPACT], ids=["plain", "compact"])
def test_no_bytes_raise_anything_but_a_frame_error(golden: bytes, rounds: int) -> None:
    """Golden frames with one to eight bytes changed, cut, or with noise behind the magic. Prints the seed."""
    seed = secrets.randbits(32)
    print(f"seed {seed}")
    generator = random.Random(seed)
    for _ in range(rounds):
        body = bytearray(golden)
        for _ in range(generator.randint(1, 8)):
            body[generator.randrange(len(body))] = generator.randrange(256)
        _refused(bytes(body[: generator.choice((len(body), generator.randrange(len(body))))]))
        _refused(golden[:4] + generator.randbytes(generator.randrange(64)))


def _compact_batch(rng: random.Random) -> tuple[SightingHeader, SightingColumns]:
    """Rows as a box heard them: by window, radio and beacon; now and then with what the compact form does not take."""
    beacons = sorted(f"ibeacon:{'ab' * 16}:{rng.randrange(300)}:{minor}" for minor in range(rng.randrange(1, 400)))
    odd = rng.choice([0.0, 0.0, 0.0, 0.25])
    rows = rng.randrange(200)
    median = [rng.randrange(-254, -20) / 2 + odd for _ in range(rows)]
    return msgspec.structs.replace(_golden()[0], beacons=[BeaconKey(name) for name in beacons]), SightingColumns(
        gateway=[rng.randrange(2) for _ in range(rows)],
        beacon=[rng.randrange(len(beacons)) for _ in range(rows)],
        window_start_ms=sorted(1_793_516_400_000 + 500 * rng.randrange(9) for _ in range(rows)),
        window_ms=[500] * rows,
        adverts=[rng.choice([1, 2, 3, 255, 256 if rng.random() < 0.01 else 4]) for _ in range(rows)],
        rssi_median_dbm=median,
        rssi_min_dbm=[value - rng.randrange(5) for value in median],
        rssi_max_dbm=[value + rng.randrange(5) for value in median],
        rssi_last_dbm=[value + rng.randrange(5) for value in median],
    )


@pytest.mark.parametrize("seed", range(200))
def test_a_compact_frame_says_what_the_plain_one_says(seed: int) -> None:
    header, columns = _compact_batch(random.Random(seed))
    compact, plain = encode_compact(header, columns), encode_frame(header, columns)
    assert decode_frame(compact).header == header
    assert _rows(compact) == _rows(plain)
    if compact[:4] == COMPACT_MAGIC and len(columns.beacon) > 20:
        assert len(zlib.compress(compact)) < len(zlib.compress(plain))
    as_arrays = {column.name: array(column.typecode, getattr(columns, column.name)) for column in COLUMNS}
    assert encode_compact(header, as_arrays) == compact


def test_the_golden_compact_frame_is_encoded_to_the_same_bytes() -> None:
    header, columns = _golden()
    assert GOLDEN_COMPACT[:4] == b"ASF2"
    assert encode_compact(header, columns) == GOLDEN_COMPACT
    assert (decode_frame(GOLDEN_COMPACT).header, _rows(GOLDEN_COMPACT)) == (header, _rows(GOLDEN_FRAME))


def test_the_golden_compact_frame_is_laid_out_as_documented() -> None:
    """Read with nothing but offsets, as a server in another language would."""
    head, rows, names, rests = (int.from_bytes(GOLDEN_COMPACT[at : at + 4], "little") for at in (4, 8, 12, 16))
    header, columns = _golden()
    assert int.from_bytes(GOLDEN_COMPACT[20:28], "little") == columns.window_start_ms[0]
    assert int.from_bytes(GOLDEN_COMPACT[28:30], "little") == columns.window_ms[0]
    assert "beacons" not in json.loads(GOLDEN_COMPACT[30 : 30 + head])
    at = 30 + head
    assert GOLDEN_COMPACT[at] == 0
    at += 2 * names
    assert GOLDEN_COMPACT[at:].startswith(header.beacons[0].encode())
    at += rests
    median = GOLDEN_COMPACT[at + 6 * rows : at + 7 * rows]
    assert [-value / 2 for value in median] == columns.rssi_median_dbm
    assert len(GOLDEN_COMPACT) == at + 10 * rows


@pytest.mark.parametrize(
    "change",
    [
        {"rssi_median_dbm": [-67.25, -80.0]},
        {"rssi_median_dbm": [float("nan"), -80.0]},
        {"rssi_max_dbm": [0.5, 200.0]},
        {"adverts": [256, 1]},
        {"window_ms": [500, 1_000]},
        {"window_start_ms": [1_793_516_500_000, 1_793_516_400_000]},
        {"gateway": [256, 0]},
        {"beacon": [0, 40_000]},
    ],
)
def test_what_the_compact_frame_does_not_take_goes_as_a_plain_one(change: dict[str, list[float]]) -> None:
    header, columns = _golden()
    other = msgspec.structs.replace(columns, **change)
    assert encode_compact(header, other) == encode_frame(header, other)


def test_names_too_long_or_too_many_for_the_compact_frame_go_as_a_plain_one() -> None:
    header, columns = _golden()
    for names in (["x" * 300, "y"], [f"{'x' * 200}{number}" for number in range(6_000)]):
        other = msgspec.structs.replace(header, beacons=[BeaconKey(name) for name in names])
        assert encode_compact(other, columns)[:4] == MAGIC


def test_two_bytes_that_stand_for_a_long_name_do_not_fill_the_memory() -> None:
    head = b'{"tenant":"t","gateway":"g","boot":"b","batch":1,"sent_ms":0,"covered_until_ms":0}'
    many = 1 << 16
    counts = b"".join(value.to_bytes(4, "little") for value in (len(head), 0, many, 254))
    names = b"\0" + b"\xfe" * (many - 1) + b"\xfe" + bytes(many - 1) + b"x" * 254
    with pytest.raises(FrameError, match="1048576 bytes of names"):
        decode_frame(COMPACT_MAGIC + counts + bytes(10) + head + names)


def test_a_compact_frame_cut_anywhere_or_with_bytes_behind_is_refused() -> None:
    assert all(_refused(GOLDEN_COMPACT[:length]) for length in range(len(GOLDEN_COMPACT)))
    assert _refused(GOLDEN_COMPACT + b"\0")


def test_a_header_nested_without_end_is_refused() -> None:
    header = b'{"more":' + b"[" * 100_000
    assert _refused(MAGIC + len(header).to_bytes(4, "little") + bytes(4) + header + bytes(-(12 + len(header)) % 8))


@pytest.mark.parametrize(("rows", "words"), [(1 << 31, "has .* bytes, got"), (3, "3 rows")])
def test_a_row_count_that_does_not_fit_the_bytes_is_refused_before_anything_is_made(rows: int, words: str) -> None:
    with pytest.raises(FrameError, match=words):
        decode_frame(GOLDEN_FRAME[:8] + rows.to_bytes(4, "little") + GOLDEN_FRAME[12:])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"adverts": [1]}, "columns differ in length"),
        ({"adverts": [1, 70_000]}, "does not fit its column"),
        ({"gateway": [0, -1]}, "does not fit its column"),
        ({"rssi_last_dbm": [1.0, "x"]}, "does not fit its column"),
    ],
)
def test_columns_that_cannot_be_framed_are_named(change: dict[str, list[object]], words: str) -> None:
    header, columns = _golden()
    with pytest.raises(FrameError, match=words):
        encode_frame(header, msgspec.structs.replace(columns, **change))
