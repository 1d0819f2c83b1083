"""What the doctor says, in both languages. Every bad or doubtful finding ends with what to do."""

from collections.abc import Mapping

from groundwork.plumbing.reasons import Words

LEVELS: Mapping[str, Words] = {"ok": Words("ok", "سليم"), "warn": Words("warn", "تنبيه"), "bad": Words("bad", "خلل")}
VERDICTS: Mapping[str, Words] = {
    "ok": Words("Ready to run.", "جاهز للتشغيل."),
    "bad": Words("Not ready: see the lines that begin with `bad`.", "غير جاهز: انظر الأسطر التي تبدأ بكلمة «خلل»."),
}
BROKE = Words("The check `{name}` itself failed: {error}.", "فشل الفحص `{name}` نفسه: {error}.")

PYTHON = Words("Python is {found}.", "إصدار بايثون {found}.")
PYTHON_OLD = Words("Python is {found}; 3.11 or newer is needed. Install it.", "إصدار بايثون {found}؛ والمطلوب 3.11 أو أحدث. ثبّته.")
SQLITE = Words("SQLite is {found}.", "إصدار SQLite هو {found}.")
SQLITE_OLD = Words(
    "SQLite is {found}; 3.35 or newer is needed. Use a newer Python, which brings its own.",
    "إصدار SQLite هو {found}؛ والمطلوب 3.35 أو أحدث. استخدم بايثون أحدث يتضمنه.",
)

FOLDER = Words("The data folder {folder} is ours alone.", "مجلد البيانات {folder} خاص بهذا الحساب وحده.")
FOLDER_NEW = Words("The data folder {folder} will be made at the first start.", "سيُنشأ مجلد البيانات {folder} عند أول تشغيل.")
FOLDER_SHUT = Words(
    "The data folder {folder} cannot be written. Give this account access, or choose another with `--data`.",
    "لا يمكن الكتابة في مجلد البيانات {folder}. امنح هذا الحساب الصلاحية، أو اختر غيره بالخيار `--data`.",
)
FOLDER_OPEN = Words(
    "Other accounts can look into the data folder {folder}. Close it with `chmod 700`.",
    "يمكن لحسابات أخرى الاطلاع على مجلد البيانات {folder}. أغلقه بالأمر `chmod 700`.",
)
KEYS = Words("The key files ({count}) can be read by this account only.", "ملفات المفاتيح ({count}) لا يقرؤها إلا هذا الحساب.")
KEYS_OPEN = Words(
    "Other accounts can read the key file {path}. Close it with `chmod 600`, and replace the key if you do not trust them.",
    "يمكن لحسابات أخرى قراءة ملف المفتاح {path}. أغلقه بالأمر `chmod 600`، واستبدل المفتاح إن لم تكن تثق بها.",
)
DISK = Words("{gb:.1f} GB are free for {folder}.", "المساحة الحرة لـ {folder} هي {gb:.1f} غيغابايت.")
DISK_LOW = Words("Only {gb:.1f} GB are free for {folder}. Make room soon.", "لم يبق لـ {folder} سوى {gb:.1f} غيغابايت. أفرغ مساحة قريبًا.")
DISK_FULL = Words(
    "Only {gb:.1f} GB are free for {folder}, too little to start safely. Make room.",
    "لم يبق لـ {folder} سوى {gb:.1f} غيغابايت، وهذا لا يكفي لبدء آمن. أفرغ مساحة.",
)

WAL = Words("The database file is whole and keeps a write-ahead log.", "ملف قاعدة البيانات سليم ويعمل بسجل الكتابة المسبقة.")
WAL_LATER = Words("There is no database file yet.", "لا يوجد ملف قاعدة بيانات بعد.")
NO_WAL = Words(
    "The database file's journal mode is {mode}, not wal. A network file system may be the reason: move the folder to a local disk.",
    "نمط سجل قاعدة البيانات هو {mode} وليس wal. قد يكون السبب نظام ملفات شبكيًا: انقل المجلد إلى قرص محلي.",
)
DATABASE_DAMAGED = Words(
    "The database file is damaged ({why}). Restore the newest backup with `aislecast restore`.",
    "ملف قاعدة البيانات تالف ({why}). استعد أحدث نسخة احتياطية بالأمر `aislecast restore`.",
)
SCHEMA = Words("The database's schema is {found}, the newest.", "مخطط قاعدة البيانات {found}، وهو الأحدث.")
SCHEMA_LATER = Words("The database's schema will be made at the first start.", "سيُنشأ مخطط قاعدة البيانات عند أول تشغيل.")
SCHEMA_OLDER = Words(
    "The database's schema is {found}, the newest is {known}. `aislecast up` upgrades it, and `aislecast db upgrade` does too.",
    "مخطط قاعدة البيانات {found} والأحدث {known}. يحدّثه `aislecast up`، وكذلك `aislecast db upgrade`.",
)
SCHEMA_NEWER = Words(
    "The database's schema {found} is newer than this version, which knows up to {known}. Install the newer Aislecast.",
    "مخطط قاعدة البيانات {found} أحدث من هذه النسخة التي تعرف حتى {known}. ثبّت نسخة Aislecast الأحدث.",
)

CLOCK = Words("The clock shows {now} UTC.", "تشير الساعة إلى {now} بالتوقيت العالمي.")
CLOCK_WRONG = Words(
    "The clock shows {now} UTC, which is in the past. Set it, and keep it right with NTP.",
    "تشير الساعة إلى {now} بالتوقيت العالمي، وهو وقت مضى. اضبطها، وحافظ على دقتها عبر NTP.",
)
CLOCK_BACK = Words(
    "The clock shows {now} UTC, but our own files are newer: it has run back. Set it, and keep it right with NTP.",
    "تشير الساعة إلى {now} بالتوقيت العالمي، لكن ملفاتنا أحدث من ذلك: لقد رجعت إلى الوراء. اضبطها، وحافظ على دقتها عبر NTP.",
)
ZONES = Words("Time zones are known.", "بيانات المناطق الزمنية متوفرة.")
NO_ZONES = Words(
    "The time zone {name} is not known here. Install the Python package `tzdata`.",
    "المنطقة الزمنية {name} غير معروفة هنا. ثبّت حزمة بايثون `tzdata`.",
)

PORT = Words("Port {port} on {host} is free.", "المنفذ {port} على {host} متاح.")
PORT_BUSY = Words(
    "Port {port} on {host} is in use. If that is not a running Aislecast, choose another with `--port`.",
    "المنفذ {port} على {host} مستخدم. إن لم يكن ذلك Aislecast عاملًا، فاختر منفذًا آخر بالخيار `--port`.",
)
PORT_SHUT = Words(
    "This account cannot listen on port {port} of {host}. Choose another address or port.",
    "لا يستطيع هذا الحساب الاستماع على المنفذ {port} من {host}. اختر عنوانًا أو منفذًا آخر.",
)
CERTIFICATE = Words("The certificate {path} is valid until {end}.", "الشهادة {path} صالحة حتى {end}.")
NO_CERTIFICATE = Words("There is no certificate of our own; `up --tls self` makes one.", "لا توجد شهادة خاصة بنا؛ ينشئها `up --tls self`.")
CERTIFICATE_ENDS = Words("The certificate {path} ends on {end}. Renew it.", "تنتهي الشهادة {path} في {end}. جدّدها.")
CERTIFICATE_ENDED = Words("The certificate {path} ended on {end}. Renew it.", "انتهت الشهادة {path} في {end}. جدّدها.")

BLUETOOTH = Words("Bluetooth adapters: {names}.", "محوّلات البلوتوث: {names}.")
BLUETOOTH_PYTHON = Words(
    "This Python was built without Bluetooth sockets; a gateway with a radio of its own needs the system's Python.",
    "بُنيت نسخة بايثون هذه دون مقابس البلوتوث؛ والبوابة ذات الراديو الخاص تحتاج إلى بايثون النظام.",
)
BLUETOOTH_KERNEL = Words(
    "The kernel has no Bluetooth. That is fine for a server; a gateway needs it (`modprobe bluetooth btusb`).",
    "النواة بلا بلوتوث. لا بأس بذلك لخادم؛ أما البوابة فتحتاج إليه (`modprobe bluetooth btusb`).",
)
BLUETOOTH_ADAPTER = Words(
    "There is no Bluetooth adapter. That is fine for a server; a gateway needs one.",
    "لا يوجد محوّل بلوتوث. لا بأس بذلك لخادم؛ أما البوابة فتحتاج إلى واحد.",
)
