"""Why the geofence refuses: codes for machines and counters, sentences in both languages for people."""

from typing import Final

from groundwork.people import reasons as people
from groundwork.plumbing.reasons import Reason, Words

BAD_BATCH: Final = Reason(
    "bad_batch",
    Words(
        "The batch was refused as a whole: {field} is {value}, expected {expected}.",
        "رُفضت الدفعة كلها: قيمة {field} هي {value}، والمتوقع {expected}.",
    ),
    400,
)
TOO_MANY_ROWS: Final = Reason(
    "too_many_rows",
    Words("The batch has {rows} rows, at most {limit} are taken at once.", "في الدفعة {rows} صفًا، والحد الأقصى في المرة الواحدة {limit}."),
    413,
)
FOREIGN_TENANT: Final = Reason(
    "foreign_tenant",
    Words("The batch names tenant {value}, which is not the caller's.", "تذكر الدفعة المستأجر {value} وهو ليس مستأجر المُرسِل."),
    403,
)
FOREIGN_GATEWAY: Final = Reason(
    "foreign_gateway",
    Words(
        "The batch says it comes from gateway {value}, which did not sign it.",
        "تقول الدفعة إنها من البوابة {value}، لكنها ليست من وقّعها.",
    ),
    403,
)
FOREIGN_RADIO: Final = Reason(
    "foreign_radio",
    Words(
        "The batch carries rows of gateway {value}, which is neither the sender nor attached to it.",
        "تحمل الدفعة صفوفًا من البوابة {value}، وهي ليست المُرسِل ولا متصلة به.",
    ),
    403,
)
NO_VENUE: Final = Reason(
    "no_venue",
    Words("Gateway {value} belongs to no venue.", "البوابة {value} لا تتبع أي متجر."),
    403,
)
FOREIGN_VENUE: Final = Reason(
    "foreign_venue",
    Words("The caller may not report for venue {value}.", "لا يحق للمُرسِل أن يبلّغ عن المتجر {value}."),
    403,
)
NO_POSITIONING_CONSENT: Final = people.NO_POSITIONING_CONSENT
BATCH_CHANGED: Final = Reason(
    "batch_changed",
    Words(
        "Batch {batch} of boot {boot} was accepted before with other content; a batch number is used once.",
        "قُبلت الدفعة {batch} من التشغيل {boot} من قبل بمحتوى مختلف؛ رقم الدفعة يُستعمل مرة واحدة.",
    ),
    409,
)
IMPOSSIBLE_RSSI: Final = Reason(
    "impossible_rssi",
    Words("A row's signal strength is no possible dBm value.", "قيمة شدة الإشارة في الصف غير ممكنة بوحدة dBm."),
    422,
)
UNKNOWN_BEACON: Final = Reason(
    "unknown_beacon",
    Words("The beacon belongs to nobody who consents to positioning.", "المنارة لا تخص أحدًا وافق على تحديد موضعه."),
    422,
)
UNPLACED: Final = Reason(
    "unplaced",
    Words("The gateway or beacon has no placement on the published plan.", "لا موضع لهذه البوابة أو المنارة على المخطط المنشور."),
    422,
)
STALE_TOKEN: Final = Reason(
    "stale_token",
    Words(
        "The token is of another quarter of an hour: it was recorded and sent again, or the phone's clock is off.",
        "الرمز يخص ربع ساعة آخر: إما أنه سُجّل وأعيد بثه، أو أن ساعة الهاتف غير مضبوطة.",
    ),
    422,
)
CLONED: Final = Reason(
    "cloned",
    Words(
        "The token or tag was heard at the same time where it cannot be; for a minute it has no effect.",
        "رُصد الرمز أو بطاقة التتبّع في الوقت نفسه في مكان لا يمكن أن يكون فيه؛ ولن يكون له أثر لمدة دقيقة.",
    ),
    422,
)
LATE: Final = Reason(
    "late",
    Words("The row came after its moment was closed.", "وصل الصف بعد إغلاق لحظته."),
    422,
)
NO_PLAN: Final = Reason(
    "no_plan",
    Words("Venue {value} has no published plan.", "لا مخطط منشورًا للمتجر {value}."),
    503,
)

ERASED: Final = people.ERASED
"""Rows that waited for their moment when their shopper's erasure began."""

ALL: Final = (
    BAD_BATCH,
    TOO_MANY_ROWS,
    FOREIGN_TENANT,
    FOREIGN_GATEWAY,
    FOREIGN_RADIO,
    NO_VENUE,
    FOREIGN_VENUE,
    NO_POSITIONING_CONSENT,
    BATCH_CHANGED,
    IMPOSSIBLE_RSSI,
    UNKNOWN_BEACON,
    UNPLACED,
    STALE_TOKEN,
    CLONED,
    LATE,
    ERASED,
    NO_PLAN,
)
