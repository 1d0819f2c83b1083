"""What an error says, as a phrase in Arabic and English for somebody else's sentence.

Our own errors bring both along; the system's and the decoder's are recognised by their kind and said again. A driver's or a library's own
English, of which there is no end, is quoted as it is.
"""

import errno
import os
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from groundwork.plumbing.expectations import expects_of, json_words, wrong_words
from groundwork.plumbing.reasons import Phrased, Words

_SYSTEM: Final[Mapping[int, str]] = {
    errno.ENOENT: "لا يوجد ملف أو مجلد بهذا الاسم",
    errno.EACCES: "لا توجد صلاحية",
    errno.EPERM: "العملية غير مسموحة",
    errno.EEXIST: "موجود من قبل",
    errno.EISDIR: "إنه مجلد",
    errno.ENOTDIR: "ليس مجلدًا",
    errno.ENOTEMPTY: "المجلد ليس فارغًا",
    errno.ENOSPC: "لا مساحة باقية على القرص",
    errno.EDQUOT: "استُنفدت حصة القرص",
    errno.EROFS: "نظام الملفات للقراءة فقط",
    errno.EFBIG: "الملف كبير جدًا",
    errno.EIO: "أبلغ القرص عن خطأ",
    errno.EBUSY: "قيد الاستعمال",
    errno.EMFILE: "عدد الملفات المفتوحة كبير جدًا",
    errno.ENAMETOOLONG: "الاسم طويل جدًا",
    errno.ELOOP: "روابط تدور في حلقة",
    errno.EADDRINUSE: "المنفذ قيد الاستعمال",
    errno.EADDRNOTAVAIL: "ليس لهذا الجهاز ذلك العنوان",
    errno.ECONNREFUSED: "رُفض الاتصال",
    errno.ECONNRESET: "قطع الطرف الآخر الاتصال",
    errno.ETIMEDOUT: "لم يصل رد في الوقت المحدد",
    errno.EHOSTUNREACH: "لا طريق إلى ذلك الجهاز",
    errno.ENETUNREACH: "لا طريق إلى تلك الشبكة",
}
"""In Arabic; the English is the system's own."""
_IN_TOML: Final = re.compile(r".* \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
"""What Python's reader of TOML ends every error with."""
_QUOTED: Final[Mapping[str, Words]] = {os.strerror(code): Words(os.strerror(code), arabic) for code, arabic in _SYSTEM.items()} | {
    "unable to open database file": Words("unable to open database file", "يتعذر فتح الملف"),
    "file is not a database": Words("file is not a database", "الملف ليس قاعدة بيانات SQLite"),
    "database disk image is malformed": Words("database disk image is malformed", "ملف قاعدة البيانات تالف"),
    "database or disk is full": Words("database or disk is full", "القرص ممتلئ"),
    "database is locked": Words("database is locked", "عملية أخرى تكتب فيها"),
    "disk I/O error": Words("disk I/O error", "أبلغ القرص عن خطأ"),
    "attempt to write a readonly database": Words("attempt to write a readonly database", "هي للقراءة فقط"),
    "Name or service not known": Words("Name or service not known", "لا يعرف DNS هذا الاسم"),
    "Temporary failure in name resolution": Words("Temporary failure in name resolution", "لا يجيب DNS الآن"),
    "File is not a zip file": Words("it is no zip file", "ليس ملف ZIP"),
    "maximum recursion depth exceeded": Words("it is nested too deeply", "تداخله عميق جدًا"),
}
_OF_SYSTEM: Final = re.compile(r"(?:\[Errno -?\d+\] )?(?P<text>.*?)(?P<where>: '.*'| \(\S+:\d+\))?", re.DOTALL)
"""How Python writes out an OSError, or one of an address and a port."""


def phrase_of(error: BaseException) -> Words:
    """What the error says within a sentence, without a full stop."""
    if isinstance(error, Phrased):
        return Words(*error.phrase)
    if isinstance(error, msgspec.ValidationError):
        ours = expects_of(error.__cause__)
        return wrong_words(str(error).removeprefix(str(ours)), Words(*ours.phrase)) if ours else wrong_words(str(error))
    if isinstance(error, OSError) and (known := _SYSTEM.get(error.errno or 0)):
        return Words(os.strerror(error.errno or 0), known)
    if isinstance(error, UnicodeDecodeError):
        return Words(f"byte {error.start} is no UTF-8", f"البايت {error.start} ليس UTF-8")
    return said_again(getattr(error, "strerror", None) or str(error))


def said_again(text: str) -> Words:
    """What an error said in English, of which only that is left, in both languages where it is recognised."""
    if toml := _IN_TOML.fullmatch(text):
        where = f"السطر {toml['line']}، العمود {toml['column']}" if toml["line"] else "نهاية الملف"
        return Words(f"it is no TOML: {text}", f"ليس TOML سليمًا ({where})")
    if " - at `$" in text or text.startswith(("Expected `", "Invalid ", "Object ")):
        return wrong_words(text)
    if (system := _OF_SYSTEM.fullmatch(text)) and (known := _QUOTED.get(system["text"])):
        where = system["where"] or ""
        return Words(known.en + where, known.ar + where)
    return json_words(text)
