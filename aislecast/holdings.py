"""What every table of a deployment holds of shoppers, how long, and what erasure does with it: the lists of all packages together.

A new table must be in one of them; a test says which, and what to write (`tests/architecture/test_holdings.py`).
"""

from typing import Final

import geofence.holdings
import groundwork.people.holdings
import notifier.holdings
from groundwork.people.holding import Holding, nothing
from groundwork.plumbing import queries
from groundwork.plumbing.reasons import Words

_PLANS: Final = Words("plans and their versions, which events cite", "المخططات وإصداراتها التي تشير إليها الأحداث")
_GOODS: Final = Words("what the shop sells", "ما يبيعه المتجر")
_MACHINERY: Final = Words("one row for each shard or topic, overwritten", "سطر واحد لكل جزء أو موضوع يُستبدل باستمرار")
_BY_TRACK: Final = Words("rows by track and pseudonym, on their way through", "أسطر بأسماء مستعارة أثناء المعالجة")

_PLUMBING: Final = (
    Holding(
        "inbox",
        "kept",
        Words("Batches that were received", "الدفعات المستلمة"),
        Words("So that a repeat is known; reports of phones by track.", "للتعرف على التكرار؛ وتقارير الهواتف بأسماء مستعارة."),
        days="inbox_days",
        sweep=queries.sweep_inbox,
    ),
    Holding("log", "kept", Words("What is being worked on", "ما يجري العمل عليه"), _BY_TRACK, days="log_days", sweep=queries.sweep_log),
    Holding(
        "dead_letter",
        "kept",
        Words("What could not be worked on", "ما تعذرت معالجته"),
        _BY_TRACK,
        days="dead_letters_days",
        sweep=queries.sweep_dead_letters,
    ),
    Holding(
        "snapshot",
        "deleted",
        Words("Where devices were last seen", "آخر موضع شوهدت فيه الأجهزة"),
        Words("The memory of the engines, by track and pseudonym.", "ذاكرة المحركات بأسماء مستعارة."),
        Words("overwritten by the next, within seconds while a shop is open", "تُستبدل بالتالية خلال ثوانٍ ما دام المتجر مفتوحًا"),
    ),
    Holding(
        "audit",
        "kept",
        Words("Who did what", "من فعل ماذا"),
        Words("Acts of operators; those about a shopper name her pseudonym.", "أفعال المشغلين؛ وما يخص متسوقة يذكر اسمها المستعار."),
        Words("for good: it is a chain in which a missing link would show", "يبقى دائمًا لأنه سلسلة يظهر فيها أي نقص"),
    ),
    *nothing(("log_head", "shard", "topic"), _MACHINERY),
)

HOLDINGS: Final[tuple[Holding, ...]] = (
    *groundwork.people.holdings.HOLDINGS,
    *geofence.holdings.HOLDINGS,
    *notifier.holdings.HOLDINGS,
    *_PLUMBING,
    *nothing(("venue", "plan_version", "plan_part", "level", "zone", "placement", "sheet"), _PLANS),
    *nothing(("draft", "draft_command", "publication", "plan_import"), _PLANS),
    *nothing(("product",), _GOODS),
)
