"""What a person reads about a plan: a sentence and, where there is one, what to do, for each code of a Remark or a Finding.

Codes are for machines and never change; sentences may. A test holds that every code in the package has its sentence.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from floorplans.drawing import Remark
from groundwork.plumbing.phrases import said_again
from groundwork.plumbing.reasons import Words


class Sentence(NamedTuple):
    """What is the matter, and what helps."""

    words: Words
    fix: Words = Words("", "")


OF_FILES: Final[dict[str, Sentence]] = {
    "no_geojson": Sentence(
        Words("This is no GeoJSON feature collection: {problem}.", "هذا الملف ليس مجموعة معالم بصيغة GeoJSON: {problem}."),
        Words("Export it again as a FeatureCollection.", "أعد تصديره بصيغة FeatureCollection."),
    ),
    "too_many": Sentence(
        Words("There are {found} {what}, and {most} are the most that is read.", "عدد {what} هو {found}، والحد الأقصى المقروء {most}."),
        Words("Leave out layers or split the file.", "استبعد بعض الطبقات أو قسّم الملف."),
    ),
    "no_geometry": Sentence(
        Words("It has no geometry and was left out.", "ليس له شكل هندسي فاستُبعد."), Words("Draw it or delete it.", "ارسمه أو احذفه.")
    ),
    "wrong_geometry": Sentence(
        Words("Its geometry is {found}; expected {expected}. It was left out.", "شكله الهندسي {found} والمتوقع {expected}، فاستُبعد.")
    ),
    "short_ring": Sentence(
        Words("A ring of {found} points encloses nothing; it was left out.", "حلقة من {found:نقطة} لا تحصر مساحة، فاستُبعدت."),
        Words("Draw at least three corners.", "ارسم ثلاث زوايا على الأقل."),
    ),
    "wrong_point": Sentence(
        Words("{found} is no point: two finite numbers were expected.", "القيمة {found} ليست نقطة: المتوقع عددان منتهيان.")
    ),
    "too_large": Sentence(
        Words("It is too large: {found}, and {most} is the most that is read.", "الحجم أكبر من المسموح: {found}، والحد الأقصى {most}."),
        Words("Export a smaller or coarser version.", "صدّر نسخة أصغر أو أقل دقة."),
    ),
    "unreadable": Sentence(Words("It cannot be read: {problem}.", "تعذرت قراءته: {problem}.")),
    "no_file": Sentence(Words("There is no file of this name.", "لا يوجد ملف بهذا الاسم."), Words("Check the name.", "تحقق من الاسم.")),
    "folder": Sentence(
        Words("This is a folder, and not one of a recording.", "هذا مجلد، وليس مجلد تسجيل."),
        Words("Name the plan file in it.", "اذكر ملف المخطط الذي فيه."),
    ),
    "empty_file": Sentence(Words("The file is empty.", "الملف فارغ."), Words("Export it again.", "أعد تصديره.")),
    "unknown_content": Sentence(
        Words("What is in it is none of the formats that are read: {known}.", "محتواه ليس من الصيغ المقروءة: {known}."),
        Words("Export it in one of them.", "صدّره بإحداها."),
    ),
    "dwg": Sentence(
        Words("This is a DWG, which nothing free reads.", "هذا ملف DWG، ولا يقرؤه أي برنامج حر."),
        Words("Save it as DXF or PDF.", "احفظه بصيغة DXF أو PDF."),
    ),
    "bad_archive": Sentence(Words("The archive is broken: {problem}.", "الأرشيف تالف: {problem}."), Words("Zip it again.", "أعد ضغطه.")),
    "member_too_long": Sentence(
        Words("{found} in the archive is longer than the archive says.", "الملف {found} داخل الأرشيف أطول مما يذكره الأرشيف."),
        Words("Zip it again.", "أعد ضغطه."),
    ),
    "zip_bomb": Sentence(
        Words(
            "It unpacks to {found} times its size; over {most} times is refused.",
            "يتضخم الأرشيف عند فكّه {found:مرة}؛ ويُرفض ما زاد على {most:مرة}.",
        )
    ),
    "no_level": Sentence(
        Words("No level was found in it.", "لم يُعثر فيه على أي طابق."),
        Words("Check that it is the right file, and that it has floors in it.", "تحقق من أنه الملف الصحيح وأن فيه طوابق."),
    ),
    "level_guessed": Sentence(
        Words("It does not say which level it is on; it was put on {found}.", "لا يذكر الطابق الذي هو فيه، فوُضع في {found}."),
        Words("Move it where that is wrong.", "انقله إن كان ذلك خطأ."),
    ),
    "unknown_reference": Sentence(
        Words("{key} names {found}, which is not in the file; it was left out.", "يشير {key} إلى {found} وهو غير موجود في الملف، فاستُبعد.")
    ),
    "no_ordinal": Sentence(
        Words("It has no ordinal; 0 was taken.", "لا رقم ترتيب له، فاعتُمد 0."),
        Words("Number the levels: 0 is the ground, -1 the basement.", "رقّم الطوابق: 0 للأرضي و-1 للقبو."),
    ),
    "wrong_value": Sentence(Words("{key} cannot be used: {problem}.", "قيمة {key} غير صالحة: {problem}.")),
    "wrong_number": Sentence(
        Words("{key} is {found}; expected a number.", "قيمة {key} هي {found} والمتوقع عدد."),
        Words("Write metres as 12.5.", "اكتب الأمتار هكذا: 12.5."),
    ),
    "id_taken": Sentence(Words("The id {id} was there twice; the second was given {given}.", "المعرّف {id} مكرر، فأُعطي الثاني {given}.")),
    "no_anchor": Sentence(
        Words(
            "This level is not tied to the earth, and the format needs degrees.",
            "هذا الطابق غير مربوط بإحداثيات الأرض، والصيغة تتطلب درجات.",
        ),
        Words("Georeference it first, or export local GeoJSON.", "اربطه جغرافيًا أولًا، أو صدّره بصيغة GeoJSON المحلية."),
    ),
    "closed_ring": Sentence(Words("The line was not closed; it was closed.", "لم يكن الخط مغلقًا فأُغلق.")),
    "mended": Sentence(
        Words("Its outline crossed itself; it was split there.", "كانت حدوده تتقاطع مع نفسها فقُسّم عند التقاطع."),
        Words("Look whether it is still what was meant.", "تحقق من أنه ما زال كما أُريد."),
    ),
    "no_area": Sentence(Words("It encloses nothing and was left out.", "لا يحصر أي مساحة فاستُبعد.")),
    "no_level_tag": Sentence(
        Words("It names no level; it was put on level 0.", "لا يذكر طابقًا، فوُضع في الطابق 0."), Words("Give it a level.", "حدّد له طابقًا.")
    ),
    "unknown_kind": Sentence(
        Words("{found} is no kind we know; known are {known}.", "النوع {found} غير معروف؛ الأنواع المعروفة: {known}."),
        Words("Write one of the known kinds.", "اكتب أحد الأنواع المعروفة."),
    ),
    "drawn_twice": Sentence(
        Words("{name} was drawn twice; the newer one, {kept}, was kept.", "الشكل {name} مرسوم مرتين، فأُبقي على الأحدث {kept}.")
    ),
    "unknown_columns": Sentence(
        Words("The columns are {found}; expected at least {known}.", "الأعمدة هي {found}؛ والمتوقع على الأقل {known}."),
        Words("Put the column names in the first row.", "ضع أسماء الأعمدة في الصف الأول."),
    ),
    "not_utf8": Sentence(
        Words("Its letters are not in UTF-8.", "حروفه ليست بترميز UTF-8."), Words("Save it as CSV UTF-8.", "احفظه بصيغة CSV UTF-8.")
    ),
    "bad_picture": Sentence(Words("The picture cannot be opened: {problem}.", "تعذر فتح الصورة: {problem}.")),
    "no_page": Sentence(Words("There is no page {found}; it has {most}.", "لا توجد صفحة رقم {found}؛ عدد الصفحات {most}.")),
    "bad_drawing": Sentence(
        Words("The drawing cannot be read: {problem}.", "تعذرت قراءة الرسم: {problem}."),
        Words("Save it again as DXF 2018 or plain SVG.", "احفظه من جديد بصيغة DXF 2018 أو SVG بسيط."),
    ),
    "unsafe_drawing": Sentence(
        Words("It holds {found}, which no floor plan needs; it is refused.", "يحتوي على {found} ولا حاجة لمخطط به، لذا رُفض."),
        Words("Save it as plain SVG, without scripts and links.", "احفظه بصيغة SVG بسيط دون نصوص برمجية أو روابط."),
    ),
    "circle": Sentence(
        Words("A part of it contains itself: {found}.", "جزء منه يحتوي نفسه: {found}."),
        Words("Explode the block and save again.", "فكّك الكتلة ثم احفظ من جديد."),
    ),
    "other_version": Sentence(Words("It is of version {found}; it was read as {known}.", "نسخة الصيغة {found}، وقُرئت على أنها {known}.")),
    "no_unit": Sentence(
        Words("It does not say its unit; metres were taken.", "لا يذكر وحدة القياس، فاعتُمد المتر."),
        Words("Choose the unit at import.", "اختر الوحدة عند الاستيراد."),
    ),
    "empty_drawing": Sentence(
        Words("Nothing is drawn on the chosen layers. There are: {found}.", "لا رسم في الطبقات المختارة. الطبقات الموجودة: {found}."),
        Words("Choose other layers.", "اختر طبقات أخرى."),
    ),
    "took_too_long": Sentence(
        Words("Reading took over {seconds} s and was stopped.", "استغرقت القراءة أكثر من {seconds:ثانية} فأُوقفت."),
        Words("Leave out layers or split the file.", "استبعد بعض الطبقات أو قسّم الملف."),
    ),
    "too_much_memory": Sentence(
        Words("Reading needed over {megabytes} MB and was stopped.", "احتاجت القراءة إلى أكثر من {megabytes} ميغابايت فأُوقفت."),
        Words("Leave out layers or split the file.", "استبعد بعض الطبقات أو قسّم الملف."),
    ),
    "reader_died": Sentence(Words("The reader ended unexpectedly ({problem}).", "توقف القارئ على نحو غير متوقع ({problem}).")),
    "unknown_format": Sentence(
        Words("{found} is no format we know; known are {known}.", "الصيغة {found} غير معروفة؛ الصيغ المعروفة: {known}.")
    ),
}


OF_PLANS: Final[dict[str, Sentence]] = {
    "too_long": Sentence(
        Words("There is {found}; {expected} can be kept.", "النص أطول من المسموح: {found}؛ المسموح: {expected}."),
        Words("Shorten it.", "اختصره."),
    ),
    "out_of_range": Sentence(Words("The number is {found}; expected {expected}.", "العدد {found}؛ والمتوقع {expected}.")),
    "id_length": Sentence(
        Words("Its id has a length that cannot be kept.", "طول المعرّف غير صالح للحفظ."), Words("1 to 64 characters.", "من 1 إلى 64 حرفًا.")
    ),
    "id_twice": Sentence(
        Words("Its id is used more than once.", "المعرّف مستخدم أكثر من مرة."), Words("Give one of them another.", "أعط أحدها معرّفًا آخر.")
    ),
    "unknown_level": Sentence(
        Words("It is on a level that is not in the plan.", "يقع في طابق غير موجود في المخطط."), Words("Choose a level.", "اختر طابقًا.")
    ),
    "unknown_parent": Sentence(
        Words("It is inside a zone that is not in the plan.", "تقع ضمن منطقة غير موجودة في المخطط."),
        Words("Choose another, or none.", "اختر غيرها أو لا شيء."),
    ),
    "unknown_fixture": Sentence(
        Words("It stands on a shelf that is not in the plan.", "موضوع على رف غير موجود في المخطط."), Words("Choose a shelf.", "اختر رفًا.")
    ),
    "parent_circle": Sentence(
        Words("The zone is, by way of others, inside itself.", "المنطقة تقع داخل نفسها عبر مناطق أخرى."),
        Words("Free one of them.", "حرّر إحداها."),
    ),
    "wrong_kind": Sentence(
        Words("Its kind is unknown.", "نوعه غير معروف."), Words("Choose a kind from the list.", "اختر نوعًا من القائمة.")
    ),
    "no_polygon": Sentence(Words("The zone has no shape.", "المنطقة بلا شكل."), Words("Draw it or delete it.", "ارسمها أو احذفها.")),
    "empty_name": Sentence(
        Words("A name is missing; both languages are needed.", "أحد الاسمين مفقود؛ يلزم الاسم باللغتين."),
        Words("Fill in both.", "املأ الاسمين."),
    ),
    "short_ring_drawn": Sentence(
        Words("A ring has fewer than three corners.", "حلقة بأقل من ثلاث زوايا."), Words("Draw it again.", "ارسمها من جديد.")
    ),
    "not_finite": Sentence(
        Words("A coordinate is no finite number.", "إحداثية ليست عددًا منتهيًا."), Words("Place it again.", "ضعه من جديد.")
    ),
    "crossing_ring": Sentence(
        Words("Its outline crosses itself.", "حدوده تتقاطع مع نفسها."), Words("Split it where it crosses.", "قسّمه عند موضع التقاطع.")
    ),
    "overlaps_itself": Sentence(Words("Its polygons lie over one another.", "مضلعاته متراكبة."), Words("Join them.", "ادمجها.")),
    "identity_twice": Sentence(
        Words("This identity is in {count} places at once.", "هذه الهوية موجودة في {count:موضع} في الوقت نفسه."),
        Words("Keep the one that is true.", "أبقِ الموضع الصحيح وحده."),
    ),
    "identity_elsewhere": Sentence(
        Words(
            "The plan in force at venue {venue} has this identity too.", "هذه الهوية موجودة أيضًا في المخطط المعمول به في المتجر {venue}."
        ),
        Words("Keep it where it hangs.", "أبقها حيث هي معلّقة فعلًا."),
    ),
    "gateway_unplaced": Sentence(
        Words("The gateway is enrolled and is nowhere on the plan.", "البوابة مسجلة ولا موضع لها على المخطط."),
        Words("Place it.", "حدّد موضعها."),
    ),
    "no_outline": Sentence(
        Words("The level has no outline.", "الطابق بلا حدود مرسومة."),
        Words("Take the outline of what is on it.", "خذ حدود ما هو مرسوم عليه."),
    ),
    "one_language": Sentence(
        Words("{count} zones have the same name in both languages.", "عدد {count} من المناطق لها الاسم نفسه باللغتين."),
        Words("Add the missing names.", "أضف الأسماء الناقصة."),
    ),
    "outside_level": Sentence(
        Words("{share} % of the zone is outside level {level}.", "نسبة {share} % من المنطقة خارج الطابق {level}."),
        Words("Cut it off there.", "اقتطع الزائد."),
    ),
    "overlap": Sentence(
        Words(
            "It covers {share} % of {other}, and zones of these kinds share no floor.",
            "يغطي {share} % من {other}، ولا تتشارك مناطق هذين النوعين الأرضية.",
        ),
        Words("Move one side.", "حرّك أحد الأضلاع."),
    ),
    "orphan": Sentence(
        Words("It belongs to {parent} and lies nowhere in it.", "تابع لـ {parent} ولا يقع ضمنه."),
        Words("Free it from there.", "افصله عنه."),
    ),
    "placement_outside": Sentence(Words("It hangs outside the level.", "موضعه خارج الطابق."), Words("Place it again.", "ضعه من جديد.")),
    "island": Sentence(
        Words("{area} m² of the floor cannot be reached.", "مساحة {area} م² من الأرضية لا يمكن الوصول إليها."),
        Words("Open a gap of 70 cm, or mark the part as closed.", "افتح ممرًا بعرض 70 سم أو علّم الجزء على أنه مغلق."),
    ),
    "door_apart": Sentence(Words("The door touches no room.", "الباب لا يلامس أي غرفة."), Words("Move it to a wall.", "انقله إلى جدار.")),
    "unsound": Sentence(Words("{found}; expected {expected}.", "{found}؛ والمتوقع {expected}.")),
}


OF_FITS: Final[dict[str, Sentence]] = {
    "one_distance": Sentence(
        Words("One distance gives a scale that nothing confirms.", "مسافة واحدة تعطي مقياسًا لا يؤكده شيء."),
        Words("Measure a second one, across the first.", "قِس مسافة ثانية متعامدة مع الأولى."),
    ),
    "distances_disagree": Sentence(
        Words("The distances disagree by over 1 %.", "المسافات متفاوتة بأكثر من 1 %."),
        Words("Measure again; if they still do, the drawing is stretched.", "أعد القياس؛ فإن بقي التفاوت فالرسم ممطوط."),
    ),
    "no_spare_point": Sentence(
        Words("There is no point to spare, so nothing confirms the fit.", "لا توجد نقطة زائدة، فلا شيء يؤكد المطابقة."),
        Words("Add points, four or more in all.", "أضف نقاطًا ليصبح عددها أربعًا فأكثر."),
    ),
    "high_rms": Sentence(
        Words("The points disagree by over 0.5 m.", "النقاط متفاوتة بأكثر من 0.5 م."),
        Words("Look at the point with the largest residual.", "راجع النقطة ذات الفرق الأكبر."),
    ),
    "mirrored": Sentence(
        Words("The plan fits far better mirrored.", "المخطط يطابق بصورة أفضل بكثير إذا قُلب."), Words("Flip the drawing.", "اقلب الرسم.")
    ),
    "one_point_off": Sentence(
        Words("One point disagrees with all the others.", "نقطة واحدة لا تتفق مع البقية."),
        Words("Place it again or leave it out.", "ضعها من جديد أو استبعدها."),
    ),
}


def said(remark: Remark, language: str) -> str:
    """The remark in `language` (`ar`, else English): place, sentence, fix."""
    text, fix = phrases(remark.code, remark.values, language)
    return " ".join(part for part in (f"{remark.at}:" if remark.at else "", text, fix) if part)


def phrases(code: str, values: Mapping[str, str], language: str) -> tuple[str, str]:
    """The sentence of a code, of a file, a plan or a fit, and what helps (empty where nothing general does)."""
    sentence = (OF_FILES | OF_PLANS | OF_FITS)[code]
    spoken = {name: said_again(value) if name == "problem" else value for name, value in values.items()}
    return sentence.words.said(language, **spoken), sentence.fix.said(language, **spoken)
