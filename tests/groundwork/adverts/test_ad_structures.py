"""Rules of the AD parser: tolerant of what follows, strict about what is there."""

from groundwork.adverts.ad_structures import structure, structures


def test_structures_come_in_the_order_sent() -> None:
    assert structures(bytes.fromhex("0201060303aafe")) == [(0x01, b"\x06"), (0x03, b"\xaa\xfe")]


def test_zero_padding_ends_the_advert() -> None:
    assert structures(bytes.fromhex("020106" + "00" * 28)) == [(0x01, b"\x06")]


def test_a_trailing_rssi_byte_costs_nothing() -> None:
    assert structures(bytes.fromhex("020106e4")) == [(0x01, b"\x06")]


def test_a_length_beyond_the_end_keeps_the_earlier_structures() -> None:
    assert structures(bytes.fromhex("02010615ff4c00")) == [(0x01, b"\x06")]


def test_a_structure_may_have_an_empty_value() -> None:
    assert structures(bytes.fromhex("01ff")) == [(0xFF, b"")]


def test_nothing_comes_of_nothing() -> None:
    assert structures(b"") == []


def test_a_structure_is_read_back_as_it_was_made() -> None:
    assert structures(structure(0xFF, bytes(254)) + structure(0x16, b"a")) == [(0xFF, bytes(254)), (0x16, b"a")]
