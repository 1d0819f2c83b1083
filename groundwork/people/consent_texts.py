"""Consent texts: the words a shopper is shown before she answers. A version never changes; other words are a new version.

Pure. A fresh tenant starts with the words below, which say what this software does and nothing about the retailer: who runs it should
have a lawyer read them, and put the retailer's own words in as a newer version. Answers cite the version (`consent.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from groundwork.people.model import MEASUREMENT, OFFERS, POSITIONING

DEFAULT_VERSION: Final = "v1"
LONGEST: Final = 4_000
"""Characters of a text: a longer one is not read, and consent to what is not read is none."""


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of the words for one purpose, in both languages."""

    purpose: str
    version: str
    ar: str
    en: str
    created_ms: int


class UnknownText(ValueError):
    """An answer cites a text that there is not; `newest` is the newest version there is for the purpose, empty for none."""

    def __init__(self, purpose: str, version: str, newest: str) -> None:
        self.purpose, self.version, self.newest = purpose, version, newest
        super().__init__(f"there is no consent text {version!r} for {purpose}; the newest is {newest!r}")


DEFAULTS: Final[Mapping[str, tuple[str, str]]] = {
    POSITIONING: (
        (
            "أوافق على أن يحدد المتجر القسم الذي أكون فيه أثناء زيارتي، بإشارات البلوتوث من هاتفي أو من العربة التي أختارها. "
            "لا يُستخدم اسمي ولا رقم هاتفي لذلك. يمكنني سحب هذه الموافقة في أي وقت من التطبيق، ويتوقف تحديد الموضع فور سحبها."
        ),
        (
            "I agree that the shop finds out which department I am in during my visit, by the Bluetooth signals of my phone or of the cart "
            "I choose. Neither my name nor my phone number is used for it. I can withdraw this in the app at any time, and it ends at once."
        ),
    ),
    OFFERS: (
        (
            "أوافق على أن يرسل إليّ المتجر عروضًا شخصية تناسب المكان الذي أكون فيه، بعدد قليل في كل زيارة. "
            "يمكنني سحب هذه الموافقة في أي وقت من التطبيق، ولا يصلني أي عرض بعد ذلك."
        ),
        (
            "I agree that the shop sends me personal offers that fit where I am, a few a visit at most. "
            "I can withdraw this in the app at any time, and no offer is sent after that."
        ),
    ),
    MEASUREMENT: (
        (
            "أوافق على أن تُحتسب مشترياتي لمعرفة ما إذا كانت العروض مفيدة. "
            "يمكنني سحب هذه الموافقة في أي وقت من التطبيق، ولا تُربط بي أي مشتريات بعد ذلك."
        ),
        (
            "I agree that my purchases are counted, to learn whether offers are of use. "
            "I can withdraw this in the app at any time, and no purchase is tied to me after that."
        ),
    ),
}
"""Arabic and English, by purpose."""


def defaults(created_ms: int) -> list[ConsentText]:
    """What a fresh tenant starts with."""
    return [ConsentText(purpose, DEFAULT_VERSION, ar, en, created_ms) for purpose, (ar, en) in DEFAULTS.items()]
