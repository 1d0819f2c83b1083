"""Why the registry of places refuses: codes for machines, sentences in both languages for people."""

from typing import Final

from groundwork.plumbing.reasons import Reason, Words

UNKNOWN_VENUE: Final = Reason(
    "unknown_venue",
    Words("There is no venue {value}, or the caller may not see it.", "لا يحق للمُرسِل رؤية متجر باسم {value}، أو لا وجود له."),
    404,
)
NO_PUBLISHED_PLAN: Final = Reason(
    "no_published_plan",
    Words("Venue {value} has no published plan yet.", "لم يُنشر مخطط للمتجر {value} بعد."),
    404,
)
UNKNOWN_VERSION: Final = Reason(
    "unknown_version",
    Words("Venue {venue} has no plan version {value}.", "ليس للمتجر {venue} إصدار مخطط باسم {value}."),
    404,
)
UNKNOWN_LEVEL: Final = Reason(
    "unknown_level",
    Words("The plan has no level {value}.", "ليس في المخطط طابق باسم {value}."),
    404,
)
UNKNOWN_IMPORT: Final = Reason(
    "unknown_import",
    Words("No file was read under the id {value} today.", "لم يُقرأ اليوم أي ملف بالمعرّف {value}."),
    404,
)
UNKNOWN_PUBLICATION: Final = Reason(
    "unknown_publication",
    Words("Nothing waits to be published under the id {value}.", "لا شيء ينتظر النشر بالمعرّف {value}."),
    404,
)
DRAFT_CONFLICT: Final = Reason(
    "draft_conflict",
    Words(
        "Meanwhile {who} has changed {what} (revision {revision}); nothing was done. Load the draft again and decide.",
        "في هذه الأثناء غيّر {who} العنصر {what} (المراجعة {revision})؛ لم يُنفَّذ شيء. أعد تحميل المسودة ثم قرّر.",
    ),
    409,
)
REVISION_AHEAD: Final = Reason(
    "revision_ahead",
    Words("The draft is at revision {current}, not {value}; load it again.", "المسودة عند المراجعة {current} لا {value}؛ أعد تحميلها."),
    409,
)
REVISION_OLD: Final = Reason(
    "revision_old",
    Words(
        "What was done to the draft since revision {value} is no longer kept; it is at {current}. Load it again.",
        "لم يعد محفوظًا ما جرى على المسودة منذ المراجعة {value}؛ وهي الآن عند {current}. أعد تحميلها.",
    ),
    409,
)
UNKNOWN_SHEET: Final = Reason(
    "unknown_sheet",
    Words("No picture lies under level {value}.", "لا توجد صورة تحت الطابق {value}."),
    404,
)
BAD_DISTANCES: Final = Reason(
    "bad_distances",
    Words("The distances give no scale: {problem}.", "لا تعطي المسافات مقياسًا: {problem}."),
    422,
)
COMMAND_ID_TAKEN: Final = Reason(
    "command_id_taken",
    Words(
        "The id {value} stands for another command that was done before; give each its own.",
        "المعرّف {value} لأمر آخر نُفِّذ من قبل؛ أعطِ كل أمر معرّفه.",
    ),
    409,
)
NO_SUCH_THING: Final = Reason(
    "no_such_thing",
    Words("The draft has no {value}.", "ليس في المسودة {value}."),
    422,
)
NOTHING_TO_UNDO: Final = Reason(
    "nothing_to_undo",
    Words("There is no command of yours to undo or redo.", "ليس لك أمر يمكن التراجع عنه أو إعادته."),
    409,
)
PLAN_HAS_ERRORS: Final = Reason(
    "plan_has_errors",
    Words(
        "The plan has {count} errors and is not published; the first is at {at}. The draft's problems list has them all.",
        "في المخطط أخطاء عددها {count} فلا يُنشر؛ أولها عند {at}. قائمة مشكلات المسودة تذكرها كلها.",
    ),
    422,
)
NOTHING_TO_PUBLISH: Final = Reason(
    "nothing_to_publish",
    Words("The plan in force is already like this.", "المخطط المعمول به مطابق لهذا أصلًا."),
    409,
)
PUBLICATION_WAITS: Final = Reason(
    "publication_waits",
    Words(
        "A version that {who} made waits to be published at {at_ms} (ms UTC); cancel it first (id {value}).",
        "إصدار أعدّه {who} ينتظر النشر عند {at_ms} (ميلي ثانية UTC)؛ ألغِه أولًا (المعرّف {value}).",
    ),
    409,
)
BAD_PLAN_FILE: Final = Reason(
    "bad_plan_file",
    Words("The file cannot be taken in: {problem}", "تعذر استيراد الملف: {problem}"),
    422,
)
UNKNOWN_PLAN_FORMAT: Final = Reason(
    "unknown_plan_format",
    Words("{value} is no format that a plan is written in; known are: {known}.", "لا يُكتب المخطط بصيغة {value}؛ الصيغ المعروفة: {known}."),
    422,
)
TOO_MANY_IMPORTS: Final = Reason(
    "too_many_imports",
    Words("{count} files are being read already; try again in a minute.", "تُقرأ الآن ملفات عددها {count}؛ أعد المحاولة بعد دقيقة."),
    503,
)

UNKNOWN_PLACE: Final = Reason(
    "unknown_place",
    Words(
        "The plan has no place {value}: expected LEVEL:x,y or the id of a zone, point, opening, shelf or product.",
        "ليس في المخطط مكان باسم {value}؛ المتوقع LEVEL:x,y أو معرّف منطقة أو نقطة أو باب أو رف أو منتج.",
    ),
    422,
)
UNPLACED_PRODUCT: Final = Reason(
    "unplaced_product",
    Words("Product {value} stands on no shelf of the plan.", "المنتج {value} ليس على أي رف في المخطط."),
    422,
)
NOT_WALKABLE: Final = Reason(
    "not_walkable",
    Words("One cannot walk to {value}: no walkable floor is near it.", "لا يمكن المشي إلى {value}: لا أرض صالحة للمشي قربه."),
    422,
)
NO_WAY: Final = Reason(
    "no_way",
    Words(
        "No way leads to {value} from where the one before ends; the plan's problems list shows what is cut off.",
        "لا طريق إلى {value} من المكان الذي قبله؛ قائمة مشكلات المخطط تبيّن ما هو معزول.",
    ),
    422,
)
NO_STEP_FREE_WAY: Final = Reason(
    "no_step_free_way",
    Words(
        "No way without steps leads to {value}; ask again without `step_free` to see one with steps.",
        "لا طريق بلا درج إلى {value}؛ أعد الطلب دون `step_free` لترى طريقًا فيه درج.",
    ),
    422,
)
OF_WAYS: Final = (UNKNOWN_PLACE, UNPLACED_PRODUCT, NOT_WALKABLE, NO_WAY, NO_STEP_FREE_WAY)
"""Why there is no way; `at` names the stop."""

ALL: Final = (
    UNKNOWN_VENUE,
    NO_PUBLISHED_PLAN,
    UNKNOWN_VERSION,
    UNKNOWN_LEVEL,
    UNKNOWN_IMPORT,
    UNKNOWN_PUBLICATION,
    DRAFT_CONFLICT,
    REVISION_AHEAD,
    REVISION_OLD,
    UNKNOWN_SHEET,
    BAD_DISTANCES,
    COMMAND_ID_TAKEN,
    NO_SUCH_THING,
    NOTHING_TO_UNDO,
    PLAN_HAS_ERRORS,
    NOTHING_TO_PUBLISH,
    PUBLICATION_WAITS,
    BAD_PLAN_FILE,
    UNKNOWN_PLAN_FORMAT,
    TOO_MANY_IMPORTS,
    *OF_WAYS,
)
