"""`aislecast restore`: a backup back into a data folder, with a fence against pushes from before."""

import argparse
from pathlib import Path

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, folder_of
from aislecast.exits import OK
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

SUMMARY = Words("put a backup back into a data folder", "أعد نسخة احتياطية إلى مجلد البيانات")
_BACKUP = Words("the file that `aislecast backup` made", "الملف الذي أنشأه `aislecast backup`")
_FORCE = Words("put aside what the folder holds now", "انقل محتويات المجلد الحالية جانبًا")
_DONE = Words(
    "Restored to {folder} as it was on {made:%Y-%m-%d %H:%M} UTC. Pushes made before now will expire unsent, "
    "because they may have been sent already.",
    "استُعيد {folder} كما كان في {made:%Y-%m-%d %H:%M} بالتوقيت العالمي. والإشعارات المنشأة قبل الآن تنتهي "
    "صلاحيتها دون إرسال، لأنها ربما أُرسلت من قبل.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    parser.argument("backup", _BACKUP, metavar="FILE", type=Path)
    add_data(parser)
    parser.flag("--force", _FORCE)


def run(args: argparse.Namespace, voice: Voice) -> int:
    from aislecast.migrations.prepare import refuse_newer
    from aislecast.upkeep.backup import made_at, read_manifest, restore

    refuse_newer(read_manifest(args.backup).schema or None)
    folder = folder_of(args)
    folder.make()
    with folder.locked():
        manifest = restore(folder, args.backup, force=args.force)
    print(voice.say(_DONE, folder=folder.root, made=made_at(manifest)))
    return OK
