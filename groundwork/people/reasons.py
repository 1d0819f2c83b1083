"""Why the registry of people refuses: codes for machines, sentences in both languages for people."""

from typing import Final

from groundwork.people import problems
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
UNKNOWN_TEXT: Final = Reason(
    "unknown_text",
    Words(
        "There is no text {value} for {purpose}; the newest is {newest}. Show her that one and ask again.",
        "لا يوجد نص بالإصدار {value} للغرض {purpose}؛ أحدث إصدار هو {newest}. اعرضه عليها ثم اطلب الموافقة من جديد.",
    ),
    422,
)
TEXT_CHANGED: Final = Reason(
    "text_changed",
    Words(
        "Text {value} for {purpose} has other words. A version never changes; put the new words in as a new version.",
        "النص بالإصدار {value} للغرض {purpose} كلماته مختلفة. الإصدار لا يتغير أبدًا؛ أدخل الكلمات الجديدة كإصدار جديد.",
    ),
    409,
)
BAD_TEXT_VERSION: Final = Reason(
    "bad_text_version",
    Words(
        "The text's version is {value}; expected 1 to 64 letters, digits, dots, dashes, colons or underscores.",
        "إصدار النص هو {value}؛ والمتوقع من 1 إلى 64 من الحروف اللاتينية أو الأرقام أو النقاط أو الشرطات أو النقطتين.",
    ),
    422,
)
NO_SUCH_VENUE: Final = Reason(
    "no_such_venue",
    Words("There is no venue {value} yet; register it first.", "لا يوجد متجر باسم {value} بعد؛ سجّله أولًا."),
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

ID_TOKEN_MALFORMED: Final = Reason(
    "id_token_malformed",
    Words("The ID token is no signed JSON Web Token.", "رمز الهوية ليس من نوع JSON Web Token الموقّع."),
    401,
)
ID_TOKEN_UNKNOWN_PROVIDER: Final = Reason(
    "id_token_unknown_provider",
    Words(
        "No identity provider here has the issuer and audience of this ID token.",
        "لا يوجد هنا مزوّد هوية يطابق جهة إصدار رمز الهوية هذا والجهة الموجَّه إليها.",
    ),
    401,
)
ID_TOKEN_ALGORITHM: Final = Reason(
    "id_token_algorithm",
    Words("The ID token is signed with {value}; expected {known}.", "رمز الهوية موقَّع بالخوارزمية {value}؛ والمتوقع {known}."),
    401,
)
ID_TOKEN_UNKNOWN_KEY: Final = Reason(
    "id_token_unknown_key",
    Words("The provider has no key that this ID token names.", "لا يملك مزوّد الهوية المفتاح المذكور في رمز الهوية هذا."),
    401,
)
ID_TOKEN_SIGNATURE: Final = Reason(
    "id_token_signature",
    Words("The signature of the ID token does not hold.", "توقيع رمز الهوية غير صحيح."),
    401,
)
ID_TOKEN_CLAIM: Final = Reason(
    "id_token_claim",
    Words("The claim {claim} of the ID token is missing or not what it must be.", "البيان {claim} في رمز الهوية ناقص أو غير صحيح."),
    401,
)
ID_TOKEN_EXPIRED: Final = Reason(
    "id_token_expired",
    Words("The ID token is no longer valid; sign in with the provider again.", "انتهت صلاحية رمز الهوية؛ سجّل الدخول لدى المزوّد من جديد."),
    401,
)
PROVIDER_UNREACHABLE: Final = Reason(
    "provider_unreachable",
    Words(
        "The keys of the identity provider cannot be fetched now; try again later.",
        "تعذر الآن جلب مفاتيح مزوّد الهوية؛ أعد المحاولة لاحقاً.",
    ),
    503,
)
ID_TOKENS: Final = (
    ID_TOKEN_MALFORMED,
    ID_TOKEN_UNKNOWN_PROVIDER,
    ID_TOKEN_ALGORITHM,
    ID_TOKEN_UNKNOWN_KEY,
    ID_TOKEN_SIGNATURE,
    ID_TOKEN_CLAIM,
    ID_TOKEN_EXPIRED,
    PROVIDER_UNREACHABLE,
)
"""Why a provider's token is not taken."""

WRONG_PASSWORD: Final = Reason(
    "wrong_password",
    Words("Login and password do not fit together.", "اسم الدخول وكلمة المرور غير متطابقين."),
    401,
)
"""Said in the same way, and as late, for an unknown login, a wrong password and a disabled account."""
WRONG_OWN_PASSWORD: Final = Reason(
    "wrong_own_password",
    Words("The present password is not right.", "كلمة المرور الحالية غير صحيحة."),
    403,
)
SHORT_PASSWORD: Final = Reason(
    "short_password",
    Words("A password has at least {least} characters.", "تتكون كلمة المرور من {least:حرف} على الأقل."),
    422,
)
LONG_PASSWORD: Final = Reason(
    "long_password",
    Words("A password has at most {most} characters.", "لا تتجاوز كلمة المرور {most:حرف}."),
    422,
)
GUESSABLE_PASSWORD: Final = Reason(
    "guessable_password",
    Words(
        "This password would be guessed soon: it is made of common words, names, years or keys in a row. Take a few unrelated words.",
        "يسهل تخمين كلمة المرور هذه لأنها من كلمات شائعة أو أسماء أو سنوات أو أزرار متجاورة. اختر عدة كلمات لا رابط بينها.",
    ),
    422,
)
DEAD_LINK: Final = Reason(
    "dead_link",
    Words(
        "This link was used, replaced or has run out. Ask an admin for a new one.",
        "استُخدم هذا الرابط أو استُبدل أو انتهت مدته. اطلب رابطًا جديدًا من أحد المشرفين.",
    ),
    410,
)
LOGIN_TAKEN: Final = Reason(
    "login_taken",
    Words("The login {value} is taken.", "اسم الدخول {value} مستخدم بالفعل."),
    409,
)
BAD_LOGIN: Final = Reason(
    "bad_login",
    Words(
        "The login is {value}; expected an e-mail address or 3 to 200 letters, digits and . _ % + @ -.",
        "اسم الدخول هو {value}؛ والمتوقع بريد إلكتروني أو من 3 إلى 200 من الحروف اللاتينية والأرقام و. _ % + @ -.",
    ),
    422,
)
UNKNOWN_OPERATOR: Final = Reason(
    "unknown_operator",
    Words("There is no operator {value}.", "لا يوجد مشغّل {value}."),
    404,
)
UNKNOWN_ROLE: Final = Reason(
    "unknown_role",
    Words("There is no role {value}; the roles are {known}.", "لا يوجد دور باسم {value}؛ الأدوار هي {known}."),
    422,
)
LAST_ADMIN: Final = Reason(
    "last_admin",
    Words(
        "This is the last admin of all venues; make another one first.",
        "هذا آخر مشرف على جميع المتاجر؛ عيّن مشرفًا آخر أولًا.",
    ),
    409,
)
OWN_ACCOUNT: Final = Reason(
    "own_account",
    Words(
        "Nobody changes her own roles or venues, or disables herself: another admin does.",
        "لا يغيّر أحد أدواره أو متاجره ولا يعطّل حسابه بنفسه؛ يفعل ذلك مشرف آخر.",
    ),
    409,
)
DISABLED_OPERATOR: Final = Reason(
    "disabled_operator",
    Words("The operator {value} is disabled; enable the account first.", "حساب المشغّل {value} معطّل؛ فعّله أولًا."),
    409,
)
FOREIGN_ANSWER: Final = Reason(
    "foreign_answer",
    Words(
        "This is no answer to a sign-in begun in this browser, or it came too late; begin again.",
        "هذا ليس ردًا على دخول بدأ في هذا المتصفح، أو وصل متأخرًا؛ ابدأ من جديد.",
    ),
    400,
)
NOT_INVITED: Final = Reason(
    "not_invited",
    Words("Nobody has invited this account here; ask an admin.", "لم يُدعَ هذا الحساب إلى هنا؛ اطلب ذلك من أحد المشرفين."),
    403,
)
BEYOND_SCOPE: Final = Reason(
    "beyond_scope",
    Words(
        "The caller is limited to some venues and this reaches further.",
        "صاحب الطلب مقصور على متاجر معينة وهذا الطلب يتجاوزها.",
    ),
    403,
)
UNKNOWN_SIGN_IN: Final = Reason(
    "unknown_sign_in",
    Words("There is no live sign-in {value} of this operator.", "لا يوجد دخول سارٍ {value} لهذا المشغّل."),
    404,
)
UNKNOWN_API_KEY: Final = Reason(
    "unknown_api_key",
    Words("There is no API key {value}.", "لا يوجد مفتاح واجهة {value}."),
    404,
)
DEAD_API_KEY: Final = Reason(
    "dead_api_key",
    Words("The API key {value} has ended; make a new one.", "انتهى مفتاح الواجهة {value}؛ أنشئ مفتاحًا جديدًا."),
    409,
)
UNKNOWN_GRANT: Final = Reason(
    "unknown_grant",
    Words("An API key cannot hold {value}; it can hold {known}.", "لا يمكن منح مفتاح الواجهة {value}؛ والممكن {known}."),
    422,
)
TAKEN_SUBJECT: Final = Reason(
    "taken_subject",
    Words("{value} is the name of a shopper's device or of an operator.", "الاسم {value} يخص جهاز متسوّق أو مشغّلًا."),
    409,
)

DEMO_SIGN_UP_OFF: Final = Reason(
    "demo_sign_up_off",
    Words("Nobody can sign up here without the retailer's own sign-in.", "لا يمكن التسجيل هنا دون تسجيل الدخول الخاص بتاجر التجزئة."),
    404,
)
DEVICE_UNKNOWN: Final = Reason("device_unknown", Words("The shopper has no device {value}.", "لا يملك المتسوّق جهازاً بالمعرّف {value}."), 404)
UNKNOWN_PUSH_CHANNEL: Final = Reason(
    "unknown_push_channel",
    Words("There is no push channel {value} with a target; expected {known}.", "لا توجد قناة إشعارات باسم {value}؛ والمتوقع {known}."),
    422,
)
COMMUNITY_UNKNOWN: Final = Reason("community_unknown", Words("There is no community {value}.", "لا يوجد مجتمع بالمعرّف {value}."), 404)
COMMUNITY_CLOSED: Final = Reason(
    "community_closed",
    Words("The community {value} is closed and takes nobody in.", "المجتمع {value} مغلق ولا يقبل أعضاء جدداً."),
    409,
)
NAMES_DEMOGRAPHICS: Final = Reason(
    "names_demographics",
    Words(
        "{at} says {value}, which names people by age, gender or nationality; shoppers are met by what interests them.",
        "يحتوي {at} على {value}، وفيه تمييز للناس بالعمر أو الجنس أو الجنسية؛ نتعامل مع المتسوّقين بحسب اهتماماتهم فقط.",
    ),
    422,
)
PROVIDER_UNKNOWN: Final = Reason(
    "provider_unknown", Words("There is no identity provider {value}.", "لا يوجد مزوّد هوية بالمعرّف {value}."), 404
)
PROVIDER_TAKEN: Final = Reason(
    "provider_taken",
    Words(
        "This issuer and audience stand for another identity provider; a token must lead to one tenant.",
        "جهة الإصدار هذه والجهة الموجَّه إليها مسجَّلتان لمزوّد هوية آخر؛ يجب أن يدل الرمز على جهة واحدة.",
    ),
    409,
)
ERASED: Final = Reason(
    "erased",
    Words("The shopper's erasure had begun; nothing is kept of her.", "بدأ محو بيانات المتسوقة، ولا يُحفظ عنها شيء."),
    403,
)
"""What comes late is dropped where it would be written, and said in one way."""
UNKNOWN_PSEUDONYM: Final = Reason(
    "unknown_pseudonym", Words("There is no shopper under the pseudonym {value}.", "لا توجد متسوقة بالاسم المستعار {value}."), 404
)
UNKNOWN_ERASURE: Final = Reason(
    "unknown_erasure",
    Words(
        "There is no erasure {value}, or its receipt has been removed after its period.",
        "لا توجد عملية محو بالمعرّف {value}، أو حُذف إيصالها بعد انتهاء مدته.",
    ),
    404,
)
RECEIPT_TAKEN: Final = Reason(
    "receipt_taken",
    Words("This receipt is another erasure's; draw a new id.", "هذا الإيصال لعملية محو أخرى؛ ولّد معرّفًا جديدًا."),
    409,
)
UNKNOWN_KIND: Final = Reason(
    "unknown_kind",
    Words("There is no kind of row {value}; known are {known}.", "لا يوجد نوع بيانات باسم {value}؛ الأنواع المعروفة هي {known}."),
    422,
)
WRONG_PAUSE: Final = Reason(
    "wrong_pause",
    Words(
        "A pause ends after now ({now_ms}) and within a year ({latest_ms}), got {value}.",
        "ينتهي الإيقاف المؤقت بعد الآن ({now_ms}) وخلال سنة ({latest_ms})، والقيمة المرسلة {value}.",
    ),
    422,
)

ALL: Final = (
    ERASED,
    UNKNOWN_PSEUDONYM,
    UNKNOWN_ERASURE,
    RECEIPT_TAKEN,
    UNKNOWN_KIND,
    WRONG_PAUSE,
    UNKNOWN_PURPOSE,
    NO_SUCH_VENUE,
    UNKNOWN_LANGUAGE,
    UNKNOWN_TEXT,
    TEXT_CHANGED,
    BAD_TEXT_VERSION,
    NO_SHOPPER,
    NO_POSITIONING_CONSENT,
    *ID_TOKENS,
    *problems.ALL,
    DEMO_SIGN_UP_OFF,
    DEVICE_UNKNOWN,
    UNKNOWN_PUSH_CHANNEL,
    COMMUNITY_UNKNOWN,
    COMMUNITY_CLOSED,
    NAMES_DEMOGRAPHICS,
    PROVIDER_UNKNOWN,
    PROVIDER_TAKEN,
)
