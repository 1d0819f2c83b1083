"""The pages an operator needs before there is a console: setting a password by a link, signing in, and seeing who she is.

Each is one HTML document in Arabic (right to left) or English with its own style and script, and asks nothing of anybody else: the policy
names both by their hashes. They talk to the routes of `http/sessions.py`; every sentence the server refuses with is shown as it comes.
"""

import base64
import hashlib
from html import escape
from typing import Final

import msgspec

from groundwork.plumbing.cookies import CSRF_HEADER
from groundwork.plumbing.reasons import Words

_STYLE: Final = """
:root { color-scheme: light dark; --ink: #16211d; --soft: #5d6b65; --paper: #fff; --ground: #eef3f0; --line: #cfd9d4; --leaf: #0b6b4f;
  --bad: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8efec; --soft: #9fb0a8; --paper: #17201c; --ground: #0e1512; --line: #34423b;
  --leaf: #55c79c; --bad: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink);
  font: 16px/1.6 system-ui, "Segoe UI", Tahoma, "Noto Sans Arabic", sans-serif; }
main { width: min(26rem, 100%); background: var(--paper); border: 1px solid var(--line); border-radius: 1rem; padding: 2rem 2rem 1.5rem; }
.brand { display: flex; align-items: center; gap: .6rem; font-weight: 700; letter-spacing: .01em; color: var(--leaf); }
.brand svg { width: 1.75rem; height: 1.75rem; }
h1 { font-size: 1.35rem; line-height: 1.3; margin: 1.25rem 0 .25rem; }
p { margin: .25rem 0 1rem; color: var(--soft); }
label { display: block; font-weight: 600; margin-block: 1rem .3rem; }
input { width: 100%; font: inherit; padding: .6rem .75rem; border: 1px solid var(--line); border-radius: .5rem; background: transparent;
  color: inherit; }
input:focus-visible, button:focus-visible, a:focus-visible { outline: 3px solid var(--leaf); outline-offset: 2px; }
button { width: 100%; margin-block-start: 1.5rem; padding: .7rem; font: inherit; font-weight: 700; border: 0; border-radius: .5rem;
  background: var(--leaf); color: var(--paper); cursor: pointer; }
button:disabled { opacity: .6; cursor: progress; }
.bad { color: var(--bad); margin-block: 1rem 0; min-height: 1.6em; }
.hint { font-size: .875rem; margin: .3rem 0 0; }
dl { margin: 1rem 0 0; } dt { color: var(--soft); font-size: .875rem; } dd { margin: 0 0 .75rem; font-weight: 600; }
footer { border-block-start: 1px solid var(--line); margin-block-start: 1.5rem; padding-block-start: .75rem; font-size: .875rem;
  display: flex; justify-content: space-between; }
footer a { color: var(--leaf); }
[hidden] { display: none; }
""".strip()

_SCRIPT: Final = """
"use strict";
const words = JSON.parse(document.getElementById("words").textContent);
const at = id => document.getElementById(id);
const language = document.documentElement.lang;
async function ask(method, path, body, csrf) {
  const headers = { "Accept-Language": language };
  if (body) headers["Content-Type"] = "application/json";
  if (csrf) headers[words.csrf_header] = csrf;
  try {
    const answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), credentials: "same-origin" });
    const text = await answer.text();
    return { ok: answer.ok, status: answer.status, told: text ? JSON.parse(text) : null };
  } catch { return { ok: false, status: 0, told: { detail: words.no_server } }; }
}
function home() { location.replace("/?lang=" + language); }
function fail(sentence) { at("bad").textContent = sentence; }
function submits(form, work) {
  form.addEventListener("submit", async event => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true; fail("");
    try { await work(); } finally { button.disabled = false; }
  });
}
function signIn() {
  submits(at("form"), async () => {
    const got = await ask("POST", "/v1/session", { login: at("login").value, password: at("password").value });
    if (got.ok) home(); else fail(got.told.detail);
  });
}
async function welcome() {
  const token = location.hash.slice(1);
  at("other").href += location.hash;
  const got = token ? await ask("POST", "/v1/links/holder", { token }) : { ok: false, told: { detail: words.no_link } };
  if (!got.ok) { fail(got.told.detail); return; }
  at("login").value = got.told.login; at("form").hidden = false; at("password").focus();
  submits(at("form"), async () => {
    if (at("password").value !== at("again").value) { fail(words.differ); return; }
    const set = await ask("POST", "/v1/links/password", { token, password: at("password").value });
    if (set.ok) home(); else fail(set.told.detail);
  });
}
async function landing() {
  const got = await ask("GET", "/v1/session");
  if (got.status === 401) { location.replace("/sign-in?lang=" + language); return; }
  if (!got.ok) { fail(got.told.detail); return; }
  at("name").textContent = got.told.name; at("who").textContent = got.told.login;
  at("roles").textContent = got.told.roles.map(role => words.roles[role] || role).join(words.comma);
  at("venues").textContent = got.told.venues.join(words.comma) || words.all_venues;
  at("until").textContent = new Date(got.told.expires_ms).toLocaleString(language);
  at("here").hidden = false;
  submits(at("form"), async () => {
    const out = await ask("DELETE", "/v1/session", null, got.told.csrf);
    if (out.ok || out.status === 401) location.replace("/sign-in?lang=" + language); else fail(out.told.detail);
  });
}
({ "sign-in": signIn, welcome, landing })[document.body.dataset.page]();
""".strip()


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


POLICY: Final = (
    f"default-src 'none'; style-src {_hash(_STYLE)}; script-src {_hash(_SCRIPT)}; connect-src 'self'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The pages' own style and script and this server; forms are sent by the script alone."""

_MARK: Final = (
    '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round" aria-hidden="true">'
    '<path d="M4 20V9M12 20V4M20 20V9"/><path d="M7.5 12.5a4.5 4.5 0 0 1 9 0"/></svg>'
)
_ICON: Final = (
    "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' "
    "stroke='%230b6b4f' stroke-width='2.5'%3E%3Cpath d='M4 20V9M12 20V4M20 20V9M7.5 12.5a4.5 4.5 0 0 1 9 0'/%3E%3C/svg%3E\">"
)
_W: Final = {
    "other": Words("العربية", "English"),
    "docs": Words("API documentation", "توثيق الواجهة البرمجية"),
    "login": Words("Login", "اسم الدخول"),
    "password": Words("Password", "كلمة المرور"),
    "sign_in": Words("Sign in", "تسجيل الدخول"),
    "sign_in_text": Words("For operators of this Aislecast.", "لمشغّلي هذا النظام من Aislecast."),
    "welcome": Words("Welcome. Choose your password", "أهلًا بك. اختر كلمة مرورك"),
    "welcome_text": Words(
        "This link works once. After that you sign in with your login.", "يعمل هذا الرابط مرة واحدة، ثم تدخل باسم الدخول."
    ),
    "new_password": Words("New password", "كلمة المرور الجديدة"),
    "again": Words("The same again", "أعد كتابتها"),
    "hint": Words("At least 12 characters; a few unrelated words are good.", "12 حرفًا على الأقل؛ وعدة كلمات لا رابط بينها اختيار جيد."),
    "set": Words("Set password and sign in", "اضبط كلمة المرور وادخل"),
    "signed_in": Words("You are signed in", "أنت مسجّل الدخول"),
    "name": Words("Name", "الاسم"),
    "roles": Words("Roles", "الأدوار"),
    "venues": Words("Venues", "المتاجر"),
    "until": Words("Until", "حتى"),
    "sign_out": Words("Sign out", "تسجيل الخروج"),
    "no_script": Words("This page needs JavaScript.", "تحتاج هذه الصفحة إلى JavaScript."),
}
_FOR_SCRIPT: Final = {
    "no_server": Words("The server does not answer; try again.", "لا يستجيب الخادم؛ حاول مرة أخرى."),
    "no_link": Words("The link is not complete; copy all of it.", "الرابط غير مكتمل؛ انسخه كاملًا."),
    "differ": Words("The two passwords differ.", "كلمتا المرور غير متطابقتين."),
    "all_venues": Words("all", "جميعها"),
    "comma": Words(", ", "، "),
}
_ROLE_NAMES: Final = {
    "admin": Words("admin", "مشرف"),
    "store_manager": Words("store manager", "مدير متجر"),
    "marketing": Words("marketing", "تسويق"),
    "installer": Words("installer", "فني تركيب"),
    "analyst": Words("analyst", "محلل"),
    "privacy_officer": Words("privacy officer", "مسؤول الخصوصية"),
    "viewer": Words("viewer", "مطّلع"),
}


def page(name: str, language: str) -> str:
    """The page `sign-in`, `welcome` or `landing` in `language`."""
    arabic = language == "ar"
    said = {key: escape(words.said(language)) for key, words in _W.items()}
    title, body = _BODIES[name]
    return (
        f'<!doctype html><html lang="{"ar" if arabic else "en"}" dir="{"rtl" if arabic else "ltr"}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>Aislecast</title>{_ICON}<style>{_STYLE}</style></head>'
        f'<body data-page="{name}"><main><div class="brand">{_MARK}<span dir="ltr">Aislecast</span></div><h1>{said[title]}</h1>'
        f'<noscript><p class="bad">{said["no_script"]}</p></noscript>{body.format(**said)}'
        f'<footer><a href="?lang={"en" if arabic else "ar"}" id="other">{said["other"]}</a>'
        f'<a href="/docs?lang={language}">{said["docs"]}</a></footer></main>'
        f'<script type="application/json" id="words">{_script_words(language)}</script><script>{_SCRIPT}</script></body></html>'
    )


def onward() -> str:
    """A page that leads to the landing page by itself."""
    return (
        '<!doctype html><html><head><meta charset="utf-8"><meta http-equiv="refresh" content="0;url=/">'
        "<title>Aislecast</title></head></html>"
    )


def _script_words(language: str) -> str:
    said: dict[str, object] = {key: words.said(language) for key, words in _FOR_SCRIPT.items()}
    said |= {"csrf_header": CSRF_HEADER, "roles": {role: words.said(language) for role, words in _ROLE_NAMES.items()}}
    return msgspec.json.encode(said).decode().replace("<", "\\u003c")


_BAD: Final = '<p class="bad" id="bad" role="alert"></p>'
_SIGN_IN: Final = (
    '<p>{sign_in_text}</p><form id="form"><label for="login">{login}</label>'
    '<input id="login" dir="ltr" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus>'
    '<label for="password">{password}</label><input id="password" type="password" dir="ltr" autocomplete="current-password" required>'
    f"{_BAD}<button>{{sign_in}}</button></form>"
)
_WELCOME: Final = (
    '<p>{welcome_text}</p><form id="form" hidden><label for="login">{login}</label>'
    '<input id="login" dir="ltr" autocomplete="username" readonly><label for="password">{new_password}</label>'
    '<input id="password" type="password" dir="ltr" autocomplete="new-password" minlength="12" aria-describedby="hint" required>'
    '<p class="hint" id="hint">{hint}</p><label for="again">{again}</label>'
    f'<input id="again" type="password" dir="ltr" autocomplete="new-password" required><button>{{set}}</button></form>{_BAD}'
)
_LANDING: Final = (
    '<form id="form"><dl id="here" hidden><dt>{name}</dt><dd id="name"></dd><dt>{login}</dt><dd><bdi id="who"></bdi></dd>'
    '<dt>{roles}</dt><dd id="roles"></dd><dt>{venues}</dt><dd><bdi id="venues"></bdi></dd><dt>{until}</dt><dd id="until"></dd></dl>'
    f"{_BAD}<button>{{sign_out}}</button></form>"
)
_BODIES: Final = {"sign-in": ("sign_in", _SIGN_IN), "welcome": ("welcome", _WELCOME), "landing": ("signed_in", _LANDING)}
