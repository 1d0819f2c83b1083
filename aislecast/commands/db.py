"""`aislecast db upgrade|check`: the database's schema, for deployments where `up` does not see to it."""

import argparse

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, add_database, database_of, database_url, folder_of
from aislecast.exits import FAILED, OK
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words("upgrade or check the database's schema", "حدّث مخطط قاعدة البيانات أو افحصه")
_UPGRADE = Words("bring the schema to the newest revision (back up first)", "انقل المخطط إلى أحدث مراجعة (خذ نسخة احتياطية أولًا)")
_CHECK = Words("compare the schema with what this version needs", "قارن المخطط بما تحتاجه هذه النسخة")
_UPGRADED = Words("The schema went from {found} to {known}.", "انتقل المخطط من {found} إلى {known}.")
_ALREADY = Words("The schema is already the newest, {known}.", "المخطط هو الأحدث بالفعل، {known}.")
_EMPTY = Words("an empty database", "قاعدة بيانات فارغة")
_BEHIND = Words(
    "The schema is {found}, this version needs {known}. Run `aislecast db upgrade`.",
    "المخطط الحالي {found}، وتحتاج هذه النسخة إلى {known}. شغّل `aislecast db upgrade`.",
)
_FINE = Words("The schema is {known} and is exactly what this version needs.", "المخطط هو {known}، وهو مطابق تمامًا لما تحتاجه هذه النسخة.")
_DIFFERS = Words(
    "The schema says {known} but differs from what this version needs (differences: {count}):",
    "يقول المخطط إنه {known} لكنه يختلف عما تحتاجه هذه النسخة (عدد الفروق: {count}):",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    for action in parser.commands("action", {"upgrade": _UPGRADE, "check": _CHECK}).values():
        add_data(action)
        add_database(action, "--url")


def run(args: argparse.Namespace, voice: Voice) -> int:
    url = database_url(args)
    if args.action == "check":
        return check(url, voice)
    if database_of(args) is not None:
        return upgrade(url, voice)
    folder = folder_of(args)
    folder.make()
    with folder.locked():
        return upgrade(url, voice)


def upgrade(url: str, voice: Voice) -> int:
    from aislecast import migrations
    from aislecast.migrations.prepare import refuse_newer

    found, known = migrations.current(url), migrations.head()
    refuse_newer(found)
    if found == known:
        print(voice.say(_ALREADY, known=known))
        return OK
    migrations.upgrade(url)
    print(voice.say(_UPGRADED, found=found or voice.say(_EMPTY), known=known))
    return OK


def check(url: str, voice: Voice) -> int:
    from aislecast import migrations
    from aislecast.migrations.prepare import refuse_newer

    found, known = migrations.current(url), migrations.head()
    refuse_newer(found)
    if found != known:
        print(voice.say(_BEHIND, found=found or voice.say(_EMPTY), known=known))
        return FAILED
    differences = migrations.check(url)
    if not differences:
        print(voice.say(_FINE, known=known))
        return OK
    print(voice.say(_DIFFERS, known=known, count=len(differences)))
    for difference in differences:
        print(f"  {difference}")
    return FAILED
