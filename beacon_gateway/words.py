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
ENROL: Final = Words("make this box a gateway, with a code from the console", "اجعل هذا الجهاز بوابة برمز من لوحة التحكم")
ROTATE: Final = Words("change the signing key now", "غيّر مفتاح التوقيع الآن")
RESEND: Final = Words(
    "send again what the server had acknowledged in the last quarter of an hour, after it was restored from a backup",
    "أعد إرسال ما أكّد الخادم استلامه في ربع الساعة الأخير، بعد استعادته من نسخة احتياطية",
)
SERVER: Final = Words("address of the server, such as https://aislecast.example", "عنوان الخادم، مثل https://aislecast.example")
CODE: Final = Words("the one-time code that the console shows", "الرمز الذي تعرضه لوحة التحكم ويُستعمل مرة واحدة")
ENROL_CONFIG: Final = Words(
    "settings file; written where there is none (default: gateway.toml)",
    "ملف إعدادات البوابة؛ يُكتب إن لم يكن موجودًا (الافتراضي: gateway.toml)",
)
CA: Final = Words(
    "trust only the authorities in this file (PEM) to vouch for the server", "لا تثق إلا بجهات الإصدار في هذا الملف (PEM) للتحقق من الخادم"
)
CHECK: Final = Words(
    "say what is wrong with radio, permissions, clock, disk and server, and what to do",
    "اذكر ما الخلل في الاستقبال والصلاحيات والساعة والقرص والخادم، وما العمل",
)
SURVEY: Final = Words("show the beacons that are heard here, for whoever mounts the box", "اعرض المنارات الملتقطة هنا لمن يركّب الجهاز")
SECONDS: Final = Words("for how many seconds; until stopped where not given", "عدد الثواني؛ وحتى الإيقاف إن لم يُذكر")
KEEP: Final = Words(
    "write the adverts of the tags named with `--tag` into a new file, for `aislecast recording make`",
    "اكتب إعلانات البطاقات المذكورة في `--tag` في ملف جديد، لأمر `aislecast recording make`",
)
KEEP_TAG: Final = Words("a tag to keep, as `survey` shows it; repeat it", "بطاقة تُحفظ إعلاناتها كما يعرضها `survey`؛ ويمكن تكراره")
KEPT: Final = Words("{count} adverts of the tags are in {path}.", "في {path} من إعلانات البطاقات: {count}.")
KEPT_NOTHING: Final = Words("None of the tags was heard; nothing was written.", "لم تُسمع أي بطاقة؛ ولم يُكتب شيء.")
KEEP_WHAT: Final = Words(
    "`--keep` needs the tags that are kept, with `--tag`, and `--tag` needs the file; got {got}.",
    "الخيار `--keep` يحتاج إلى البطاقات المحفوظة بالخيار `--tag`، و`--tag` يحتاج إلى الملف؛ والمعطى {got}.",
)
KEEP_BAD_TAG: Final = Words(
    "`--tag` takes a lasting beacon key, as ibeacon:<32 hex>:<major>:<minor> or address:<12 hex>; got {got}.",
    "الخيار `--tag` يقبل مفتاح منارة ثابتًا مثل ibeacon:<32 hex>:<major>:<minor> أو address:<12 hex>؛ والمعطى {got}.",
)
KEEP_WHERE: Final = Words(
    "{path} cannot be written: {problem}; expected a file that is not there yet, in a folder that is.",
    "تعذرت الكتابة في {path}: {problem}؛ والمتوقع ملف غير موجود بعد في مجلد موجود.",
)
PLAIN: Final = Words("lines for programs instead of a live view", "أسطر للبرامج بدل العرض الحي")
WELL: Final = Words("well", "سليم")
ODD: Final = Words("look", "انتبه")
ILL: Final = Words("wrong", "خلل")
ALL_WELL: Final = Words("Everything that was looked at is well.", "كل ما فُحص سليم.")
NOT_WELL: Final = Words("To be put right: {count}.", "ما يجب إصلاحه: {count}.")
KEY_FILE: Final = Words("where to write the private key; must not exist", "مكان كتابة المفتاح الخاص؛ يجب ألا يكون الملف موجودًا")
PUBLIC_KEY: Final = Words("public key: {key}", "المفتاح العام: {key}")
STARTED: Final = Words(
    "{gateway} listens by {source} and sends to {server}; {batches} batches wait in {spool}.",
    "تستمع البوابة {gateway} عبر {source} وترسل إلى {server}؛ عدد الدفعات المنتظرة في {spool} هو {batches}.",
)
ENDED: Final = Words(
    "Stopped: {adverts} adverts heard, {sent} sightings acknowledged, {waiting} still on disk.",
    "توقفت البوابة: التُقط من الإعلانات {adverts}، ومن الأرصاد المؤكد استلامها {sent}، وبقي على القرص {waiting}.",
)
MOVED_ASIDE: Final = Words(
    "The spool {path} was damaged and has been moved to {aside}; a new one was begun.",
    "كان مخزن الإرسال {path} تالفًا فنُقل إلى {aside}، وبدأ ملف جديد.",
)
INTERRUPTED: Final = Words("Stopped.", "أُوقف التشغيل.")

ENROLLED: Final = Words(
    "This box is now the gateway {gateway} of {venue} (tenant {tenant}). Its settings are in {config}; next: "
    "`beacon-gateway check --config {config}`.",
    "هذا الجهاز الآن هو البوابة {gateway} في {venue} (المستأجر {tenant}). إعداداته في {config}؛ والخطوة التالية: "
    "`beacon-gateway check --config {config}`.",
)
ROTATED: Final = Words("The box now signs with the key {key}.", "توقّع البوابة الآن بالمفتاح {key}.")
NOT_ROTATED: Final = Words(
    "The key was not changed: {problem}. The box goes on with the one it has; run this again later.",
    "لم يتغير المفتاح: {problem}. تستمر البوابة بالمفتاح الحالي؛ أعد المحاولة لاحقًا.",
)
KEY_NAMED: Final = Words(
    "The settings name the key ({key}), so a new one would not be known by that name. Remove `key_id` after enrolling the box anew.",
    "تحدد الإعدادات اسم المفتاح ({key})، فلن يُعرف المفتاح الجديد به. احذف `key_id` بعد تسجيل الجهاز من جديد.",
)
RESENT: Final = Words(
    "{rows} sightings wait to be sent again; the server takes in what it has lost and recognises the rest.",
    "عدد الأرصاد التي تنتظر إعادة الإرسال: {rows}؛ يستقبل الخادم ما فقده ويتعرف على الباقي.",
)
CODE_FORM: Final = Words(
    "`{value}` is no code; expected 12 letters and digits such as 7K2M-Q0XB-94TD, as the console shows them.",
    "القيمة «{value}» ليست رمزًا؛ والمتوقع 12 حرفًا ورقمًا مثل 7K2M-Q0XB-94TD كما تعرضها لوحة التحكم.",
)
CODE_REFUSED: Final = Words(
    "The server does not take this code: it is wrong, was used by another box, or its time has run out. Ask for a new one in the console.",
    "لم يقبل الخادم هذا الرمز: إما أنه غير صحيح أو استعمله جهاز آخر أو انتهت مدته. اطلب رمزًا جديدًا من لوحة التحكم.",
)
PROOF_REFUSED: Final = Words(
    "The server does not take the proof of our key. This is a fault of the program: see that box and server are of one version.",
    "لم يقبل الخادم إثبات مفتاحنا. هذا خلل في البرنامج: تأكد من أن الجهاز والخادم على إصدار واحد.",
)
TOO_OFTEN: Final = Words(
    "The server was asked too often from here. Try again in {seconds} seconds.",
    "تكرر سؤال الخادم من هنا أكثر مما يسمح به. حاول مجددًا بعد {seconds:ثانية}.",
)
NOT_A_SERVER: Final = Words(
    "{server} answers with {status}, which an Aislecast server would not. Is the address right?",
    "أجاب {server} بالرمز {status}، وليس هذا جواب خادم Aislecast. هل العنوان صحيح؟",
)
CONFIG_OTHER: Final = Words(
    "{path} is there already and says otherwise; it is left as it is. It should have these lines:\n{lines}",
    "الملف {path} موجود من قبل وفيه غير ذلك، فتُرك كما هو. ينبغي أن يحوي هذه الأسطر:\n{lines}",
)
CONFIG_UNWRITABLE: Final = Words(
    "The settings cannot be written to {path}: {problem}. The box is enrolled; put this into the file:\n[gateway]\n{lines}",
    "تعذرت كتابة الإعدادات في {path}: {problem}. الجهاز مسجّل؛ ضع هذا في الملف:\n[gateway]\n{lines}",
)
SERVER_FORM: Final = Words(
    "`{value}` is no server's address; expected scheme, host and port at most, such as https://aislecast.example.",
    "القيمة «{value}» ليست عنوان خادم؛ والمتوقع بروتوكول ومضيف ومنفذ على الأكثر، مثل https://aislecast.example.",
)
CA_UNUSABLE: Final = Words(
    "The certificates in {path} cannot be used: {problem}; expected PEM.",
    "تعذر استخدام الشهادات في {path}: {problem}؛ والمتوقع ترميز PEM.",
)

SPOOL_IN_USE: Final = Words(
    "The spool {path} is in use by another process; one gateway per spool. Stop it first: `sudo systemctl stop beacon-gateway`.",
    "مخزن الإرسال {path} تستخدمه عملية أخرى؛ لكل بوابة ملف خاص بها. أوقفها أولًا: `sudo systemctl stop beacon-gateway`.",
)
SPOOL_UNREADABLE: Final = Words("The spool {path} cannot be opened: {problem}.", "تعذر فتح مخزن الإرسال {path}: {problem}.")
KEY_MISSING: Final = Words(
    "The key file {path} cannot be read: {problem}. Make this box a gateway with `beacon-gateway enrol`.",
    "تعذرت قراءة ملف المفتاح {path}: {problem}. سجّل الجهاز بوابةً بالأمر `beacon-gateway enrol`.",
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
    "The source {path} cannot be opened: {problem}; expected a file or a pipe.",
    "تعذر فتح المصدر {path}: {problem}؛ والمتوقع ملف أو أنبوب.",
)
SOURCE_UNREADABLE: Final = Words("The source {path} cannot be read: {problem}.", "تعذرت القراءة من المصدر {path}: {problem}.")
SOURCE_LINE: Final = Words(
    '{path}, line {number}: {problem}; expected {{"at_ms": 1793516400000, "rssi_dbm": -67, "data": "<hex>"}}.',
    'الملف {path}، السطر {number}: {problem}؛ والمتوقع {{"at_ms": 1793516400000, "rssi_dbm": -67, "data": "<hex>"}}.',
)
SOURCE_RECORD: Final = Words(
    "{path}, record {number}: {problem}.",
    "الملف {path}، السجل رقم {number}: {problem}.",
)
SOURCE_OTHER: Final = Words("The source {path} is of another kind: {problem}.", "المصدر {path} من نوع آخر: {problem}.")
MONITOR: Final = Words(
    'The kernel\'s Bluetooth monitor channel cannot be opened: {problem}. It needs CAP_NET_RAW; `source = "bleak"` works without it.',
    'تعذر فتح قناة مراقبة البلوتوث في النواة: {problem}. تحتاج إلى الصلاحية CAP_NET_RAW؛ ويعمل `source = "bleak"` من دونها.',
)
ADAPTER: Final = Words(
    "The adapter {adapter} of {radio} does not scan: {problem}. Check that Bluetooth is on and bluetoothd runs.",
    "المحوّل {adapter} التابع للجهاز {radio} لا يمسح الإشارات: {problem}. تأكد من تشغيل البلوتوث وخدمة bluetoothd.",
)
DECODE_LINE: Final = Words("Line {line}: {problem}; expected {expected}.", "السطر {line}: {problem}؛ والمتوقع {expected}.")

SERVER_NAME: Final = Words(
    "The name of the server {server} is not known: {problem}. See to the address and to the network's DNS.",
    "اسم الخادم {server} غير معروف: {problem}. راجع العنوان وخدمة DNS في الشبكة.",
)
SERVER_TLS: Final = Words(
    "The certificate of the server {server} is not trusted: {problem}. Either it is another server, or its authority must be made known.",
    "شهادة الخادم {server} غير موثوقة: {problem}. إما أنه خادم آخر، وإما أن جهة إصدارها يجب تعريفها.",
)
SERVER_AWAY: Final = Words(
    "The server {server} does not answer: {problem}. See to cable, Wi-Fi and firewall; what is heard waits on disk meanwhile.",
    "الخادم {server} لا يجيب: {problem}. راجع السلك والشبكة اللاسلكية والجدار الناري؛ وما يُلتقط يُحفظ على القرص إلى حينه.",
)
