"""What is held of a shopper as one readable page, in Arabic (right to left) or English: no script, no request elsewhere."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Final

from groundwork.contracts.rights import Held, HeldRows, Plain
from groundwork.people.model import MEASUREMENT, OFFERS, POSITIONING
from groundwork.people.rights_columns import NO, YES, called
from groundwork.plumbing.clock import as_datetime
from groundwork.plumbing.reasons import Words

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --leaf: #0b6b4f; }
@media (prefers-color-scheme: dark) { :root { --leaf: #55c79c; } }
body { font: 16px/1.6 system-ui, "Segoe UI", Tahoma, "Noto Sans Arabic", sans-serif; margin: 0 auto; max-width: 70rem;
  padding: 1rem 1.5rem 4rem; }
header { border-block-end: 1px solid var(--line); }
h1 { font-size: 1.5rem; margin-block: 1rem .25rem; } h2 { font-size: 1.1rem; margin-block: 2.5rem .25rem; }
p { margin-block: .25rem; } dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin-block: .5rem; }
dt { color: color-mix(in srgb, currentColor 65%, transparent); } dd { margin: 0; }
.none { color: color-mix(in srgb, currentColor 65%, transparent); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: .875rem; }
td, th { border-block-end: 1px solid var(--line); padding: .3rem .6rem; text-align: start; vertical-align: top; white-space: nowrap; }
th { background: var(--soft); } bdi { unicode-bidi: isolate; }
a { color: var(--leaf); }
""".strip()

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy under which the page works: its own style and nothing else."""

_TITLE: Final = Words("What is held of you", "ما نحتفظ به عنك")
_INTRO: Final = Words(
    "Everything this shop's system holds of you, kind by kind, as of {at}. You are known here as {pseudonym}, a name that means nothing "
    "elsewhere. You can correct, pause or erase all of this in the app.",
    "كل ما يحتفظ به نظام هذا المتجر عنك، نوعًا نوعًا، حتى {at}. تُعرف هنا بالاسم {pseudonym}، ولا معنى له في أي مكان آخر. "
    "يمكنك تصحيح كل هذا أو إيقافه مؤقتًا أو محوه من التطبيق.",
)
_FOR: Final = Words("What it is for", "الغرض منه")
_BY: Final = Words("By which consent", "الموافقة التي يستند إليها")
_UNTIL: Final = Words("How long", "مدة الاحتفاظ")
_COUNT: Final = Words("Rows", "عدد الأسطر")
_NONE: Final = Words("Nothing is held.", "لا شيء محفوظ.")
_MORE: Final = Words("Show the next rows", "عرض الأسطر التالية")
_NO_CONSENT: Final = Words("none: it is needed for what you asked for, or the law asks for it", "لا شيء: يلزم لما طلبته أو يوجبه النظام")
_PURPOSES: Final = {
    POSITIONING: Words("your consent to positioning", "موافقتك على تحديد موضعك"),
    OFFERS: Words("your consent to offers", "موافقتك على العروض"),
    MEASUREMENT: Words("your consent to measurement", "موافقتك على القياس"),
}


def page(held: Held) -> str:
    """The page, in the language of `held`."""
    return "".join(_lines(held))


def _lines(held: Held) -> Iterator[str]:
    language = held.language
    direction = "rtl" if language == "ar" else "ltr"
    title = escape(_TITLE.said(language))
    yield f'<!doctype html><html lang="{language}" dir="{direction}"><head><meta charset="utf-8"><title>{title}</title>'
    yield f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>'
    intro = escape(_INTRO.said(language, at=_when(held.at_ms), pseudonym=held.pseudonym))
    yield f"<header><h1>{title}</h1><p>{intro}</p></header>"
    for kind in held.kinds:
        yield from _kind(kind, language)
    yield "</body></html>"


def _kind(kind: HeldRows, language: str) -> Iterator[str]:
    by = _PURPOSES[kind.consent] if kind.consent else _NO_CONSENT
    told = ((_FOR, kind.why), (_BY, by.said(language)), (_UNTIL, kind.kept), (_COUNT, str(kind.total)))
    terms = "".join(f"<dt>{escape(name.said(language))}</dt><dd>{escape(text)}</dd>" for name, text in told)
    yield f'<section id="{escape(kind.kind)}"><h2>{escape(kind.title)}</h2><dl>{terms}</dl>'
    yield from _table(kind.rows, language) if kind.rows else (f'<p class="none">{escape(_NONE.said(language))}</p>',)
    if kind.next_offset is not None:
        url = f"?format=html&amp;lang={language}&amp;kind={escape(kind.kind)}&amp;offset={kind.next_offset}"
        yield f'<p><a href="{url}">{escape(_MORE.said(language))}</a></p>'
    yield "</section>"


def _table(rows: list[dict[str, Plain]], language: str) -> Iterator[str]:
    names = list(rows[0])
    yield '<div class="scroll"><table><thead><tr>'
    yield from (f"<th>{escape(called(name, language))}</th>" for name in names)
    yield "</tr></thead><tbody>"
    for row in rows:
        yield f"<tr>{''.join(_cells(row, names, language))}</tr>"
    yield "</tbody></table></div>"


def _cells(row: Mapping[str, Plain], names: Iterable[str], language: str) -> Iterator[str]:
    yield from (f"<td><bdi>{escape(_shown(name, row[name], language))}</bdi></td>" for name in names)


def _shown(name: str, value: Plain, language: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return (YES if value else NO).said(language)
    return _when(value) if name.endswith("_ms") and isinstance(value, int) else str(value)


def _when(ms: int) -> str:
    """`2026-11-01 07:00:00 UTC`, or the number where it is no time of our age."""
    return f"{as_datetime(ms):%Y-%m-%d %H:%M:%S} UTC" if 0 <= ms < 1 << 45 else str(ms)
