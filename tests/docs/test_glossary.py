"""Every word of the glossary has its Arabic, and every id of the contracts its row."""

import re

from tests.architecture.source import ROOT, sources
from tests.architecture.test_languages import ARABIC_OF
from tests.docs.markdown import page, table

TEXT = page("docs/glossary.md")
WORDS = table(TEXT, "word", "Arabic", "meaning")


def test_every_word_has_an_arabic_term_and_a_meaning() -> None:
    assert [row[0] for row in WORDS if not re.search(r"[\u0621-\u064a]{2}", row[1]) or len(row[2]) < 10] == []


def test_a_word_stands_once() -> None:
    words = [row[0] for row in WORDS]
    assert [word for word in words if words.count(word) > 1] == []


def test_two_words_do_not_share_an_arabic_term() -> None:
    terms = [row[1] for row in WORDS]
    assert [term for term in terms if terms.count(term) > 1] == []


def test_every_id_of_the_contracts_is_explained_and_no_other() -> None:
    ids = re.findall(r"^(\w+) = NewType\(", (ROOT / "groundwork/contracts/ids.py").read_text(encoding="utf-8"), re.MULTILINE)
    assert [row[0].strip("`") for row in table(TEXT, "type", "names", "made")] == ids


def test_the_main_words_are_used_in_the_code() -> None:
    """A glossary of words that nobody uses is a wish."""
    code = "\n".join(source.text for source in sources() if not source.within("tests"))
    unused = [row[0] for row in WORDS if not re.search(row[0].replace(" ", "[ _]?"), code, re.IGNORECASE)]
    later = {
        "level frame",
        "georeference",
        "control point",
        "feed",
        "permit",
        "push token",
        "operator",
        "frequency cap",
        "GPS report",
        "stock",
    }
    assert set(unused) <= later


def test_the_terms_the_sentences_are_held_to_are_those_of_the_glossary() -> None:
    arabic = {row[0]: row[1] for row in WORDS}
    assert [noun for noun, stem in ARABIC_OF.items() if not re.search(stem, arabic[noun])] == []
