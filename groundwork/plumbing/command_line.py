"""What argparse says of itself, in both languages: the headings of a help page, and every error.

argparse words its errors in English deep inside; ERRORS recognises each by its form and says it again. A test provokes every one of them,
so a Python that words them differently is noticed.
"""

import re
from typing import Final

from groundwork.plumbing.reasons import Words

USAGE: Final = Words("usage:", "الاستعمال:")
ARGUMENTS: Final = Words("arguments", "المعطيات")
COMMANDS: Final = Words("commands", "الأوامر")
OPTIONS: Final = Words("options", "الخيارات")
HELP: Final = Words("show this help and exit", "اعرض هذه المساعدة واخرج")
SEE_HELP: Final = Words("{problem}\nSee {help}.", "{problem}\nانظر {help}.")
OTHER: Final = Words("{problem}", "سطر الأوامر غير صحيح: {problem}")

ERRORS: Final[tuple[tuple[str, Words], ...]] = (
    (
        r"argument (?P<name>\S.*?): invalid choice: (?P<got>.*) \(choose from (?P<known>.*)\)",
        Words("{name}: {got} is not known; choose from {known}.", "{name}: القيمة {got} غير معروفة؛ اختر من {known}."),
    ),
    (r"argument (?P<name>\S.*?): expected (?:one|1) argument", Words("{name} needs a value.", "{name} يحتاج إلى قيمة.")),
    (
        r"argument (?P<name>\S.*?): expected at least one argument",
        Words("{name} needs at least one value.", "{name} يحتاج إلى قيمة واحدة على الأقل."),
    ),
    (
        r"argument (?P<name>\S.*?): not allowed with argument (?P<other>.*)",
        Words("{name} cannot be combined with {other}.", "لا يمكن الجمع بين {name} و{other}."),
    ),
    (
        r"argument (?P<name>\S.*?): ignored explicit argument (?P<got>.*)",
        Words("{name} takes no value, got {got}.", "{name} لا يأخذ قيمة، وقد أُعطي {got}."),
    ),
    (
        r"ambiguous option: (?P<got>.*?) could match (?P<known>.*)",
        Words("{got} may mean {known}; write it in full.", "{got} قد يعني {known}؛ اكتبه كاملًا."),
    ),
    (
        r"the following arguments are required: (?P<known>.*)",
        Words("Something is missing: {known}.", "هناك ما ينقص: {known}."),
    ),
    (
        r"one of the arguments (?P<known>.*) is required",
        Words("One of {known} is needed.", "يلزم واحد من {known}."),
    ),
    (r"unrecognized arguments: (?P<got>.*)", Words("Not understood: {got}.", "غير مفهوم: {got}.")),
    (
        r"argument (?P<name>\S.*?): invalid (?:int|float) value: (?P<got>.*)",
        Words("{name}: expected a number, got {got}.", "{name}: المتوقع عدد، والمعطى {got}."),
    ),
    (r"argument (?P<name>\S.*?): (?P<got>.*)", Words("{name}: {got}", "{name}: {got}")),
)


def recognised(message: str) -> tuple[Words, dict[str, str]]:
    """The sentence for argparse's error `message`, and what fills it; one we do not know is quoted as it is."""
    for form, words in ERRORS:
        if found := re.fullmatch(form, message, re.DOTALL):
            return words, found.groupdict()
    return OTHER, {"problem": message}
