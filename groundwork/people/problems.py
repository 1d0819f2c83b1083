"""Why a token, a tag or a gateway's key is refused. `reasons.py` has the rest of the package's and lists these with them."""

from typing import Final

from groundwork.plumbing.reasons import Reason, Words

PAUSED: Final = Reason(
    "paused",
    Words(
        "The shopper has paused until {until}; nothing is positioned before.",
        "أوقف المتسوّق الخدمة مؤقتًا حتى {until}؛ ولا يُحدَّد أي موضع قبل ذلك.",
    ),
    403,
)
BAD_DAY: Final = Reason(
    "bad_day",
    Words(
        "Day {value} is not on offer; tokens are given for {known} (days since 1970 UTC: today and tomorrow).",
        "اليوم {value} غير متاح؛ تُعطى الرموز لليومين {known} (عدد الأيام منذ 1970 بالتوقيت العالمي: اليوم وغدًا).",
    ),
    422,
)
UNKNOWN_TAG_CODE: Final = Reason(
    "unknown_tag_code",
    Words("No tag has this code; scan it again.", "لا توجد بطاقة تتبّع بهذا الرمز؛ امسحه مرة أخرى."),
    404,
)
UNKNOWN_TAG: Final = Reason(
    "unknown_tag",
    Words("There is no tag {value} here.", "لا توجد هنا بطاقة تتبّع {value}."),
    404,
)
TAG_TAKEN: Final = Reason(
    "tag_taken",
    Words(
        "This card belongs to another shopper until she releases it.",
        "هذه البطاقة تخص متسوّقًا آخر إلى أن يفكّ ارتباطها.",
    ),
    409,
)
BAD_TAG: Final = Reason(
    "bad_tag",
    Words("A tag cannot be registered so: {value}; expected {expected}.", "لا يمكن تسجيل بطاقة التتبّع هكذا: {value}؛ والمتوقع {expected}."),
    422,
)
TAG_REGISTERED: Final = Reason(
    "tag_registered",
    Words(
        "A tag with this beacon is registered already, as {value}; ask for a new code for it, or retire it first.",
        "توجد بطاقة تتبّع مسجلة بهذه المنارة باسم {value}؛ اطلب لها رمزًا جديدًا أو ألغِها أولًا.",
    ),
    409,
)
UNKNOWN_GATEWAY: Final = Reason(
    "unknown_gateway",
    Words("There is no gateway {value} here.", "لا توجد هنا بوابة {value}."),
    404,
)
UNKNOWN_GATEWAY_KEY: Final = Reason(
    "unknown_gateway_key",
    Words("Gateway {gateway} has no live key {value}.", "لا يوجد للبوابة {gateway} مفتاح سارٍ {value}."),
    404,
)
GATEWAY_IS_RADIO: Final = Reason(
    "gateway_is_radio",
    Words(
        "Gateway {value} is a radio on box {via}, which signs for it; ask for a code for the box.",
        "البوابة {value} جهاز راديو متصل بالصندوق {via} وهو من يوقّع عنها؛ اطلب رمزًا للصندوق.",
    ),
    409,
)
BAD_GATEWAY_RULES: Final = Reason(
    "bad_gateway_rules",
    Words("These rules cannot stand: {value}; expected {expected}.", "لا يمكن اعتماد هذه القواعد: {value}؛ والمتوقع {expected}."),
    422,
)
WRONG_CODE: Final = Reason(
    "wrong_code",
    Words(
        "This code is wrong, was used by another box, or has run out. Ask for a new one in the console.",
        "هذا الرمز غير صحيح أو استعمله صندوق آخر أو انتهت مدته. اطلب رمزًا جديدًا من لوحة التحكم.",
    ),
    403,
)
WRONG_PROOF: Final = Reason(
    "wrong_proof",
    Words("The proof does not show that the sender holds this key.", "لا يثبت التوقيع أن المُرسِل يملك هذا المفتاح."),
    403,
)
KEY_TAKEN: Final = Reason(
    "key_taken",
    Words("This public key stands for another gateway; make a new key pair.", "هذا المفتاح العام يخص بوابة أخرى؛ أنشئ زوج مفاتيح جديدًا."),
    409,
)
KEY_REVOKED: Final = Reason(
    "key_revoked",
    Words(
        "This public key was revoked and does not come back; make a new key pair.",
        "أُلغي هذا المفتاح العام ولا يعود؛ أنشئ زوج مفاتيح جديدًا.",
    ),
    409,
)

ALL: Final = (
    PAUSED,
    BAD_DAY,
    UNKNOWN_TAG_CODE,
    UNKNOWN_TAG,
    TAG_TAKEN,
    BAD_TAG,
    TAG_REGISTERED,
    UNKNOWN_GATEWAY,
    UNKNOWN_GATEWAY_KEY,
    GATEWAY_IS_RADIO,
    BAD_GATEWAY_RULES,
    WRONG_CODE,
    WRONG_PROOF,
    KEY_TAKEN,
    KEY_REVOKED,
)
BY_CODE: Final = {reason.code: reason for reason in ALL}
