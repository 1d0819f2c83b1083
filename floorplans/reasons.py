"""Why the registry of places refuses: codes for machines, sentences in both languages for people."""

from typing import Final

from groundwork.plumbing.reasons import Reason, Words

UNKNOWN_VENUE: Final = Reason(
    "unknown_venue",
    Words("There is no venue {value}, or the caller may not see it.", "لا يحق للمُرسِل رؤية متجر باسم {value}، أو لا وجود له."),
    404,
)
NO_PUBLISHED_PLAN: Final = Reason(
    "no_published_plan",
    Words("Venue {value} has no published plan yet.", "لم يُنشر مخطط للمتجر {value} بعد."),
    404,
)

ALL: Final = (UNKNOWN_VENUE, NO_PUBLISHED_PLAN)
