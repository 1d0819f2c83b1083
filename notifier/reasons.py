"""Every reason of the notifier: why a decision was a no, why a push did not arrive, why a till was refused.

Codes of deciding code are plain text there (`decide.STOPS`, `decide.NOS`, a rule's `no`), because it imports nothing from plumbing;
a test holds that each has its sentence here.
"""

from collections.abc import Mapping
from typing import Final

from groundwork.people import reasons as people
from groundwork.plumbing.reasons import Reason, Words
from notifier.coupons import LETTERS, Flaw

_DECISIONS: Final = {
    "unknown_shopper": Words("Nobody who opted in is known by this device.", "لا يوجد متسوق مسجل بهذا الجهاز."),
    "unregistered_venue": Words("This venue is not registered.", "هذا المتجر غير مسجل."),
    "shopper_paused": Words("She has paused everything for a while.", "أوقفت المتسوقة كل شيء مؤقتًا."),
    "no_offers_consent": Words("She does not consent to offers.", "لا توجد موافقة على تلقي العروض."),
    "late_event": Words("The sighting arrived too late to be acted on.", "وصل الرصد متأخرًا ولم يعد يصلح لاتخاذ إجراء."),
    "exit_event": Words("She was leaving the zone; nothing is sent at leaving.", "كانت المتسوقة تغادر المنطقة، ولا يُرسل شيء عند المغادرة."),
    "quiet_hours": Words("It was within the venue's quiet hours.", "كان الوقت ضمن ساعات الهدوء في المتجر."),
    "no_campaign": Words("No campaign was running.", "لم تكن هناك حملة جارية."),
    "campaign_not_live": Words("The campaign is not live.", "الحملة غير مفعّلة."),
    "on_the_way": Words(
        "She was still on her way, and the campaign does not say that it is meant for that.",
        "كانت المتسوقة لا تزال في الطريق، ولم تُحدَّد الحملة لذلك.",
    ),
    "already_granted": Words("This campaign has been granted in this visit already.", "سبق منح هذه الحملة خلال هذه الزيارة."),
    "too_late": Words("The offer would have come too late to be of use.", "كان العرض سيصل بعد فوات أوانه."),
    "budget_spent": Words("The attention budget of this visit is spent.", "نفد رصيد الانتباه لهذه الزيارة."),
    "holdout_global": Words(
        "She belongs to the share that gets no marketing, for comparison.", "تنتمي إلى المجموعة الضابطة العامة التي لا تتلقى عروضًا."
    ),
    "holdout": Words("She belongs to this campaign's holdout, for comparison.", "تنتمي إلى المجموعة الضابطة لهذه الحملة."),
    "lost_to_other": Words("Another campaign came first.", "قُدّمت عليها حملة أخرى."),
    "not_entering": Words(
        "The campaign starts at entering a zone, and this was no entering.", "تنطلق الحملة عند دخول المنطقة، ولم يكن هذا دخولًا."
    ),
    "dwell_too_short": Words("She has not stayed long enough in the zone.", "لم تمكث في المنطقة مدة كافية."),
    "not_in_venue": Words("The campaign does not run in this venue.", "الحملة لا تشمل هذا المتجر."),
    "not_in_zone": Words("The campaign does not run in this zone.", "الحملة لا تشمل هذه المنطقة."),
    "not_zone_kind": Words("The campaign does not run in zones of this kind.", "الحملة لا تشمل هذا النوع من المناطق."),
    "not_in_schedule": Words("The campaign does not run on this day or at this hour.", "الحملة لا تعمل في هذا اليوم أو في هذه الساعة."),
    "not_in_community": Words(
        "The campaign is for members of a community she is not in.", "الحملة مخصصة لأعضاء مجتمع لم تنضم إليه المتسوقة."
    ),
    "not_in_dates": Words("The campaign does not run on this date.", "هذا التاريخ خارج مدة الحملة."),
}
DECISIONS: Final = (people.NO_POSITIONING_CONSENT, *(Reason(code, words) for code, words in _DECISIONS.items()))
"""Why she got nothing."""

_PUSHES: Final = {
    "expired": Words("The push was of no more use before it could leave.", "فات أوان الإشعار قبل إرساله."),
    "before_restore": Words(
        "The push was made before the backup was restored, so it may have been sent already.",
        "أُنشئ الإشعار قبل استعادة النسخة الاحتياطية، وقد يكون أُرسل من قبل.",
    ),
    "consent_withdrawn": Words("She withdrew her consent before the push left.", "سُحبت الموافقة قبل إرسال الإشعار."),
    "left_zone": Words("She left the zone before the push left.", "غادرت المتسوقة المنطقة قبل إرسال الإشعار."),
    "left_community": Words(
        "She left the community the push was for before it left.", "غادرت المتسوقة المجتمع الذي وُجّه إليه الإشعار قبل إرساله."
    ),
    "gave_up": Words("The channel gave no clear answer in all tries.", "لم تُجب قناة الإرسال إجابة واضحة بعد جميع المحاولات."),
    "timeout": Words("The channel did not answer in time.", "لم تُجب قناة الإرسال في الوقت المحدد."),
    "channel_error": Words("The channel failed.", "تعطلت قناة الإرسال."),
    "refused_by_channel": Words("The channel refused the push.", "رفضت قناة الإرسال الإشعار."),
    "target_gone": Words("The device no longer takes pushes.", "لم يعد الجهاز يستقبل أي إشعار."),
    "unknown_channel": Words("The campaign names a channel that is not set up.", "تستخدم الحملة قناة إرسال غير مهيأة."),
    "push_too_large": Words("The push is larger than any provider takes.", "حجم الإشعار أكبر مما تقبله أي قناة إرسال."),
}
PUSHES: Final = tuple(Reason(code, words) for code, words in _PUSHES.items())
"""Why a push did not arrive, beside `quiet_hours`, `campaign_not_live` and `shopper_paused`, which may begin after the decision."""

ERASED: Final = people.ERASED
REPEAT: Final = Reason("repeat", Words("This was decided on before.", "سبق اتخاذ القرار في هذا الحدث."))

CODE_MALFORMED: Final = Reason(
    "code_malformed",
    Words(
        "This is no coupon code: {why}. Check the letters and try again.", "هذا ليس رمز قسيمة صحيحًا: {why}. تحقق من الأحرف وأعد المحاولة."
    ),
    422,
)
CODE_FLAWS: Final[Mapping[Flaw, Words]] = {
    "length": Words(f"a code has {LETTERS + 1} letters", f"الرمز من {LETTERS + 1} حرفًا"),
    "letter": Words(
        "a code has only digits and the letters A to Z without I, L, O and U", "لا يحتوي الرمز إلا أرقامًا والأحرف A إلى Z دون I وL وO وU"
    ),
    "check": Words(
        "the check letter does not fit: one letter is wrong, or two are swapped", "حرف التحقق لا يطابق: هناك حرف خاطئ أو حرفان متبادلان"
    ),
}
"""What `CODE_MALFORMED` says is wrong, in the cashier's language."""
COUPON_UNKNOWN: Final = Reason("coupon_unknown", Words("There is no coupon with this code.", "لا توجد قسيمة بهذا الرمز."), 404)
COUPON_SPENT: Final = Reason("coupon_spent", Words("This coupon has been spent.", "استُخدمت هذه القسيمة من قبل."), 409)
COUPON_EXPIRED: Final = Reason("coupon_expired", Words("This coupon is no longer valid.", "انتهت صلاحية هذه القسيمة."), 410)
COUPON_NOT_YET: Final = Reason("coupon_not_yet", Words("This coupon is not valid yet.", "لم تبدأ صلاحية هذه القسيمة بعد."), 409)
BASKET_NEEDED: Final = Reason(
    "basket_needed",
    Words(
        "This coupon depends on the basket: send basket_minor, its total in minor units.",
        "تعتمد هذه القسيمة على قيمة السلة: أرسل basket_minor بالوحدات الصغرى.",
    ),
    422,
)
BASKET_TOO_SMALL: Final = Reason(
    "basket_too_small",
    Words(
        "This coupon needs a basket of at least {least_minor} minor units, got {basket_minor}.",
        "تتطلب هذه القسيمة سلة لا تقل عن {least_minor} وحدة صغرى، والقيمة المرسلة {basket_minor}.",
    ),
    409,
)
ROLLED_BACK: Final = Reason(
    "redemption_rolled_back",
    Words("This redemption was taken back; redeem again under a new receipt.", "أُلغي هذا الصرف؛ أعد الصرف بإيصال جديد."),
    409,
)
REDEMPTION_UNKNOWN: Final = Reason("redemption_unknown", Words("There is no such redemption.", "لا توجد عملية صرف بهذا المعرّف."), 404)
RECEIPT_DIFFERS: Final = Reason(
    "receipt_differs",
    Words("The redemption was made under another receipt than {receipt}.", "تم الصرف بإيصال آخر غير {receipt}."),
    409,
)
RECEIPT_USED: Final = Reason(
    "receipt_used",
    Words(
        "Receipt {receipt} of this till was taken before with other figures; a receipt number is used once.",
        "سُجّل الإيصال {receipt} لصندوق الدفع هذا من قبل بقيم أخرى؛ رقم الإيصال يُستعمل مرة واحدة.",
    ),
    409,
)
TOO_MANY_TRIES: Final = Reason(
    "too_many_tries",
    Words(
        "This till has sent {tries} unknown codes within a minute; wait {wait_s} s.",
        "عدد الرموز المجهولة التي أرسلها صندوق الدفع هذا خلال دقيقة: {tries}؛ مدة الانتظار بالثواني: {wait_s}.",
    ),
    429,
)
VENUE_OUT_OF_SCOPE: Final = Reason(
    "venue_out_of_scope", Words("This caller does not act for venue {venue}.", "لا يحق لصاحب الطلب التصرف باسم المتجر {venue}."), 403
)
VENUE_UNKNOWN: Final = Reason("venue_unknown", Words("There is no venue {venue}.", "لا يوجد متجر بالمعرّف {venue}."), 422)
FEED_UNKNOWN: Final = Reason("feed_unknown", Words("This caller is no shopper's device.", "صاحب الطلب ليس جهاز متسوق."), 404)
CAMPAIGN_INVALID: Final = Reason(
    "campaign_invalid", Words("This campaign cannot be published: {why}.", "لا يمكن نشر هذه الحملة: {why}."), 422
)

REDEEMING: Final = (
    CODE_MALFORMED,
    COUPON_UNKNOWN,
    COUPON_SPENT,
    COUPON_EXPIRED,
    COUPON_NOT_YET,
    BASKET_NEEDED,
    BASKET_TOO_SMALL,
    ROLLED_BACK,
    TOO_MANY_TRIES,
)
"""Why a coupon was not spent."""
ANSWERS: Final = (
    *REDEEMING,
    REDEMPTION_UNKNOWN,
    RECEIPT_DIFFERS,
    RECEIPT_USED,
    VENUE_OUT_OF_SCOPE,
    VENUE_UNKNOWN,
    FEED_UNKNOWN,
    CAMPAIGN_INVALID,
)
"""Why a caller was refused."""

REASONS: Final = (*DECISIONS, *PUSHES, ERASED, REPEAT, *ANSWERS)
BY_CODE: Final = {reason.code: reason for reason in REASONS}
"""Every reason by its code."""
