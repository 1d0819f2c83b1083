"""Why a gateway did not send an advert on. The codes travel in each batch's `refused`; the sentences are for people who ask."""

from typing import Final

from beacon_gateway.condense import CROWDED, LATE
from beacon_gateway.pipeline import DISK, FOREIGN, IMPOSSIBLE, STRANGER
from beacon_gateway.source import MALFORMED, OVERRUN
from beacon_gateway.spool_file import FULL
from groundwork.plumbing.reasons import Reason, Words

REASONS: Final = (
    Reason(STRANGER, Words("No allow rule names this device; it was forgotten.", "لا تسمّي أي قاعدة سماح هذا الجهاز، فأُهمل ولم يُحفظ.")),
    Reason(
        IMPOSSIBLE,
        Words("The RSSI is 0 dBm or more, or below -127 dBm.", "قوة الإشارة صفر ديسيبل ملي واط أو أكثر، أو أقل من 127 تحت الصفر."),
    ),
    Reason(FOREIGN, Words("The advert names a radio that is not of this box.", "يذكر الإعلان جهاز استقبال لا يتبع هذه البوابة.")),
    Reason(LATE, Words("The advert's window was closed already.", "وصل الإعلان بعد إغلاق نافذته الزمنية.")),
    Reason(CROWDED, Words("Too many beacons at once; memory is bounded.", "عدد المنارات في آن واحد أكبر مما تسمح به الذاكرة.")),
    Reason(MALFORMED, Words("The source's line could not be read.", "تعذرت قراءة سطر من المصدر.")),
    Reason(OVERRUN, Words("The radio was faster than the box for seconds.", "سبق جهاز الاستقبال قدرة البوابة لثوانٍ.")),
    Reason(DISK, Words("The disk took nothing and memory was full.", "لم يقبل القرص الكتابة وامتلأت الذاكرة.")),
    Reason(FULL, Words("The spool's byte budget was used up; the oldest was given up.", "نفدت السعة المخصصة للحفظ فتُرك الأقدم.")),
)
