"""Settings: environment over file over defaults, checked as a whole at start, and refused with a sentence a person can act on.

Each package has one frozen Struct in its `settings.py`; every field has a default and a docstring:

    class OvenSettings(msgspec.Struct, frozen=True, kw_only=True):
        preheat_ms: Annotated[int, msgspec.Meta(ge=0, le=600_000)] = 5_000
        \"\"\"How long it heats before it takes anything in. Longer: an even crust; shorter: bread sooner.\"\"\"

    settings = load(OvenSettings, "oven", os.environ, Path("aislecast.toml"))

takes `AISLECAST_OVEN_PREHEAT_MS` from the environment, else `preheat_ms` under `[oven]` in the file, else 5,000.
A list in the environment is written `a,b,c`; a secret may be given as a file: `..._FIELD_FILE=/run/secrets/x`. `describe` lists the
fields for `docs/settings.md`.
"""

import ast
import inspect
import itertools
import textwrap
import tomllib
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from msgspec import inspect as types

from groundwork.plumbing.expectations import expects_of, pattern_words
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

T = TypeVar("T", bound=msgspec.Struct)

PREFIX: Final = "AISLECAST_"
_ENVIRONMENT: Final = Words("the environment", "متغيرات البيئة")

_UNKNOWN: Final = Words(
    "{source} sets {key}, which is not a setting of [{section}]. {hint}Known are: {known}.",
    "يضبط {source} المفتاح {key} وهو ليس من إعدادات [{section}]. {hint}الإعدادات المعروفة: {known}.",
)
_UNKNOWN_SECTION: Final = Words(
    "{source} has a section [{section}] that nothing reads. Known are: {known}.",
    "في {source} قسم [{section}] لا يقرؤه أي جزء من النظام. الأقسام المعروفة: {known}.",
)
_WRONG: Final = Words(
    "{key} is {value} in {source}; expected {expected}.",
    "قيمة {key} في {source} هي {value}؛ والمتوقع: {expected}.",
)
_CROSSED: Final = Words(
    "The settings of [{section}] do not fit together: {problem}.",
    "إعدادات [{section}] لا تتوافق فيما بينها: {problem}.",
)
_NO_FILE: Final = Words("The settings file {source} cannot be read: {problem}.", "تعذرت قراءة ملف الإعدادات {source}: {problem}.")


class SettingError(Exception):
    """A setting that cannot be used; `said` tells a person in her language."""

    def __init__(self, words: Words, **values: object) -> None:
        super().__init__(words.said("en", **values))
        self._words = words
        self._values = values

    def said(self, language: str) -> str:
        """The sentence in `language` (`ar`, else English)."""
        return self._words.said(language, **self._values)


class Setting(msgspec.Struct, frozen=True):
    """One field, as documentation shows it."""

    name: str
    variable: str
    expected: str
    default: str
    text: str


def load(kind: type[T], section: str, environ: Mapping[str, str], toml_path: Path | None = None) -> T:
    """The settings of `section`; raises SettingError naming the key, its value, where it came from and what was expected."""
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    found: dict[str, Any] = {}
    if toml_path is not None:
        source: str | Words = str(toml_path)
        for key, value in _table(read_file(toml_path), section, source).items():
            _known(key, fields, section, source, key)
            found[key] = _converted(value, fields[key], key, source, strict=True)
    for variable, text in sorted(_of_section(environ, section).items()):
        key, source = variable.removeprefix(f"{PREFIX}{section.upper()}_").lower(), _ENVIRONMENT
        if key not in fields and key.endswith("_file") and key.removesuffix("_file") in fields:
            key, source = key.removesuffix("_file"), text
            text = _secret(text, variable)
        _known(key, fields, section, source, variable)
        found[key] = _converted(_from_text(text, fields[key].type), fields[key], variable, source, strict=False)
    try:
        return kind(**found)
    except (TypeError, ValueError) as error:  # a missing field, or __post_init__ on values that do not go together
        raise SettingError(_CROSSED, section=section, problem=_crossed(error)) from None


def _crossed(error: TypeError | ValueError) -> Words:
    """What does not go together: the field, its value and what was expected, where the error names them."""
    words, ours = phrase_of(error), expects_of(error)
    if ours is None:
        return words
    return Words(f"{ours.at} is {ours.value}, expected {words.en}", f"قيمة {ours.at} هي {ours.value}، والمتوقع {words.ar}")


def read_file(path: Path) -> dict[str, Any]:
    """The settings file as tables; raises SettingError where it is missing or no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(_NO_FILE, source=str(path), problem=phrase_of(error)) from None


def check_sections(path: Path, known: Iterable[str]) -> None:
    """Raises SettingError where the file has a section nothing reads: most often a misspelt one."""
    names = sorted(known)
    for section in read_file(path):
        if section not in names:
            raise SettingError(_UNKNOWN_SECTION, source=str(path), section=section, known=", ".join(names))


def describe(kind: type[msgspec.Struct], section: str) -> list[Setting]:
    """Every field in order with what is expected, its default and its docstring."""
    texts = field_texts(kind)
    settings = []
    for field in msgspec.structs.fields(kind):
        default = field.default_factory() if field.default is msgspec.NODEFAULT and callable(field.default_factory) else field.default
        shown = "required" if default is msgspec.NODEFAULT else _shown(default)
        variable = f"{PREFIX}{section.upper()}_{field.name.upper()}"
        settings.append(Setting(field.name, variable, expected(field.type).en, shown, texts.get(field.name, "")))
    return settings


def field_texts(kind: type) -> dict[str, str]:
    """The docstring under each field of a class, from its source; a `Meta(description=...)` stands in where there is none."""
    texts = {name: text for name, hint in inspect.get_annotations(kind).items() if (text := _meta_text(hint))}
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    statements = body.body if isinstance(body, ast.ClassDef) else []
    for field, after in itertools.pairwise(statements):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr)):
            continue
        if isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
            texts[field.target.id] = inspect.cleandoc(after.value.value)
    return texts


def expected(kind: Any) -> Words:
    """What a value of this type must be, in words."""
    return expected_of(types.type_info(kind))


_PLAIN: Final[Mapping[type[types.Type], Words]] = {
    types.BoolType: Words("true or false", "true أو false"),
    types.IntType: Words("a whole number", "عدد صحيح"),
    types.FloatType: Words("a number", "عدد"),
    types.StrType: Words("text", "نص"),
    types.BytesType: Words("bytes in base64", "بايتات بترميز base64"),
    types.NoneType: Words("nothing", "لا شيء"),
    types.DateType: Words("a date such as 2026-11-01", "تاريخ مثل 2026-11-01"),
    types.AnyType: Words("any value", "أي قيمة"),
    types.StructType: Words("an object", "كائن"),
    types.TupleType: Words("a list", "قائمة"),
    types.DateTimeType: Words("a time such as 2026-11-01T09:30:00Z", "وقت مثل 2026-11-01T09:30:00Z"),
}
_BOUNDS: Final = (
    ("ge", ">="),
    ("gt", ">"),
    ("le", "<="),
    ("lt", "<"),
    ("min_length", "length >="),
    ("max_length", "length <="),
    ("pattern", "matching"),
)
_IN_ARABIC: Final = {"length >=": "بطول >=", "length <=": "بطول <="}


def expected_of(kind: types.Type) -> Words:
    """What a value of this described type must be, in words."""
    if isinstance(kind, types.Metadata):
        return expected_of(kind.type)
    if isinstance(kind, types.UnionType):
        parts = [expected_of(one) for one in kind.types]
        return Words(" or ".join(p.en for p in parts), " أو ".join(p.ar for p in parts))
    if isinstance(kind, types.LiteralType | types.EnumType):
        values = kind.values if isinstance(kind, types.LiteralType) else [member.value for member in kind.cls]
        listed = [str(value) or '""' for value in values]
        return Words(f"one of {', '.join(listed)}", f"إحدى القيم {'، '.join(listed)}")
    if isinstance(kind, types.CollectionType):
        one = expected_of(kind.item_type)
        return Words(f"a list, each {one.en}", f"قائمة، كل عنصر فيها {one.ar}")
    if isinstance(kind, types.DictType):
        one = expected_of(kind.value_type)
        return Words(f"a table, each value {one.en}", f"جدول، كل قيمة فيه {one.ar}")
    if isinstance(kind, types.CustomType) and kind.cls is Path:
        return Words("a path", "مسار ملف")
    name = type(kind).__name__
    words = _PLAIN.get(type(kind), Words(name, name))
    bounds = [(key, sign, limit) for key, sign in _BOUNDS if (limit := getattr(kind, key, None)) is not None]
    english = "".join(f" {sign} {limit}" for _, sign, limit in bounds)
    arabic = "".join(
        f"، {pattern_words(limit).ar}" if key == "pattern" else f" {_IN_ARABIC.get(sign, sign)} {limit}" for key, sign, limit in bounds
    )
    return Words(words.en + english, words.ar + arabic)


def _of_section(environ: Mapping[str, str], section: str) -> dict[str, str]:
    start = f"{PREFIX}{section.upper()}_"
    return {variable: text for variable, text in environ.items() if variable.startswith(start)}


def _table(tables: dict[str, Any], section: str, source: str | Words) -> dict[str, Any]:
    table = tables.get(section, {})
    if not isinstance(table, dict):
        raise _wrong(section, table, source, Words(f"a section [{section}]", f"قسم [{section}]"))
    return table


def _known(key: str, fields: Iterable[str], section: str, source: str | Words, shown: str) -> None:
    names = sorted(fields)
    if key in names:
        return
    near = get_close_matches(key, names, 1)
    hint = Words(f"Did you mean {near[0]}? ", f"هل تقصد {near[0]}؟ ") if near else Words("", "")
    raise _TwoTongued(_UNKNOWN, hint, "hint", source=source, key=shown, section=section, known=", ".join(names))


def _from_text(text: str, kind: Any) -> Any:
    """What an environment's text stands for: lists and tables are taken apart, all else is left to the conversion."""
    info = types.type_info(kind)
    inner = info.type if isinstance(info, types.Metadata) else info
    if isinstance(inner, types.CollectionType | types.VarTupleType) and not text.lstrip().startswith("["):
        return [part.strip() for part in text.split(",") if part.strip()]
    if isinstance(inner, types.CollectionType | types.VarTupleType | types.DictType | types.StructType):
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            return text
    return text


def _converted(value: Any, field: msgspec.structs.FieldInfo, key: str, source: str | Words, *, strict: bool) -> Any:
    try:
        return msgspec.convert(value, field.type, strict=strict, dec_hook=_path)
    except (msgspec.ValidationError, ValueError):
        raise _wrong(key, value, source, expected(field.type)) from None


def _path(kind: type, value: Any) -> Any:
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError(f"expected {kind.__name__}, got {value!r}")


def _wrong(key: str, value: object, source: str | Words, wanted: Words) -> SettingError:
    return _TwoTongued(_WRONG, wanted, "expected", key=key, value=_shown(value), source=source)


def _secret(path: str, variable: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(_NO_FILE, source=f"{variable}={path}", problem=phrase_of(error)) from None


def _shown(value: object) -> str:
    text = str(value) if isinstance(value, Path) else repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _meta_text(hint: Any) -> str:
    return next((m.description for m in getattr(hint, "__metadata__", ()) if isinstance(m, msgspec.Meta) and m.description), "")


class _TwoTongued(SettingError):
    """A SettingError one of whose values is itself a phrase in both languages."""

    def __init__(self, words: Words, phrase: Words, name: str, **values: object) -> None:
        super().__init__(words, **values, **{name: phrase.en})
        self._phrase, self._name = phrase, name

    def said(self, language: str) -> str:
        phrase = self._phrase.ar if language == "ar" else self._phrase.en  # not filled in: a pattern has braces of its own
        return self._words.said(language, **{**self._values, self._name: phrase})
