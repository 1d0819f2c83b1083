"""Problem answers (RFC 9457): every refusal becomes the same JSON, in Arabic and English, with a code, a place and the request's id.

The reasons here are those any route may give; each package has its own in its `reasons.py`.
"""

from http import HTTPStatus
from typing import Final

import msgspec

from groundwork.plumbing.reasons import Reason, Refusal, Words

MEDIA: Final = "application/problem+json"

SIGNATURE_MISSING = Reason(
    "signature_missing",
    Words(
        "The request is not signed: the header {header} is missing or malformed.", "الطلب غير موقَّع: الترويسة {header} ناقصة أو غير سليمة."
    ),
    401,
)
SIGNATURE_UNKNOWN_KEY = Reason(
    "signature_unknown_key",
    Words(
        "The signing key {key} is not known, not valid now, or revoked.",
        "مفتاح التوقيع {key} غير معروف أو غير صالح الآن أو أُلغي.",
    ),
    401,
)
SIGNATURE_WRONG = Reason(
    "signature_wrong",
    Words(
        "The signature does not belong to this method, path and body.",
        "التوقيع لا يطابق طريقة الطلب ومساره ومحتواه.",
    ),
    401,
)
CLOCK = Reason(
    "clock",
    Words(
        "The request was signed at {at_ms}, more than {limit_ms} ms away from the server's clock {server_ms}; sign with that offset.",
        "وُقِّع الطلب في {at_ms} بفارق يتجاوز {limit_ms} ملّي ثانية عن ساعة الخادم {server_ms}؛ وقّع مع مراعاة هذا الفارق.",
    ),
    401,
)
TOKEN_MISSING = Reason(
    "token_missing",
    Words(
        "Sign in, or send a bearer token in the header Authorization.",
        "سجّل الدخول، أو أرسل رمز وصول من نوع Bearer في الترويسة Authorization.",
    ),
    401,
)
TOKEN_UNKNOWN = Reason(
    "token_unknown",
    Words("The bearer token is not known or was withdrawn.", "رمز الوصول غير معروف أو سُحب."),
    401,
)
SIGNED_OUT = Reason(
    "signed_out",
    Words("Nobody is signed in here, or not any more: sign in again.", "لا يوجد دخول مسجَّل هنا أو انتهت مدته: سجّل الدخول من جديد."),
    401,
)
CSRF = Reason(
    "csrf",
    Words(
        "The header {header} is missing or does not belong to this sign-in.",
        "الترويسة {header} ناقصة أو لا تخص هذا الدخول.",
    ),
    403,
)
CROSS_SITE = Reason(
    "cross_site",
    Words("The request was sent by a page of another site ({value}).", "أُرسل الطلب من صفحة تتبع موقعاً آخر ({value})."),
    403,
)
TOO_MANY = Reason(
    "too_many_requests",
    Words("Too many requests; the next one is welcome in {seconds} s.", "طلبات كثيرة جداً؛ يُقبل الطلب التالي بعد {seconds:ثانية}."),
    429,
)
NOT_GRANTED = Reason(
    "not_granted",
    Words(
        "This needs the grant {grant}, which the caller does not hold.", "هذه العملية تحتاج الصلاحية {grant} وهي غير ممنوحة لصاحب الطلب."
    ),
    403,
)
NOT_FOUND = Reason("not_found", Words("There is nothing at {path}.", "لا يوجد شيء في المسار {path}."), 404)
METHOD_NOT_ALLOWED = Reason(
    "method_not_allowed",
    Words("{path} does not take {method}; it takes {allowed}.", "المسار {path} لا يقبل {method}؛ ويقبل {allowed}."),
    405,
)
BODY_TOO_SLOW = Reason(
    "body_too_slow",
    Words("The body did not arrive within {seconds} s.", "لم يصل محتوى الطلب خلال {seconds:ثانية}."),
    408,
)
BODY_TOO_LARGE = Reason(
    "body_too_large",
    Words("The body is larger than {limit} bytes after decompression.", "محتوى الطلب أكبر من {limit} بايت بعد فك الضغط."),
    413,
)
MEDIA_TYPE = Reason(
    "media_type",
    Words("The body is of type {got}; expected {expected}.", "نوع محتوى الطلب {got}؛ والمتوقع {expected}."),
    415,
)
CONTENT_ENCODING = Reason(
    "content_encoding",
    Words(
        "The body is encoded as {got}; expected gzip, deflate or none.", "ترميز محتوى الطلب {got}؛ والمتوقع gzip أو deflate أو بلا ترميز."
    ),
    415,
)
BODY_UNREADABLE = Reason(
    "body_unreadable",
    Words("The body could not be decompressed or ended early.", "تعذر فك ضغط محتوى الطلب أو انقطع قبل تمامه."),
    400,
)
BODY_NO_JSON = Reason("body_no_json", Words("The body is no JSON: {problem}.", "محتوى الطلب ليس JSON سليماً: {problem}."), 400)
FIELD_WRONG = Reason(
    "field_wrong",
    Words("{at} is {value}; expected {expected}.", "قيمة {at} هي {value}؛ والمتوقع {expected}."),
    422,
)
FIELD_MISSING = Reason("field_missing", Words("The field {at} is missing.", "الحقل {at} ناقص."), 422)
FIELD_UNKNOWN = Reason("field_unknown", Words("There is no field {at}.", "لا يوجد حقل باسم {at}."), 422)
NUL_CHARACTER = Reason(
    "nul_character",
    Words(
        "{at} holds the character NUL (U+0000), which no text here may hold.",
        "يحتوي {at} على المحرف NUL (U+0000)، ولا يُقبل هذا المحرف في أي نص.",
    ),
    400,
)
TOO_SLOW = Reason(
    "too_slow",
    Words(
        "No answer within {seconds} s; the same request may be sent again.",
        "لم يكتمل الرد خلال {seconds:ثانية}؛ يمكن إرسال الطلب نفسه مرة أخرى.",
    ),
    503,
)
DATABASE_TROUBLE = Reason(
    "database_trouble",
    Words(
        "The database cannot take this now; send the same request again later.",
        "قاعدة البيانات لا تقبل هذا الآن؛ أعد إرسال الطلب نفسه لاحقاً.",
    ),
    503,
)
INTERNAL = Reason(
    "internal",
    Words(
        "Something went wrong here; the log has it under request {request_id}.", "حدث خطأ لدينا؛ تجده في السجل تحت رقم الطلب {request_id}."
    ),
    500,
)

SHARED: Final = (NUL_CHARACTER, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_MANY, TOO_SLOW, DATABASE_TROUBLE, INTERNAL)
"""What any route may answer."""
OF_BODIES: Final = (BODY_NO_JSON, BODY_UNREADABLE, BODY_TOO_SLOW, BODY_TOO_LARGE, MEDIA_TYPE, CONTENT_ENCODING)
"""What any route with a body may answer."""
OF_FIELDS: Final = (FIELD_WRONG, FIELD_MISSING, FIELD_UNKNOWN)
"""What any route with typed fields may answer."""
OF_SIGNED: Final = (SIGNATURE_MISSING, SIGNATURE_UNKNOWN_KEY, SIGNATURE_WRONG, CLOCK)
OF_BEARERS: Final = (TOKEN_MISSING, TOKEN_UNKNOWN, SIGNED_OUT)
OF_COOKIES: Final = (CSRF, CROSS_SITE)
"""What a browser may be told that changes something."""

_TITLES: Final = {
    400: "طلب غير سليم",
    401: "هوية غير مثبتة",
    403: "غير مسموح",
    404: "غير موجود",
    405: "طريقة غير مقبولة",
    408: "انتهت مهلة الطلب",
    409: "تعارض",
    410: "لم يعد موجوداً",
    412: "شرط غير محقق",
    413: "محتوى كبير جداً",
    415: "نوع محتوى غير مدعوم",
    422: "محتوى غير مقبول",
    423: "مقفل",
    429: "طلبات كثيرة جداً",
    500: "خطأ داخلي",
    503: "الخدمة غير متاحة",
    507: "لا توجد مساحة كافية",
}
_SHOWN_LENGTH: Final = 200
"""Most characters of a caller's own value that a sentence repeats."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a refused request."""

    type: str
    """`urn:problem:<code>`"""
    title: str
    status: int
    code: str
    detail: str
    detail_ar: str
    detail_en: str
    at: str = ""
    """Where in the request the fault lies; a JSON pointer where it is in a JSON body."""
    request_id: str = ""
    server_ms: int | None = None
    """The server's clock, where the caller's differs too much."""


def title(status: int) -> Words:
    """What the status means."""
    phrase = HTTPStatus(status).phrase
    return Words(phrase, _TITLES.get(status, phrase))


def problem(refusal: Refusal, language: str, request_id: str) -> Problem:
    """`refusal` as an answer whose title and detail are in `language`."""
    reason = refusal.reason
    values = {name: _short(value) for name, value in {"at": refusal.at, **refusal.values}.items()}
    english, arabic = reason.words.said("en", **values), reason.words.said("ar", **values)
    server_ms = refusal.values.get("server_ms")
    return Problem(
        type=f"urn:problem:{reason.code}",
        title=title(reason.status).said(language),
        status=reason.status,
        code=reason.code,
        detail=arabic if language == "ar" else english,
        detail_ar=arabic,
        detail_en=english,
        at=refusal.at,
        request_id=request_id,
        server_ms=server_ms if isinstance(server_ms, int) else None,
    )


def _short(value: object) -> object:
    if isinstance(value, int | float | Words):
        return value
    text = str(value).encode(errors="replace").decode()  # headers may hold bytes that are no UTF-8, which JSON cannot
    return text if len(text) <= _SHOWN_LENGTH else text[: _SHOWN_LENGTH - 3] + "..."
