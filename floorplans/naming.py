"""Names for what a file left unnamed, and the two languages we keep of however many a file has.

Pure. A place with one name keeps it in both languages: a name shown in the other script is better than none.
"""

from collections.abc import Mapping
from typing import Final

from floorplans.model import Names

LONGEST: Final = 200
"""Characters; what the tables have room for."""

KIND_NAMES: Final[Mapping[str, Names]] = {
    "department": Names("قسم", "Department"),
    "aisle": Names("ممر", "Aisle"),
    "shelf": Names("رف", "Shelf"),
    "entrance": Names("مدخل", "Entrance"),
    "checkout": Names("صناديق الدفع", "Checkout"),
    "pickup": Names("استلام الطلبات", "Pickup"),
    "kiosk": Names("كشك", "Kiosk"),
    "seating": Names("جلسات", "Seating"),
    "prayer": Names("مصلى", "Prayer room"),
    "offer": Names("منطقة عروض", "Offer zone"),
    "venue": Names("المتجر", "Venue"),
    "room": Names("غرفة", "Room"),
    "shop": Names("محل", "Shop"),
    "corridor": Names("رواق", "Corridor"),
    "restroom": Names("دورة مياه", "Restroom"),
    "staff": Names("للموظفين فقط", "Staff only"),
    "stairs": Names("درج", "Stairs"),
    "elevator": Names("مصعد", "Elevator"),
    "escalator": Names("سلم متحرك", "Escalator"),
    "ramp": Names("منحدر", "Ramp"),
    "parking": Names("موقف سيارات", "Parking"),
    "void": Names("فراغ", "Open to below"),
    "level": Names("طابق", "Level"),
    "building": Names("مبنى", "Building"),
}


def names(arabic: str | None, english: str | None, kind: str) -> Names:
    """The names given; where one is missing the other stands in, and where both are, the kind's own word."""
    arabic, english = (arabic or "").strip()[:LONGEST], (english or "").strip()[:LONGEST]
    if not arabic and not english:
        return KIND_NAMES[kind]
    return Names(arabic or english, english or arabic)


def labelled(labels: object, kind: str) -> Names:
    """Names from IMDF's `{language: text}`, whose keys may carry a region: `ar-SA`; from any other language where neither is there."""
    if not isinstance(labels, Mapping):
        return names(None, labels if isinstance(labels, str) else None, kind)
    texts = {str(language).lower(): text for language, text in labels.items() if isinstance(text, str)}
    arabic = next((text for language, text in texts.items() if language.split("-")[0] == "ar"), None)
    english = next((text for language, text in texts.items() if language.split("-")[0] == "en"), None)
    other = next(iter(texts.values()), None) if arabic is None else None
    return names(arabic, english or other, kind)


def labels(given: Names | None, kind: str) -> dict[str, str] | None:
    """The same for a file; None for what had no name of its own, so that it comes back as it went."""
    if given is None or given == KIND_NAMES.get(kind):
        return None
    return {"ar": given.ar, "en": given.en}
