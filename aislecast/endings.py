"""What an error means to the operator: one sentence and an exit code for each kind we know, and for the rest a note in the log.

The kinds stand in ENDINGS, tried in order. Errors of heavy modules are named by module and class, so that nothing is imported
only to ask whether it was raised.
"""

import errno
import sys
from collections.abc import Callable
from typing import Final

from aislecast import words
from aislecast.exits import BAD_INPUT, ENVIRONMENT, FAILED, INTERRUPTED, Stop
from aislecast.folder import Folder
from aislecast.words import Voice, clause
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.settings import SettingError

Ending = tuple[str, int]

_AT = Words("{sentence} (at {at})", "{sentence} (الموضع: {at})")
_RECORDING = Words("The recording cannot be read: {why}.", "تتعذر قراءة التسجيل: {why}.")
_FULL: Final = (errno.ENOSPC, errno.EDQUOT)
_OWN: Final = ("aislecast", "beacon_gateway", "floorplans", "geofence", "groundwork", "notifier")
_LATE: Final = (
    ("groundwork.plumbing.db", "DatabaseTrouble", words.NO_DATABASE, ENVIRONMENT),
    ("aislecast.twin.faults", "RecordingError", _RECORDING, BAD_INPUT),
)


def ending_of(error: BaseException, voice: Voice) -> Ending | None:
    """The sentence and the exit code for `error`; None where it is of no kind we know."""
    found = (ending(error, voice) for ending in ENDINGS)
    return next((each for each in found if each is not None), None)


def unexpected(error: BaseException, folder: Folder, voice: Voice) -> Ending:
    """Notes the error with its stack in the folder's log and says where that is."""
    from aislecast.upkeep.support import note_crash

    return voice.say(words.UNEXPECTED, kind=type(error).__name__, log=note_crash(error, folder)), FAILED


def _stopped(error: BaseException, voice: Voice) -> Ending | None:
    return (voice.say(error.words, **error.values), error.code) if isinstance(error, Stop) else None


def _interrupted(error: BaseException, voice: Voice) -> Ending | None:
    return (voice.say(words.INTERRUPTED), INTERRUPTED) if isinstance(error, KeyboardInterrupt) else None


def _refused(error: BaseException, voice: Voice) -> Ending | None:
    if not isinstance(error, Refusal):
        return None
    sentence = voice.say(error.reason.words, **error.values)
    return voice.say(_AT, sentence=sentence, at=error.at) if error.at else sentence, BAD_INPUT


def _setting(error: BaseException, voice: Voice) -> Ending | None:
    return (error.said(voice.language), BAD_INPUT) if isinstance(error, SettingError) else None


def _missing_package(error: BaseException, voice: Voice) -> Ending | None:
    if not isinstance(error, ModuleNotFoundError) or not error.name or error.name.partition(".")[0] in _OWN:
        return None
    return voice.say(words.MISSING_PART, package=error.name), ENVIRONMENT


def _machine(error: BaseException, voice: Voice) -> Ending | None:
    if not isinstance(error, OSError):
        return None
    if error.errno == errno.EADDRINUSE:
        return voice.say(words.SOME_PORT_IN_USE), ENVIRONMENT
    if error.errno in _FULL:
        return voice.say(words.NO_SPACE, where=f" ({error.filename})" if error.filename else ""), ENVIRONMENT
    if error.filename and (isinstance(error, PermissionError) or error.errno == errno.EROFS):
        return voice.say(words.NO_ACCESS, path=error.filename), ENVIRONMENT
    return None


def _late(error: BaseException, voice: Voice) -> Ending | None:
    for module, name, sentence, code in _LATE:
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(error, kind):
            if hasattr(error, "said"):
                return voice.say(sentence, why=error.said(voice.language).rstrip(".")), code
            return voice.say(sentence, why=clause(phrase_of(error))), code
    return None


ENDINGS: Final[tuple[Callable[[BaseException, Voice], Ending | None], ...]] = (
    _stopped,
    _interrupted,
    _refused,
    _setting,
    _missing_package,
    _machine,
    _late,
)
