"""Communities: what one may be called, and from how many members on their number is told.

Pure. Joining and leaving is the shopper's own act, one request each, and needs no consent of its own: while she does not consent to
offers, being in a community has no effect. What a name may not say is in `demographics.py`.
"""

import re
from typing import Final

from groundwork.people.demographics import Named, named_in_text
from groundwork.people.model import Community

LEAST_SHOWN: Final = 10
"""Members below which their number is not told: a handful, with a name as narrow as a community's, points at people."""
_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


def is_community_id(text: str) -> bool:
    """Whether it may be a community's id: small letters, digits and hyphens, 64 at most."""
    return _ID.fullmatch(text) is not None


def named_in_community(community: Community) -> tuple[str, Named] | None:
    """Where, as a JSON pointer, and how the community calls its members by age, gender or nationality; None where it does not."""
    texts = {
        "/id": community.id,
        "/name/ar": community.name_ar,
        "/name/en": community.name_en,
        "/about/ar": community.about_ar,
        "/about/en": community.about_en,
    }
    return next(((at, named) for at, text in texts.items() if (named := named_in_text(text)) is not None), None)


def shown_members(members: int) -> int | None:
    """The number of members as it is told."""
    return members if members >= LEAST_SHOWN else None
