"""What can be wrong with a recording, said in both languages: what was found, and what was expected instead."""

from pathlib import Path
from typing import Final, NamedTuple

from groundwork.plumbing.reasons import Words


class Fault(NamedTuple):
    """One kind of fault; both sentences may be filled in with the same values."""

    found: Words
    expected: Words


class RecordingError(ValueError):
    """A recording cannot be read: the file, the line where there is one, what was found and what was expected."""

    def __init__(self, path: Path, fault: Fault, line: int | None = None, **values: object) -> None:
        self.path, self.line, self.fault, self.values = path, line, fault, values
        super().__init__(self.said("en"))

    def said(self, language: str) -> str:
        """The whole sentence in `language` (`ar`, else English)."""
        found, expected = (words.said(language, **self.values) for words in self.fault)
        skeleton = _SENTENCE if self.line is None else _SENTENCE_WITH_LINE
        return skeleton.said(language, path=self.path, line=self.line, found=found, expected=expected)


_SENTENCE: Final = Words("{path}: {found}; expected {expected}", "{path}: {found}؛ والمتوقع {expected}")
_SENTENCE_WITH_LINE: Final = Words(
    "{path}, line {line}: {found}; expected {expected}", "{path}، السطر {line}: {found}؛ والمتوقع {expected}"
)
_HOLDS: Final = Words("column {column} holds {text}", "في العمود {column} القيمة {text}")

NO_NUMBER: Final = Fault(_HOLDS, Words("a finite number", "عدد منتهٍ"))
NO_NUMBER_NOR_EMPTY: Final = Fault(_HOLDS, Words("a finite number or nothing", "عدد منتهٍ أو خانة فارغة"))
NO_NAME: Final = Fault(_HOLDS, Words("a name", "اسم"))
NO_ROLE: Final = Fault(_HOLDS, Words("the role `receiver` or `beacon`", "الدور `receiver` أو `beacon`"))
NO_ANCHOR: Final = Fault(_HOLDS, Words("an anchor of this recording", "أحد الأجهزة الثابتة في هذا التسجيل"))
NO_DEVICE: Final = Fault(_HOLDS, Words("a device of this recording", "أحد أجهزة هذا التسجيل"))
CELLS: Final = Fault(Words("{cells} cells", "عدد الخانات {cells}"), Words("{columns} as in the header", "{columns} كما في سطر العناوين"))
NO_COLUMN: Final = Fault(
    Words("no column {missing} among {header}", "لا يوجد العمود {missing} بين الأعمدة {header}"), Words("{required}", "{required}")
)
COLUMN_TWICE: Final = Fault(
    Words("column {column} stands twice in the header", "العمود {column} مكرر في سطر العناوين"),
    Words("each column once", "كل عمود مرة واحدة"),
)
BROKEN_GZIP: Final = Fault(Words("broken gzip ({why})", "ملف gzip تالف ({why})"), Words("a whole .csv.gz", "ملف .csv.gz كامل"))
NO_UTF8: Final = Fault(Words("bytes that are no UTF-8 ({why})", "بايتات ليست UTF-8 ({why})"), Words("CSV in UTF-8", "ملف CSV بترميز UTF-8"))
NO_CSV: Final = Fault(Words("no CSV ({why})", "ليس ملف CSV ({why})"), Words("comma-separated values", "قيم مفصولة بفواصل"))
UNREADABLE: Final = Fault(Words("{why}", "{why}"), Words("a readable file", "ملف يمكن قراءته"))
NO_FOLDER: Final = Fault(Words("no such folder", "لا يوجد مجلد بهذا الاسم"), Words("the folder of a recording", "مجلد تسجيل"))
NO_SESSION: Final = Fault(
    Words("no session matches {sessions}", "لا توجد جلسة تطابق {sessions}"), Words("one of {known}", "واحدة من {known}")
)
NO_PART: Final = Fault(
    Words("no sightings.csv or sightings.csv.gz", "لا يوجد ملف أرصاد: sightings.csv أو sightings.csv.gz"),
    Words("a part, one of: {parts}", "أحد الأجزاء: {parts}"),
)
WHICH_PART: Final = Fault(
    Words("{count} parts: {parts}", "عدد الأجزاء {count}: {parts}"),
    Words("one part with sightings.csv(.gz), or its name", "جزء واحد فيه ملف أرصاد sightings.csv(.gz)، أو اسم الجزء"),
)
NO_FILE: Final = Fault(Words("no such file", "لا يوجد ملف بهذا الاسم"), Words("{name} or {name}.gz", "{name} أو {name}.gz"))
NO_ANCHORS: Final = Fault(
    Words("no anchors.csv", "لا يوجد anchors.csv"),
    Words("where the fixed radios are: anchor_id, role, x_m, y_m, floor", "أماكن الأجهزة الثابتة: anchor_id و role و x_m و y_m و floor"),
)
BAD_ANCHORS: Final = Fault(
    Words("no anchors, both roles, or one anchor twice", "لا أجهزة ثابتة، أو الدوران معًا، أو جهاز مكرر"),
    Words("anchors with ids of their own and one role", "أجهزة ثابتة لكل منها معرّف خاص، ودور واحد لها جميعًا"),
)
TOO_LONG: Final = Fault(
    Words("t_s of {t_s} in data row {row}", "القيمة {t_s} للحقل t_s في صف البيانات {row}"),
    Words("seconds within the session, {longest} at most", "ثوانٍ داخل الجلسة، لا تتجاوز {longest}"),
)
NO_TIME: Final = Fault(
    _HOLDS,
    Words(
        "a time with its zone, as 2026-11-22T10:15:00+03:00, or seconds since 1970",
        "وقت مع منطقته الزمنية مثل 2026-11-22T10:15:00+03:00، أو ثوانٍ منذ 1970",
    ),
)
NO_TAG: Final = Fault(
    _HOLDS,
    Words(
        "a lasting beacon key, as ibeacon:<32 hex>:<major>:<minor> or address:<12 hex>",
        "مفتاح منارة ثابت مثل ibeacon:<32 hex>:<major>:<minor> أو address:<12 hex>",
    ),
)
NO_LEVEL: Final = Fault(_HOLDS, Words("a level with one of the boxes: {known}", "طابق فيه أحد الأجهزة المذكورة: {known}"))
NO_MARKS: Final = Fault(Words("no marks", "لا علامات"), Words("a line for each mark", "سطر لكل علامة"))
OFF_THE_FLOOR: Final = Fault(
    Words("the place ({x_m}, {y_m}) lies {away_m} m off level {level}", "الموضع ({x_m}، {y_m}) يبعد {away_m} م عن الطابق {level}"),
    Words("metres in the level's own frame, as on the plan", "أمتار في إحداثيات الطابق كما على المخطط"),
)
TOO_FAST: Final = Fault(
    Words("{moved_m} m from the mark before it in {took_s} s", "على بعد {moved_m} م من العلامة السابقة خلال {took_s} ث"),
    Words("at most {most_m_s} m a second: check place and time", "{most_m_s} م في الثانية على الأكثر: راجع الموضع والوقت"),
)
TWICE_AT_ONCE: Final = Fault(
    Words(
        "session {session} begins while session {before} goes on with the same tag",
        "تبدأ الجلسة {session} والجلسة {before} مستمرة بالبطاقة نفسها",
    ),
    Words("a tag in one session at a time", "بطاقة في جلسة واحدة في الوقت نفسه"),
)
WHOSE_MARKS: Final = Fault(
    Words("{found}", "{found}"),
    Words(
        "either the column tag, or the tags with `--tag` for all marks",
        "إما العمود tag، وإما البطاقات بالخيار `--tag` لكل العلامات",
    ),
)
NO_GEOJSON: Final = Fault(
    Words("no GeoJSON ({why})", "ليس ملف GeoJSON ({why})"), Words("a FeatureCollection of polygons", "مجموعة FeatureCollection من المضلعات")
)
NO_OUTLINE: Final = Fault(
    Words("feature {number} is no outline ({why})", "العنصر {number} ليس حدودًا صالحة ({why})"),
    Words("a Polygon or MultiPolygon with the property {property}", "مضلع Polygon أو MultiPolygon يحمل الخاصية {property}"),
)
