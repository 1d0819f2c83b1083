"""Why a gateway did not send an advert on. The codes travel in each batch's `refused`; the sentences are for people who ask."""

from typing import Final

from beacon_gateway.line import REVOKED
from beacon_gateway.pipeline import DISK, FOREIGN, IMPOSSIBLE
from beacon_gateway.source import CACHED, MALFORMED, OVERRUN
from beacon_gateway.spool_file import FULL
from groundwork.adverts.condense import CROWDED, LATE
from groundwork.adverts.reader import PERSONAL, STRANGER, TELEMETRY_ONLY
from groundwork.plumbing.reasons import Reason, Words

REASONS: Final = (
    Reason(STRANGER, Words("No allow rule names this device; it was forgotten.", "لا تسمّي أي قاعدة سماح هذا الجهاز، فأُهمل ولم يُحفظ.")),
    Reason(
        PERSONAL,
        Words(
            "It is somebody's own device (phone, computer, tracker); such adverts are dropped whatever the rules say.",
            "هذا جهاز شخصي (هاتف أو حاسوب أو متتبّع)، وإعلاناته تُهمل أيًّا كانت القواعد.",
        ),
    ),
    Reason(
        TELEMETRY_ONLY,
        Words(
            "It told of a beacon's battery or temperature, not who sent it; it was read, and is no sighting.",
            "ذكر الإعلان حالة بطارية المنارة أو حرارتها دون هويتها، فقُرئ ولم يُعدّ رصدًا.",
        ),
    ),
    Reason(
        IMPOSSIBLE,
        Words("The RSSI is 0 dBm or more, or below -127 dBm.", "قوة الإشارة صفر ديسيبل ملي واط أو أكثر، أو أقل من 127 تحت الصفر."),
    ),
    Reason(FOREIGN, Words("The advert names a radio that is not of this box.", "يذكر الإعلان جهاز استقبال لا يتبع هذه البوابة.")),
    Reason(LATE, Words("The advert's window was closed already.", "وصل الإعلان بعد إغلاق نافذته الزمنية.")),
    Reason(CROWDED, Words("Too many beacons at once; memory is bounded.", "عدد المنارات في آن واحد أكبر مما تسمح به الذاكرة.")),
    Reason(MALFORMED, Words("A record of the source could not be read.", "تعذرت قراءة سجل من المصدر.")),
    Reason(
        CACHED,
        Words(
            "BlueZ showed what it remembers of a device, and not which part of it was heard.",
            "عرض BlueZ ما يتذكره عن الجهاز، ولم يبيّن أي جزء منه التُقط الآن.",
        ),
    ),
    Reason(OVERRUN, Words("The radio was faster than the box for seconds.", "سبق جهاز الاستقبال قدرة البوابة لثوانٍ.")),
    Reason(DISK, Words("The disk took nothing and memory was full.", "لم يقبل القرص الكتابة وامتلأت الذاكرة.")),
    Reason(
        REVOKED,
        Words("The server had revoked the box's key, so the box did not listen.", "ألغى الخادم مفتاح البوابة فتوقفت عن الالتقاط."),
    ),
    Reason(FULL, Words("The spool's byte budget was used up; the oldest was given up.", "نفدت السعة المخصصة للحفظ فتُرك الأقدم.")),
)
