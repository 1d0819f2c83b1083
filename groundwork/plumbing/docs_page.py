"""The API for people: one HTML page made on the server, in Arabic (right to left) or English, with no script and no request elsewhere."""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any, Final

import msgspec

from groundwork.plumbing.reasons import Words

Json = Mapping[str, Any]

_STYLE: Final = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; }
body { font: 16px/1.6 system-ui, "Segoe UI", Tahoma, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.5rem 4rem; }
header { display: flex; justify-content: space-between; align-items: baseline; flex-wrap: wrap; border-block-end: 1px solid var(--line); }
h2 { font-size: 1.05rem; margin-block: 2.5rem .5rem; }
code, pre { font-family: ui-monospace, Consolas, monospace; font-size: .9em; direction: ltr; unicode-bidi: isolate; }
pre { background: var(--soft); padding: .75rem; overflow-x: auto; border-radius: .4rem; text-align: left; }
.verb { display: inline-block; min-width: 4em; font-weight: 700; }
table { border-collapse: collapse; width: 100%; }
td, th { border-block-end: 1px solid var(--line); padding: .35rem .5rem; text-align: start; vertical-align: top; }
summary { cursor: pointer; padding-block: .25rem; }
nav ul { columns: 2; list-style: none; padding: 0; }
a { color: inherit; }
@media (max-width: 40rem) { nav ul { columns: 1; } }
""".strip()

POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()}'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy under which the page works: its own style and nothing else."""

_W: Final = {
    "other": Words("العربية", "English"),
    "machines": Words("for machines", "نسخة للآلات"),
    "contents": Words("Operations", "العمليات"),
    "grant": Words("Needs the grant", "تحتاج الصلاحية"),
    "open": Words("Open to anybody.", "متاحة للجميع."),
    "signed": Words("The request is signed.", "الطلب موقَّع."),
    "parameters": Words("Parameters", "المعاملات"),
    "body": Words("Body", "محتوى الطلب"),
    "answer": Words("Answer", "الرد"),
    "refusals": Words("Refusals", "حالات الرفض"),
    "schemas": Words("Types", "الأنواع"),
    "required": Words("required", "إلزامي"),
    "signing": Words("Signing a request", "توقيع الطلب"),
}


def page(document: Json, language: str) -> str:
    """The page for an OpenAPI document made by `openapi.document`."""
    arabic = language == "ar"
    operations = [(path, verb, one) for path, verbs in document["paths"].items() for verb, one in verbs.items()]
    body = "".join(_operation(path, verb, one, language) for path, verb, one in operations)
    listed = "".join(f'<li><a href="#{one["operationId"]}">{_call(path, verb)}</a></li>' for path, verb, one in operations)
    types = "".join(_schema(name, schema) for name, schema in sorted(document["components"]["schemas"].items()))
    name, version = escape(document["info"]["title"]), escape(document["info"]["version"])
    signing = _marked(_in(document["components"]["securitySchemes"]["signature"], language))
    other, machines = _W["other"].said(language), _W["machines"].said(language)
    return (
        f'<!doctype html><html lang="{"ar" if arabic else "en"}" dir="{"rtl" if arabic else "ltr"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{name}</title><style>{_STYLE}</style></head>'
        f'<body><header><h1>{name} <code>{version}</code></h1><p><a href="?lang={"en" if arabic else "ar"}">{other}</a> · '
        f'<a href="/openapi.json"><code>openapi.json</code> {machines}</a></p></header>'
        f"<nav><h2>{_W['contents'].said(language)}</h2><ul>{listed}</ul></nav>"
        f"<section><h2>{_W['signing'].said(language)}</h2><p>{signing}</p></section>"
        f"<main>{body}</main><section><h2>{_W['schemas'].said(language)}</h2>{types}</section></body></html>"
    )


def _in(described: Json, language: str) -> str:
    """The description in one language: documents carry English, a blank line, Arabic."""
    if language == "ar":
        return str(described["x-description-ar"])
    return str(described["description"]).removesuffix(str(described["x-description-ar"])).strip()


def _call(path: str, verb: str) -> str:
    return f'<code><span class="verb">{escape(verb.upper())}</span> {escape(path)}</code>'


def _operation(path: str, verb: str, one: Json, language: str) -> str:
    parts = [f'<section id="{one["operationId"]}"><h2>{_call(path, verb)}</h2><p>{escape(_in(one, language))}</p>', _access(one, language)]
    parts += _parameters(one, language)
    for media, content in one.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>{_W['body'].said(language)}: <code>{escape(media)}</code> {_linked(content['schema'])}</p>")
    for status, answer in one["responses"].items():
        if int(status) < 400:
            shown = " ".join(f"<code>{escape(media)}</code> {_linked(c['schema'])}" for media, c in answer.get("content", {}).items())
            parts.append(f"<p>{_W['answer'].said(language)} <code>{status}</code> {shown}</p>")
    rows = "".join(
        f"<tr><td><code>{status}</code></td><td>{''.join(_reasons(r, language))}</td></tr>"
        for status, r in one["responses"].items()
        if int(status) >= 400
    )
    parts.append(f"<details><summary>{_W['refusals'].said(language)}</summary><table>{rows}</table></details></section>")
    return "".join(parts)


def _access(one: Json, language: str) -> str:
    signed = _W["signed"].said(language) if {"signature": []} in one["security"] else ""
    if "x-grant" in one:
        return f"<p>{_W['grant'].said(language)} <code>{escape(one['x-grant'])}</code>. {signed}</p>"
    return f"<p>{signed or _W['open'].said(language)}</p>"


def _parameters(one: Json, language: str) -> Iterator[str]:
    if "parameters" not in one:
        return
    rows = "".join(
        f"<tr><td><code>{escape(p['name'])}</code></td><td>{_W['required'].said(language) if p['required'] else ''}</td>"
        f"<td><code>{escape(msgspec.json.encode(p['schema']).decode())}</code></td></tr>"
        for p in one["parameters"]
    )
    yield f"<p>{_W['parameters'].said(language)}</p><table>{rows}</table>"


def _reasons(response: Json, language: str) -> Iterator[str]:
    """The lines of one status: `- code: English`, then the Arabic on the next line."""
    lines = response["description"].split("\n")
    for english, arabic in zip(lines[::2], lines[1::2], strict=True):
        code, _, sentence = english.removeprefix("- ").partition(": ")
        yield f"<div>{_marked(code)} {_marked(arabic.strip() if language == 'ar' else sentence)}</div>"


def _marked(text: str) -> str:
    """Escaped, with `this` as code."""
    return re.sub(r"`([^`]*)`", r"<code>\1</code>", escape(text))


def _linked(schema: Json) -> str:
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    return f'<a href="#type-{escape(name)}"><code>{escape(name)}</code></a>' if name else ""


def _schema(name: str, schema: Json) -> str:
    shown = msgspec.json.format(msgspec.json.encode(schema), indent=2).decode()
    return f'<details id="type-{escape(name)}"><summary><code>{escape(name)}</code></summary><pre>{escape(shown)}</pre></details>'
