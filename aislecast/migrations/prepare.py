"""What `up` does about the schema before the server starts: makes it, or backs up and upgrades it, or refuses a newer one."""

from collections.abc import Callable

from aislecast import migrations
from aislecast.exits import ENVIRONMENT, Stop
from aislecast.folder import Folder
from aislecast.upkeep.backup import back_up
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

NEWER = Words(
    "The database was written by a newer Aislecast (its schema is {found}, this version knows up to {known}). "
    "Install that version, or restore a backup made before it.",
    "كتبت قاعدةَ البيانات نسخةٌ أحدث من Aislecast (مخططها {found}، وهذه النسخة تعرف حتى {known}). ثبّت تلك النسخة، "
    "أو استعد نسخة احتياطية أقدم منها.",
)
OLDER_SERVER = Words(
    "The PostgreSQL database has the older schema {found}; this version needs {known}. Back it up with `pg_dump`, "
    "then run `aislecast db upgrade`.",
    "مخطط قاعدة بيانات PostgreSQL قديم ({found})؛ وتحتاج هذه النسخة إلى {known}. خذ نسخة احتياطية بالأداة "
    "`pg_dump` ثم شغّل `aislecast db upgrade`.",
)
UPGRADED = Words(
    "The database was brought from schema {found} to {known}. A backup from before is in {backup}.",
    "نُقلت قاعدة البيانات من المخطط {found} إلى {known}. والنسخة الاحتياطية السابقة في {backup}.",
)


def prepare(url: str, folder: Folder, say: Callable[[str], None], voice: Voice) -> None:
    """Leaves the database at `url` at the newest schema, or raises Stop. `folder` is locked by the caller, so nobody writes meanwhile."""
    found, known = migrations.current(url), migrations.head()
    if found == known:
        return
    refuse_newer(found)
    if found is None:
        migrations.upgrade(url)
        return
    upgrade_older(url, folder, found, say, voice)


def upgrade_older(url: str, folder: Folder, found: str, say: Callable[[str], None], voice: Voice) -> None:
    """Backs up the folder's database, which stands at revision `found`, then upgrades it. Raises Stop on PostgreSQL."""
    if not url.startswith("sqlite:"):
        raise Stop(OLDER_SERVER, ENVIRONMENT, found=found, known=migrations.head())
    backup = back_up(folder, folder.backups)
    migrations.upgrade(url)
    say(voice.say(UPGRADED, found=found, known=migrations.head(), backup=backup))


def refuse_newer(found: str | None) -> None:
    """Raises Stop where `found` is a revision this version does not have."""
    if found is not None and not migrations.knows(found):
        raise Stop(NEWER, ENVIRONMENT, found=found, known=migrations.head())
