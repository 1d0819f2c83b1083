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

_SYSTEM: Final[Mapping[int, Words]] = {
    errno.ENOENT: Words("no such file or folder", "لا يوجد ملف أو مجلد بهذا الاسم"),
    errno.EACCES: Words("permission denied", "لا توجد صلاحية"),
    errno.EPERM: Words("operation not permitted", "العملية غير مسموحة"),
    errno.EEXIST: Words("it exists already", "موجود من قبل"),
    errno.EISDIR: Words("it is a folder", "إنه مجلد"),
    errno.ENOTDIR: Words("it is no folder", "ليس مجلدًا"),
    errno.ENOTEMPTY: Words("the folder is not empty", "المجلد ليس فارغًا"),
    errno.ENOSPC: Words("no space left on the disk", "لا مساحة باقية على القرص"),
    errno.EDQUOT: Words("the disk quota is used up", "استُنفدت حصة القرص"),
    errno.EROFS: Words("the file system is read-only", "نظام الملفات للقراءة فقط"),
    errno.EFBIG: Words("the file is too large", "الملف كبير جدًا"),
    errno.EIO: Words("the disk reported an error", "أبلغ القرص عن خطأ"),
    errno.EBUSY: Words("it is in use", "قيد الاستعمال"),
    errno.EMFILE: Words("too many files are open", "عدد الملفات المفتوحة كبير جدًا"),
    errno.ENAMETOOLONG: Words("the name is too long", "الاسم طويل جدًا"),
    errno.ELOOP: Words("links lead around in a circle", "روابط تدور في حلقة"),
    errno.EADDRINUSE: Words("the port is in use", "المنفذ قيد الاستعمال"),
    errno.EADDRNOTAVAIL: Words("this machine does not have that address", "ليس لهذا الجهاز ذلك العنوان"),
    errno.ECONNREFUSED: Words("the connection was refused", "رُفض الاتصال"),
    errno.ECONNRESET: Words("the other side broke the connection off", "قطع الطرف الآخر الاتصال"),
    errno.ETIMEDOUT: Words("no answer came in time", "لم يصل رد في الوقت المحدد"),
    errno.EHOSTUNREACH: Words("there is no way to that machine", "لا طريق إلى ذلك الجهاز"),
    errno.ENETUNREACH: Words("there is no way to that network", "لا طريق إلى تلك الشبكة"),
}


_IN_TOML: Final = re.compile(r".* \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.DOTALL)
"""What Python's reader of TOML ends every error with."""
_QUOTED: Final[Mapping[str, Words]] = {os.strerror(code): words for code, words in _SYSTEM.items()} | {
    "unable to open database file": Words("unable to open database file", "يتعذر فتح الملف"),
    "file is not a database": Words("file is not a database", "الملف ليس قاعدة بيانات SQLite"),
    "database disk image is malformed": Words("database disk image is malformed", "ملف قاعدة البيانات تالف"),
    "database or disk is full": Words("database or disk is full", "القرص ممتلئ"),
    "database is locked": Words("database is locked", "عملية أخرى تكتب فيها"),
    "disk I/O error": Words("disk I/O error", "أبلغ القرص عن خطأ"),
    "attempt to write a readonly database": Words("attempt to write a readonly database", "هي للقراءة فقط"),
    "File is not a zip file": Words("it is no zip file", "ليس ملف ZIP"),
    "maximum recursion depth exceeded": Words("it is nested too deeply", "تداخله عميق جدًا"),
}


def phrase_of(error: BaseException) -> Words:
    """What the error says within a sentence, without a full stop."""
    if isinstance(error, Phrased):
        return Words(*error.phrase)
    if isinstance(error, msgspec.ValidationError):
        ours = expects_of(error.__cause__)
        return wrong_words(str(error).removeprefix(str(ours)), Words(*ours.phrase)) if ours else wrong_words(str(error))
    if isinstance(error, OSError) and (known := _SYSTEM.get(error.errno or 0)):
        return known
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
    return _QUOTED.get(text) or json_words(text)
