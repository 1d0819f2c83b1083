"""What the gateway says to people, in both languages. Reasons for refused adverts are in `reasons.py`."""

from typing import Final

from groundwork.plumbing.reasons import Words

ABOUT: Final = Words(
    "Hears the shop's beacons, keeps what it heard on disk, and sends it signed to the backend.",
    "تلتقط إشارات المنارات في المتجر، وتحفظ ما التقطته على القرص، ثم ترسله موقَّعًا إلى الخادم.",
)
LANG: Final = Words("language of the output: Arabic or English", "لغة المخرجات: العربية أو الإنجليزية")
RUN: Final = Words("listen and send until stopped", "استمع وأرسل حتى الإيقاف")
CONFIG: Final = Words("settings file (TOML, section [gateway])", "ملف الإعدادات (TOML، القسم [gateway])")
UNTIL_DRAINED: Final = Words(
    "exit once the source has ended and everything is acknowledged", "اخرج بعد انتهاء المصدر وتأكيد استلام كل ما أُرسل"
)
DECODE: Final = Words("decode frames given as JSON lines on standard input", "فكّ ترميز إطارات مكتوبة بأسطر JSON على المدخل القياسي")
KEYGEN: Final = Words("make a signing key and print its public half", "أنشئ مفتاح توقيع واطبع جزأه العام")
KEY_FILE: Final = Words("where to write the private key; must not exist", "مكان كتابة المفتاح الخاص؛ يجب ألا يكون الملف موجودًا")
PUBLIC_KEY: Final = Words("public key: {key}", "المفتاح العام: {key}")
STARTED: Final = Words(
    "{gateway} listens by {source} and sends to {server}; {batches} batches wait in {spool}.",
    "تستمع البوابة {gateway} عبر {source} وترسل إلى {server}؛ عدد الدفعات المنتظرة في {spool} هو {batches}.",
)
ENDED: Final = Words(
    "Stopped: {adverts} adverts heard, {sent} sightings acknowledged, {waiting} still on disk.",
    "توقفت البوابة: التُقط من الإعلانات {adverts}، وأُكّد استلام {sent} رصدًا، وبقي على القرص {waiting}.",
)
MOVED_ASIDE: Final = Words(
    "The spool {path} was damaged and has been moved to {aside}; a new one was begun.",
    "كان مخزن الإرسال {path} تالفًا فنُقل إلى {aside}، وبدأ ملف جديد.",
)
INTERRUPTED: Final = Words("Stopped.", "أُوقف التشغيل.")

SPOOL_IN_USE: Final = Words(
    "The spool {path} is in use by another process; one gateway per spool.",
    "مخزن الإرسال {path} تستخدمه عملية أخرى؛ لكل بوابة ملف خاص بها.",
)
SPOOL_UNREADABLE: Final = Words("The spool {path} cannot be opened: {problem}.", "تعذر فتح مخزن الإرسال {path}: {problem}.")
KEY_MISSING: Final = Words(
    "The key file {path} cannot be read: {problem}. Make one with `beacon-gateway keygen`.",
    "تعذرت قراءة ملف المفتاح {path}: {problem}. أنشئ مفتاحًا بالأمر `beacon-gateway keygen`.",
)
KEY_OPEN: Final = Words(
    "The key file {path} has mode {mode}; expected 0600, readable by its owner only. Run `chmod 600 {path}`.",
    "صلاحيات ملف المفتاح {path} هي {mode}؛ والمتوقع 0600 أي أن يقرأه مالكه وحده. نفّذ `chmod 600 {path}`.",
)
KEY_WRONG: Final = Words(
    "The key file {path} holds no Ed25519 private key; expected PEM, PKCS #8.",
    "لا يحوي ملف المفتاح {path} مفتاح Ed25519 خاصًا؛ والمتوقع ترميز PEM وفق PKCS #8.",
)
KEY_EXISTS: Final = Words("{path} exists already; a key is never written over.", "الملف {path} موجود من قبل؛ ولا يُكتب مفتاح فوق مفتاح آخر.")
KEY_UNWRITABLE: Final = Words("The key cannot be written to {path}: {problem}.", "تعذرت كتابة المفتاح في {path}: {problem}.")
SOURCE_MISSING: Final = Words(
    "The source {path} cannot be opened: {problem}; expected a file or pipe of JSON lines.",
    "تعذر فتح المصدر {path}: {problem}؛ والمتوقع ملف أو أنبوب فيه أسطر JSON.",
)
SOURCE_UNREADABLE: Final = Words("The source {path} cannot be read: {problem}.", "تعذرت القراءة من المصدر {path}: {problem}.")
SOURCE_LINE: Final = Words(
    "{path}, line {line}: {problem}; expected {expected}.", "الملف {path}، السطر {line}: {problem}؛ والمتوقع {expected}."
)
ADAPTER: Final = Words(
    "The adapter {adapter} of {radio} does not scan: {problem}. Check that Bluetooth is on and bluetoothd runs.",
    "المحوّل {adapter} التابع للجهاز {radio} لا يمسح الإشارات: {problem}. تأكد من تشغيل البلوتوث وخدمة bluetoothd.",
)
DECODE_LINE: Final = Words("Line {line}: {problem}; expected {expected}.", "السطر {line}: {problem}؛ والمتوقع {expected}.")
