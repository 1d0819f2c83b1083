"""What the system, the decoder and the reader of TOML say in English is said in Arabic; what nobody knows is quoted."""

import errno
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from groundwork.contracts.unfit import Unfit, Wrong
from groundwork.plumbing.phrases import phrase_of, said_again
from groundwork.plumbing.reasons import Misfit, Words

ARABIC = re.compile("[ء-ي]")


class Shelf(msgspec.Struct, forbid_unknown_fields=True):
    """A body to be wrong."""

    metres: float
    boards: int = 1

    def __post_init__(self) -> None:
        if self.metres > 9:
            raise Unfit("at most 9", "9 على الأكثر", at="/metres", value=self.metres)


@pytest.mark.parametrize(
    ("raw", "english", "arabic"),
    [
        (b'{"metres": "x"}', "$.metres: expected `float`", "$.metres: المتوقع عدد"),
        (b"{}", "$: expected a field metres", "$: المتوقع الحقل metres"),
        (b'{"metres": 1, "x": 2}', "$: expected no field x", "$: المتوقع ألّا يوجد الحقل x"),
        (b'{"metres": 10}', "$: expected at most 9", "$: المتوقع 9 على الأكثر"),
        (b"{", "it ends too early", "انقطع قبل تمامه"),
        (b"[1,]", "$: expected `object`", "$: المتوقع كائن"),
    ],
)
def test_a_decoders_error_is_said_with_its_place(raw: bytes, english: str, arabic: str) -> None:
    with pytest.raises(msgspec.DecodeError) as caught:
        msgspec.json.decode(raw, type=Shelf)
    assert phrase_of(caught.value) == (english, arabic)


def test_the_systems_errors_are_known_by_number_and_by_text(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file") as caught:
        (tmp_path / "none").read_bytes()
    assert phrase_of(caught.value).ar == "لا يوجد ملف أو مجلد بهذا الاسم"
    assert said_again("Permission denied") == ("Permission denied", "لا توجد صلاحية")
    assert phrase_of(OSError(errno.ENOTTY, "Not a typewriter")) == ("Not a typewriter", "Not a typewriter")


@pytest.mark.parametrize(("text", "where"), [("[a\nb", "السطر 1، العمود 3"), ("a = ?", "السطر 1، العمود 5"), ('a = """', "نهاية الملف")])
def test_what_is_no_toml_is_said_with_its_place(text: str, where: str) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    assert phrase_of(caught.value).ar == f"ليس TOML سليمًا ({where})"


@pytest.mark.parametrize(
    "error",
    [
        Wrong("no floor", "لا أرضية"),
        Unfit("a floor", "أرضية"),
        Misfit(Words("no {x}", "لا {x}"), x="door"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "?"),
    ],
)
def test_our_own_errors_bring_both_languages(error: Exception) -> None:
    words = phrase_of(error)
    assert ARABIC.search(words.ar)
    assert not ARABIC.search(words.en)


def test_what_nobody_knows_is_quoted() -> None:
    assert phrase_of(RuntimeError("the driver says so")) == ("the driver says so", "the driver says so")
