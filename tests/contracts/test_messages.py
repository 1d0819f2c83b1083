"""Messages hold still: every one has a golden file, the old ones decode, all carry version and tenant, and none has behaviour."""

import ast
import json
from pathlib import Path

import msgspec
import pytest

import groundwork.contracts
from tests.contracts.messages import GOLDEN, MESSAGES, PARTS, STRUCTS, Message, fields_of, goldens_of

LONGEST_FUNCTION = 5
CONTRACTS = Path(groundwork.contracts.__path__[0])


def _name(kind: Message) -> str:
    return kind.__name__


@pytest.mark.parametrize("kind", STRUCTS, ids=_name)
def test_the_newest_golden_message_names_every_field(kind: Message) -> None:
    files = goldens_of(kind)
    assert files, f"write {GOLDEN / kind.__name__}.1.json with a value other than the default in every field"
    known = {field.encode_name for field in fields_of(kind)}
    missing = known - json.loads(files[-1].read_bytes()).keys()
    assert not missing, f"{files[-1].name} lacks {sorted(missing)}: add a golden file with the next number and leave this one"


@pytest.mark.parametrize("kind", STRUCTS, ids=_name)
def test_every_golden_message_ever_written_decodes_and_loses_nothing(kind: Message) -> None:
    for path in goldens_of(kind):
        golden = json.loads(path.read_bytes())
        decoded = msgspec.json.decode(path.read_bytes(), type=kind)
        again = msgspec.json.encode(decoded)
        assert golden.items() <= json.loads(again).items(), path.name
        assert msgspec.json.decode(again, type=kind) == decoded


@pytest.mark.parametrize("kind", STRUCTS, ids=_name)
def test_a_new_field_has_a_default_so_that_the_first_golden_message_still_reads(kind: Message) -> None:
    first = json.loads(goldens_of(kind)[0].read_bytes())
    new = [field for field in fields_of(kind) if field.encode_name not in first]
    assert not [field.name for field in new if field.required]


def test_every_golden_file_belongs_to_a_message() -> None:
    names = {kind.__name__ for kind in STRUCTS}
    assert not {path.name for path in GOLDEN.glob("*.*.json")} - {f"{name}.{n}.json" for name in names for n in range(1, 100)}


@pytest.mark.parametrize("kind", MESSAGES, ids=_name)
def test_every_message_carries_a_version_and_a_tenant(kind: Message) -> None:
    """But what a caller asks for carries no tenant: its scope comes from its credential, never from the body."""
    fields = {field.name: field for field in fields_of(kind)}
    assert fields["version"].default == json.loads(goldens_of(kind)[-1].read_bytes())["version"]
    assert ("tenant" in fields) is not kind.__name__.endswith("Request")
    assert "tenant" not in fields or fields["tenant"].required


def test_messages_are_frozen() -> None:
    assert not [kind.__name__ for kind in STRUCTS if not kind.__struct_config__.frozen]


def test_parts_are_told_from_messages() -> None:
    assert {kind.__name__ for kind in PARTS} >= {"Sighting", "SightingColumns", "PurchaseLine", "Outcome", "Step"}
    assert {kind.__name__ for kind in MESSAGES} >= {"SightingBatch", "SightingHeader", "ZoneEvent", "Push"}


@pytest.mark.parametrize("path", sorted(CONTRACTS.glob("*.py")), ids=lambda path: path.name)
def test_contracts_have_no_behaviour_outside_the_codec(path: Path) -> None:
    if path.name == "codec.py":
        return
    functions = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    long = [f"{path.name}:{node.lineno} {node.name}" for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION]
    assert not long
