"""The command line `beacon-gateway`: enrol, run, check, survey, rotate, resend, decode, keygen.

Every sentence in Arabic or English, by `--lang` or the locale.

Exit codes: 0 done; 1 `check` has found something that does not work; 2 wrong input or settings (`decode` has then read all other lines);
3 the machine is in the way (spool, adapter, disk); 130 stopped with Ctrl-C.
"""

import argparse
import asyncio
import math
import os
import random
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway import exits, words
from beacon_gateway.arguments import PARSERS, Parser
from beacon_gateway.exits import Stop
from groundwork.plumbing.command_line import COMMANDS
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.settings import SettingError


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command line and returns its exit code; the entry point of the script."""
    typed = list(sys.argv[1:] if argv is None else argv)
    language = language_of(typed, os.environ)
    args = _parser(language).parse_args(typed)
    try:
        code: int = args.run(args, language)
    except (Stop, SettingError) as problem:
        print(problem.said(language), file=sys.stderr)
        return problem.code if isinstance(problem, Stop) else exits.BAD_INPUT
    except KeyboardInterrupt:
        print(words.INTERRUPTED.said(language), file=sys.stderr)
        return exits.INTERRUPTED
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    return code


def language_of(typed: Sequence[str], environ: Mapping[str, str]) -> str:
    """`ar` or `en`: what `--lang` says, else the locale; found before parsing, so that errors in parsing speak it too."""
    for at, word in enumerate(typed):
        if word == "--lang" and at + 1 < len(typed):
            return typed[at + 1]
        if word.startswith("--lang="):
            return word.removeprefix("--lang=")
    locale = environ.get("LC_ALL") or environ.get("LC_MESSAGES") or environ.get("LANG") or ""
    return "ar" if locale.startswith("ar") else "en"


def _parser(language: str) -> Parser:
    def said(sentence: Words) -> str:
        return sentence.said(language)

    kind = PARSERS.get(language, Parser)
    shared = kind(add_help=False)
    shared.add_argument("--lang", choices=("ar", "en"), default=argparse.SUPPRESS, help=said(words.LANG))
    parser = kind(prog="beacon-gateway", description=said(words.ABOUT), parents=[shared])
    commands = parser.add_subparsers(dest="command", required=True, title=said(COMMANDS), metavar="COMMAND", parser_class=kind)
    configured = kind(add_help=False, parents=[shared])
    configured.add_argument("--config", type=Path, required=True, metavar="FILE", help=said(words.CONFIG))
    running = commands.add_parser("run", help=said(words.RUN), description=said(words.RUN), parents=[configured])
    running.add_argument("--until-drained", action="store_true", help=said(words.UNTIL_DRAINED))
    running.set_defaults(run=_run)
    enrolling = commands.add_parser("enrol", help=said(words.ENROL), description=said(words.ENROL), parents=[shared])
    enrolling.add_argument("--server", required=True, metavar="URL", help=said(words.SERVER))
    enrolling.add_argument("--code", required=True, help=said(words.CODE))
    enrolling.add_argument("--config", type=Path, default=Path("gateway.toml"), metavar="FILE", help=said(words.ENROL_CONFIG))
    enrolling.add_argument("--ca", default="", metavar="FILE", help=said(words.CA))
    enrolling.set_defaults(run=_enrol)
    checking = commands.add_parser("check", help=said(words.CHECK), description=said(words.CHECK), parents=[configured])
    checking.set_defaults(run=_check)
    surveying = commands.add_parser("survey", help=said(words.SURVEY), description=said(words.SURVEY), parents=[configured])
    surveying.add_argument("--seconds", type=float, default=math.inf, metavar="N", help=said(words.SECONDS))
    surveying.add_argument("--plain", action="store_true", help=said(words.PLAIN))
    surveying.add_argument("--keep", type=Path, metavar="FILE", help=said(words.KEEP))
    surveying.add_argument("--tag", action="append", default=[], metavar="KEY", help=said(words.KEEP_TAG))
    surveying.set_defaults(run=_survey)
    for name, sentence, act in (("rotate", words.ROTATE, _rotate), ("resend", words.RESEND, _resend)):
        commands.add_parser(name, help=said(sentence), description=said(sentence), parents=[configured]).set_defaults(run=act)
    decoding = commands.add_parser("decode", help=said(words.DECODE), description=said(words.DECODE), parents=[shared])
    decoding.set_defaults(run=_decode)
    making = commands.add_parser("keygen", help=said(words.KEYGEN), description=said(words.KEYGEN), parents=[shared])
    making.add_argument("key_file", type=Path, metavar="FILE", help=said(words.KEY_FILE))
    making.set_defaults(run=_keygen)
    return parser


def _enrol(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.enrol import Asked, enrol, settings_for
    from beacon_gateway.transport import HttpTransport
    from groundwork.plumbing.clock import clock_from

    asked = Asked(args.server.rstrip("/"), args.code, args.config, str(Path(args.ca).absolute()) if args.ca else "")
    settings = settings_for(asked)
    transport = HttpTransport(settings.server, ca_file=settings.ca_file)

    async def ask() -> int:
        try:
            told, _ = await enrol(asked, settings, transport, clock_from(settings.clock).now_ms())
        finally:
            await transport.close()
        about = {"gateway": told.gateway, "venue": told.venue, "tenant": told.tenant}
        print(words.ENROLLED.said(language, config=args.config, **about))
        return exits.OK

    return asyncio.run(ask())


def _run(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.keys import read_key
    from beacon_gateway.settings import SECTION, GatewaySettings
    from groundwork.plumbing.settings import load
    from groundwork.plumbing.telemetry import configure_logs

    settings = load(GatewaySettings, SECTION, os.environ, args.config)
    key = read_key(settings.key_file)
    configure_logs()

    async def live() -> None:
        from beacon_gateway.app import build
        from beacon_gateway.run import run
        from groundwork.plumbing.clock import clock_from
        from groundwork.plumbing.hops import Hops
        from groundwork.plumbing.ids import SystemIds

        clock = clock_from(settings.clock)
        gateway = build(settings, key, clock, SystemIds(clock), random.Random(), Hops())
        held, aside = gateway.spool.held, gateway.spool.moved_aside
        if aside is not None:
            _tell(words.MOVED_ASIDE, language, path=settings.spool_file, aside=aside)
        about = {"gateway": settings.gateway, "source": settings.source, "server": settings.server, "spool": settings.spool_file}
        _tell(words.STARTED, language, batches=held.batches, **about)
        await run(gateway, until_drained=args.until_drained)
        heard, sent = gateway.hops.hop("gateway.gate", "adverts").in_, gateway.hops.hop("gateway.spool", "sightings").out
        _tell(words.ENDED, language, adverts=heard, sent=sent, waiting=gateway.spool.held.rows)

    asyncio.run(live())
    return exits.OK


def _check(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.check import State, check
    from beacon_gateway.settings import SECTION, GatewaySettings
    from beacon_gateway.tools import means
    from groundwork.plumbing.settings import load

    settings = load(GatewaySettings, SECTION, os.environ, args.config)

    async def ask() -> int:
        async with means(settings) as all_means:
            findings = await check(all_means)
        marks = {State.WELL: words.WELL, State.ODD: words.ODD, State.ILL: words.ILL}
        for finding in findings:
            print(f"[{marks[finding.state].said(language)}] {finding.said(language)}")
        ill = sum(finding.state is State.ILL for finding in findings)
        print(words.NOT_WELL.said(language, count=ill) if ill else words.ALL_WELL.said(language))
        return exits.FOUND if ill else exits.OK

    return asyncio.run(ask())


def _survey(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.keeping import kept_in
    from beacon_gateway.settings import SECTION, GatewaySettings
    from beacon_gateway.tools import survey
    from groundwork.plumbing.settings import load

    settings = load(GatewaySettings, SECTION, os.environ, args.config)
    with kept_in(args.keep, args.tag) as kept:
        try:
            asyncio.run(survey(settings, sys.stdout, language, seconds=args.seconds, plain=args.plain, kept=kept))
        finally:  # Ctrl-C is how a walk ends
            if kept is not None:
                _tell(words.KEPT if kept.adverts else words.KEPT_NOTHING, language, count=kept.adverts, path=args.keep)
    return exits.OK


def _rotate(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.settings import SECTION, GatewaySettings
    from beacon_gateway.tools import rotate
    from groundwork.plumbing.settings import load

    key = asyncio.run(rotate(load(GatewaySettings, SECTION, os.environ, args.config)))
    print(words.ROTATED.said(language, key=key))
    return exits.OK


def _resend(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.settings import SECTION, GatewaySettings
    from beacon_gateway.tools import resend
    from groundwork.plumbing.settings import load

    rows = resend(load(GatewaySettings, SECTION, os.environ, args.config))
    print(words.RESENT.said(language, rows=rows))
    return exits.OK


def _decode(_args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.decode import Wrong, decode_lines

    code = exits.OK
    for answer in decode_lines(sys.stdin.buffer):
        if isinstance(answer, Wrong):
            _tell(words.DECODE_LINE, language, **answer._asdict())
            code = exits.BAD_INPUT
            continue
        sys.stdout.buffer.write(answer)
        sys.stdout.buffer.flush()
    return code


def _keygen(args: argparse.Namespace, language: str) -> int:
    from beacon_gateway.keys import public_half, write_key

    key = Ed25519PrivateKey.generate()
    write_key(args.key_file, key)
    print(words.PUBLIC_KEY.said(language, key=public_half(key)))
    return exits.OK


def _tell(sentence: Words, language: str, **values: object) -> None:
    print(sentence.said(language, **values), file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
