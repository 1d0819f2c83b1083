"""Why the geofence refuses: codes for machines and counters, sentences in both languages for people."""

from typing import Final

from floorplans import reasons as floorplans
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
    Words("The batch has {rows} rows, at most {limit} are taken at once.", "في الدفعة {rows:صف}، والحد الأقصى في المرة الواحدة {limit}."),
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
REFERENCE: Final = Reason(
    "reference",
    Words(
        "A beacon of the plan itself: it tells how loud its gateway reads, and of nobody where she is.",
        "منارة من منارات المخطط نفسه: تدل على قوة استقبال بوابتها، ولا تدل على موضع أحد.",
    ),
    422,
)
SHARED_GATEWAY: Final = Reason(
    "shared_gateway",
    Words(
        "Two boxes use this gateway's id at once, so nobody knows where this was heard; enrol one of them anew.",
        "جهازان يستخدمان معرّف هذه البوابة في الوقت نفسه، فلا يُعرف أين رُصد ذلك؛ أعد تسجيل أحدهما.",
    ),
    422,
)
DOUBTED_BEACON: Final = Reason(
    "doubted_beacon",
    Words(
        "This beacon is heard far from its place on the plan: a second one sends its key, or it was moved.",
        "تُرصد هذه المنارة بعيدًا عن موضعها على المخطط: إما أن منارة أخرى تبث معرّفها أو أنها نُقلت.",
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
    Words(
        "The row came after its moment was closed, and the device was being followed then.",
        "وصل الصف بعد إغلاق لحظته، وكان الجهاز متتبَّعًا حينها.",
    ),
    422,
)
TOO_OLD: Final = Reason(
    "too_old",
    Words("The row came so late that nothing is remembered of its moment.", "وصل الصف متأخرًا جدًا ولم يعد يُحفظ شيء عن لحظته."),
    422,
)
VAGUE_REPORT: Final = Reason(
    "vague_report",
    Words("The GPS report is too vague for anything to be decided by it.", "تقرير الموقع الجغرافي غير دقيق بما يكفي ليُبنى عليه قرار."),
    422,
)
JUMP: Final = Reason(
    "jump",
    Words(
        "The phone cannot have come there so fast: the GPS report is wrong, or was made up.",
        "لا يمكن للهاتف أن يصل إلى هناك بهذه السرعة: تقرير الموقع خاطئ أو مختلق.",
    ),
    422,
)
NO_PLAN: Final = Reason(
    "no_plan",
    Words("Venue {value} has no published plan.", "لا مخطط منشورًا للمتجر {value}."),
    503,
)

ERASED: Final = people.ERASED
"""Rows that waited for their moment when their shopper's erasure began."""

UNKNOWN_VENUE: Final = floorplans.UNKNOWN_VENUE
BAD_SPAN: Final = Reason(
    "bad_span",
    Words(
        "The span has {days} days; expected 1 to {most} where the step is {step}.",
        "عدد أيام المدة {days}؛ والمتوقع من 1 إلى {most} عند التقسيم {step}.",
    ),
    422,
)
STREAM_TOO_OLD: Final = Reason(
    "stream_too_old",
    Words(
        "What followed {value} is no longer at hand; begin without Last-Event-ID and count what lies between as missed.",
        "لم يعد ما تلا {value} متاحًا؛ ابدأ دون Last-Event-ID واعتبر ما بينهما مفقودًا.",
    ),
    410,
)
TOO_MANY_STREAMS: Final = Reason(
    "too_many_streams",
    Words("{limit} listeners are connected, which is as many as there may be.", "عدد المستمعين المتصلين {limit}، وهو الحد الأقصى."),
    503,
)
UNKNOWN_WEBHOOK: Final = Reason(
    "unknown_webhook",
    Words("There is no webhook {value}, or the caller may not see it.", "لا يحق للمُرسِل رؤية رابط إبلاغ باسم {value}، أو لا وجود له."),
    404,
)
UNKNOWN_DELIVERY: Final = Reason(
    "unknown_delivery",
    Words("The webhook has no delivery {value}.", "لا توجد عملية إبلاغ {value} لهذا الرابط."),
    404,
)
BAD_WEBHOOK_URL: Final = Reason(
    "bad_webhook_url",
    Words("The address cannot be told of anything: {problem}.", "لا يمكن إبلاغ هذا العنوان بشيء: {problem}."),
    422,
)
TOO_MANY_WEBHOOKS: Final = Reason(
    "too_many_webhooks",
    Words("There are {limit} webhooks, which is as many as there may be.", "عدد روابط الإبلاغ {limit}، وهو الحد الأقصى."),
    409,
)
WEBHOOK_OFF: Final = Reason(
    "webhook_off",
    Words("The webhook is switched off; switch it on first.", "رابط الإبلاغ موقوف؛ شغّله أولًا."),
    409,
)


UNKNOWN_CALIBRATION: Final = Reason(
    "unknown_calibration",
    Words("The venue has no calibration {value}.", "ليس للمتجر معايرة باسم {value}."),
    404,
)
CALIBRATION_OF_ELSEWHERE: Final = Reason(
    "calibration_of_elsewhere",
    Words(
        "None of the radios that calibration {value} names is on the plan in force; it seems to be of another venue.",
        "ليس على المخطط المعمول به أي من الأجهزة التي تذكرها المعايرة {value}؛ يبدو أنها لمتجر آخر.",
    ),
    409,
)
CALIBRATION_TOO_LARGE: Final = Reason(
    "calibration_too_large",
    Words(
        "The calibration would be kept in {size} bytes, at most {limit} may be; survey fewer places.",
        "يحتاج حفظ المعايرة إلى {size} بايت، والحد الأقصى {limit}؛ امسح مواضع أقل.",
    ),
    413,
)

CALIBRATION_IN_FORCE: Final = Reason(
    "calibration_in_force",
    Words(
        "Calibration {value} is in force; put another in force first, or none.",
        "المعايرة {value} معمول بها؛ اعمل بغيرها أولًا أو دون معايرة.",
    ),
    409,
)
CALIBRATION_NEEDED: Final = Reason(
    "calibration_needed",
    Words(
        "Calibration {value} was in force until lately: the venue's positions may still have to be worked out with it after a restart. "
        "It can go a minute after shoppers were heard under another one.",
        "كانت المعايرة {value} معمولًا بها حتى وقت قريب، وقد تلزم لحساب مواضع المتجر بعد إعادة التشغيل. "
        "يمكن حذفها بعد دقيقة من سماع المتسوقين في ظل معايرة أخرى.",
    ),
    409,
)
TOO_MANY_CALIBRATIONS: Final = Reason(
    "too_many_calibrations",
    Words(
        "The venue keeps {limit} calibrations, which is as many as it may; drop one that is not in force first, such as {known}.",
        "يحفظ المتجر {limit} من المعايرات، وهو الحد الأقصى؛ احذف أولًا واحدة غير معمول بها، مثل {known}.",
    ),
    409,
)


# --- of third-party boxes --------------------------------------------------------------------------------------------------------

UNKNOWN_FEED: Final = Reason(
    "unknown_feed",
    Words("There is no feed {value}.", "لا يوجد مصدر خارجي باسم {value}."),
    404,
)
UNKNOWN_FEED_KIND: Final = Reason(
    "unknown_feed_kind",
    Words("There is no kind of feed {value}; known are {known}.", "لا يوجد نوع مصدر خارجي باسم {value}؛ المعروف: {known}."),
    422,
)
BAD_FEED_BROKER: Final = Reason(
    "bad_feed_broker",
    Words("The broker cannot be reached as told: {problem}.", "لا يمكن الاتصال بالوسيط كما وُصف: {problem}."),
    422,
)
FEED_UNREADABLE: Final = Reason(
    "feed_unreadable",
    Words(
        "The payload cannot be read as what this kind of box sends: {problem}.",
        "لا يمكن قراءة الحمولة على أنها مما يرسله هذا النوع من الصناديق: {problem}.",
    ),
    422,
)
FEED_UNREADABLE_ENTRY: Final = Reason(
    "feed_unreadable_entry",
    Words("An entry of the payload has no signal strength or no sender.", "في الحمولة مدخل بلا شدة إشارة أو بلا مُرسِل."),
    422,
)
FEED_NOTHING_HEARD: Final = Reason(
    "feed_nothing_heard",
    Words(
        "The payload tells of no advert: a box's own state, an absence, or a topic that is none of this kind.",
        "لا تذكر الحمولة أي إعلان: إما حالة الصندوق نفسه أو غياب جهاز أو موضوع ليس من هذا النوع.",
    ),
    422,
)
FEED_UNKNOWN_BOX: Final = Reason(
    "feed_unknown_box",
    Words("The box that heard it is not on the feed's list.", "الصندوق الذي رصده ليس في قائمة المصدر الخارجي."),
    422,
)
FEED_STALE: Final = Reason(
    "feed_stale",
    Words(
        "By its box's clock the advert is too old, or of the future: it waited in a queue, or the clock is off.",
        "بحسب ساعة الصندوق فالإعلان قديم جدًا أو من المستقبل: إما أنه انتظر في طابور أو أن الساعة غير مضبوطة.",
    ),
    422,
)
FEED_REPEAT: Final = Reason(
    "feed_repeat",
    Words("The same payload was taken before; it has no second effect.", "استُلمت الحمولة نفسها من قبل، وليس لها أثر ثانٍ."),
    409,
)
FEED_RETAINED: Final = Reason(
    "feed_retained",
    Words("The broker had kept the payload from before; it says nothing of now.", "احتفظ الوسيط بالحمولة من قبل، فلا تدل على الوضع الآن."),
    422,
)
FEED_OVERRUN: Final = Reason(
    "feed_overrun",
    Words("More came than could be taken in time, and this was lost.", "وصل أكثر مما يمكن أخذه في حينه ففُقد هذا."),
    503,
)
FEED_CHANGED: Final = Reason(
    "feed_changed",
    Words("The feed was closed or changed before its window was over.", "أُغلق المصدر الخارجي أو تغيّر قبل انتهاء نافذته."),
    409,
)

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
    REFERENCE,
    SHARED_GATEWAY,
    DOUBTED_BEACON,
    CLONED,
    LATE,
    VAGUE_REPORT,
    JUMP,
    TOO_OLD,
    ERASED,
    NO_PLAN,
    BAD_SPAN,
    STREAM_TOO_OLD,
    TOO_MANY_STREAMS,
    UNKNOWN_WEBHOOK,
    UNKNOWN_DELIVERY,
    BAD_WEBHOOK_URL,
    TOO_MANY_WEBHOOKS,
    WEBHOOK_OFF,
    UNKNOWN_CALIBRATION,
    CALIBRATION_OF_ELSEWHERE,
    CALIBRATION_TOO_LARGE,
    CALIBRATION_IN_FORCE,
    CALIBRATION_NEEDED,
    TOO_MANY_CALIBRATIONS,
    UNKNOWN_FEED,
    UNKNOWN_FEED_KIND,
    BAD_FEED_BROKER,
    FEED_UNREADABLE,
    FEED_UNREADABLE_ENTRY,
    FEED_NOTHING_HEARD,
    FEED_UNKNOWN_BOX,
    FEED_STALE,
    FEED_REPEAT,
    FEED_RETAINED,
    FEED_OVERRUN,
    FEED_CHANGED,
)
