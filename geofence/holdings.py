"""What each table of this package holds of a shopper; the words are what she reads when she asks."""

from typing import Final

from geofence import queries
from geofence.queries.arrivals import sweep_arrivals
from groundwork.people.holding import FATES, Holding, nothing
from groundwork.people.model import POSITIONING
from groundwork.plumbing.reasons import Words

HOLDINGS: Final = (
    Holding(
        "visit",
        "deleted",
        Words("Your visits", "زياراتك"),
        Words("When you were in which shop, by a pseudonym.", "متى كنت في أي متجر، باسم مستعار."),
        days="visits_days",
        consent=POSITIONING,
        rows=queries.held("visit"),
        sweep=queries.sweep_visits,
    ),
    Holding(
        "zone_event",
        "deleted",
        Words("Where you were in the shop", "أين كنت داخل المتجر"),
        Words(
            "Which aisles and zones you entered, stayed in and left, so that an offer fits the place; by a pseudonym.",
            "الممرات والمناطق التي دخلتها وبقيت فيها وغادرتها، ليناسب العرض مكانك، باسم مستعار.",
        ),
        days="zone_events_days",
        consent=POSITIONING,
        rows=queries.held("zone_event"),
        sweep=queries.sweep_zone_events,
    ),
    Holding(
        "arrival",
        "deleted",
        Words("Your way to the shop", "طريقك إلى المتجر"),
        Words(
            "When you came near a shop and arrived, and when you were expected; no place on the map, by a pseudonym.",
            "متى اقتربت من المتجر ووصلت ومتى كان وصولك متوقعًا؛ من دون موضع على الخريطة، باسم مستعار.",
        ),
        days="visits_days",
        consent=POSITIONING,
        rows=queries.held("arrival"),
        sweep=sweep_arrivals,
    ),
    *nothing(("feed",), Words("as long as the boxes are listened to", "ما دام الاستماع إلى الصناديق مستمرًا")),
    *nothing(
        ("feed_receipt",),
        Words(
            "until the broker uses the number again; a keyed mark of a message, which leads to nothing in it",
            "حتى يستعمل الوسيط الرقم من جديد؛ وهو علامة بمفتاح سري لا تقود إلى شيء في الرسالة",
        ),
    ),
    Holding(
        "webhook_delivery",
        "deleted",
        Words("What the shop's own systems were told of you", "ما أُبلغت به أنظمة المتجر عنك"),
        Words(
            "That you entered, stayed in or left a zone or the shop, and whether it was received; by a pseudonym.",
            "دخولك منطقة أو متجرًا أو بقاؤك فيه أو مغادرتك، وهل استُلم البلاغ؛ باسم مستعار.",
        ),
        days="deliveries_days",
        consent=POSITIONING,
        rows=queries.held_deliveries,
        sweep=queries.sweep_deliveries,
    ),
    Holding(
        "webhook_attempt",
        "nothing",
        FATES["nothing"],
        Words("When a delivery was tried, and what was answered.", "متى جرت محاولة الإبلاغ وبماذا أُجيب."),
        days="deliveries_days",
        sweep=queries.sweep_attempts,
    ),
    Holding(
        "statistic",
        "nothing",
        FATES["nothing"],
        Words("How often and how long zones were visited, by how many.", "كم مرة زيرت المناطق ولأي مدة وكم عدد الزائرين."),
        days="statistics_days",
        sweep=queries.sweep_statistics,
    ),
    *nothing(
        ("chronicle", "counted", "webhook_position"), Words("one row for each venue, overwritten", "سطر واحد لكل متجر يُستبدل باستمرار")
    ),
    *nothing(("webhook",), Words("until an admin removes it", "حتى يحذفه المشرف")),
    *nothing(("forgetting",), Words("until the erasure it belongs to is through here", "حتى تكتمل عملية المحو التي يخصها هنا")),
    *nothing(("calibration", "calibration_use"), Words("as long as the venue is run", "ما دام المتجر قائمًا")),
    *nothing(("gateway_clock",), Words("as long as the box is known", "ما دام الصندوق معروفًا")),
)
