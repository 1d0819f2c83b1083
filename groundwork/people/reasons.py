"""Why the registry of people refuses: codes for machines, sentences in both languages for people."""

from typing import Final

from groundwork.plumbing.reasons import Reason, Words

UNKNOWN_PURPOSE: Final = Reason(
    "unknown_purpose",
    Words(
        "There is no purpose {value}; consent can be given to {known}.",
        "لا يوجد غرض باسم {value}؛ الأغراض المتاحة للموافقة هي {known}.",
    ),
    422,
)
UNKNOWN_LANGUAGE: Final = Reason(
    "unknown_language",
    Words("The language is {value}; expected {known}.", "اللغة المذكورة هي {value}، والمتوقع {known}."),
    422,
)
NO_SHOPPER: Final = Reason(
    "no_shopper",
    Words("This credential belongs to no shopper's device.", "بيانات الاعتماد هذه لا تخص جهاز أي متسوّق."),
    403,
)

NO_POSITIONING_CONSENT: Final = Reason(
    "no_positioning_consent",
    Words("There is no live consent to positioning for this device.", "لا توجد موافقة سارية على تحديد الموضع لهذا الجهاز."),
    403,
)
"""Asked where reports come in and again at each decision, so it is said in one way."""

ALL: Final = (UNKNOWN_PURPOSE, UNKNOWN_LANGUAGE, NO_SHOPPER, NO_POSITIONING_CONSENT)
