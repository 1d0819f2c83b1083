"""Time, chance and ids are arguments: only their doors ask the machine. And no test waits for the wall clock."""

import ast
import re

from tests.architecture.source import Source, dotted, imported_names, listed, product, sources

DOORS = ("groundwork.plumbing.clock", "groundwork.plumbing.ids")
ASKS_THE_MACHINE = re.compile(
    r"""
    time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|process_time|sleep|localtime|gmtime)
  | (datetime\.)?datetime\.(now|utcnow|today) | (datetime\.)?date\.today
  | random\.(?!Random$)\w+
  | uuid\.uuid[1-8] | os\.(urandom|getrandom)
  | numpy\.random\.(?!(default_rng|Generator|SeedSequence|PCG64|Philox)$)\w+
    """,
    re.VERBOSE,
)
COUNTS_REAL_SECONDS = {
    "groundwork.plumbing.writer": "group commit answers waiting callers; a replay's clock stands still meanwhile",
    "groundwork.plumbing.db": "backs off while another transaction finishes; that one runs in real time whatever the clock shows",
    "aislecast.replaying.replay": "a replay slower than it could be is paced for whoever watches",
    "beacon_gateway.run": "a line of health in the log once a minute",
}
"""Modules that may count or wait for the machine's own seconds, which no decision depends on, and why."""
SECRETS = re.compile(r"secrets\.\w+")
MAKES_SECRETS = {
    "groundwork.plumbing": "server keys and certificates",
    "groundwork.people": "keys, tokens and salts of shoppers and gateways",
    "beacon_gateway": "a gateway's own key and boot id",
    "notifier": "the key codes are derived from",
    "aislecast": "what a fresh install gives out once",
}
"""Packages that may make secrets, which nobody can hand over as an argument, and which."""
UNSEEDED = {"beacon_gateway.cli": "spreads the retries of boxes, which must not all fall on one moment"}
"""Modules that may let the machine seed a generator, and why."""
LONGEST_POLL_S = 0.01
"""A loop that waits for a thread or process of its own may look so often; the test's time-out bounds it."""
WAITS = re.compile(r"time\.sleep|asyncio\.sleep")
STARTS_PROCESSES = ("tests.faults", "tests.docs", "tests.groundwork.plumbing.test_killed")
"""Tests that start real processes, and so poll what those do in real time."""


def _calls(source: Source) -> list[tuple[ast.Call, str]]:
    """Every call with the full name of what is called, imports resolved; names that cannot be resolved are as written."""
    known = imported_names(source.tree)
    calls = []
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and (name := dotted(node.func)):
            head, _, rest = name.partition(".")
            calls.append((node, ".".join(filter(None, (known.get(head, head), rest)))))
    return calls


def test_only_the_doors_ask_the_machine_for_time_or_chance() -> None:
    violations = [
        source.at(call.lineno, f"`{name}`: take a Clock, a random.Random or an Ids")
        for source in product()
        if not source.within(*DOORS)
        for call, name in _calls(source)
        if not (name == "time.perf_counter" and source.within(*COUNTS_REAL_SECONDS))
        if ASKS_THE_MACHINE.fullmatch(name)
    ]
    assert not violations, listed(violations)


def test_a_random_generator_is_given_its_seed() -> None:
    seeded = {"random.Random", "numpy.random.default_rng"}
    violations = [
        source.at(call.lineno, f"`{name}()` without a seed differs at every run")
        for source in sources()
        if not source.within(*UNSEEDED)
        for call, name in _calls(source)
        if name in seeded and not call.args and not call.keywords
    ]
    assert not violations, listed(violations)


def test_secrets_are_made_only_where_keys_are_kept() -> None:
    violations = [
        source.at(call.lineno, f"`{name}`: this package makes no secrets")
        for source in product()
        if not source.within(*MAKES_SECRETS)
        for call, name in _calls(source)
        if SECRETS.fullmatch(name)
    ]
    assert not violations, listed(violations)


def test_the_product_waits_by_its_clock() -> None:
    """`asyncio.sleep(0)` waits for nothing: it lets others run."""
    violations = [
        source.at(call.lineno, f"`{name}`: wait by Clock.sleep")
        for source in product()
        if not source.within(*DOORS, *COUNTS_REAL_SECONDS)
        for call, name in _calls(source)
        if WAITS.fullmatch(name) and ast.unparse(call) != f"{ast.unparse(call.func)}(0)"
    ]
    assert not violations, listed(violations)


def _polls(source: Source) -> set[ast.AST]:
    """The calls that stand in a `while` loop and wait at most LONGEST_POLL_S."""
    loops = [node for node in ast.walk(source.tree) if isinstance(node, ast.While)]
    calls = [node for loop in loops for node in ast.walk(loop) if isinstance(node, ast.Call)]
    return {call for call in calls for argument in call.args if isinstance(argument, ast.Constant) and _short(argument.value)}


def _short(value: object) -> bool:
    return isinstance(value, int | float) and value <= LONGEST_POLL_S


def test_no_test_sleeps() -> None:
    violations = [
        source.at(call.lineno, f"`{ast.unparse(call)}`: move a ManualClock, settle the loops or wait for what shall happen")
        for source in sources()
        if source.within("tests") and not source.within(*STARTS_PROCESSES)
        for call, name in _calls(source)
        if WAITS.fullmatch(name) and call not in _polls(source) and ast.unparse(call) != f"{ast.unparse(call.func)}(0)"
    ]
    assert not violations, listed(violations)


def test_the_ban_sees_what_it_bans() -> None:
    banned = ["time.time", "datetime.datetime.now", "datetime.now", "random.random", "uuid.uuid4", "os.urandom", "numpy.random.normal"]
    allowed = ["random.Random", "numpy.random.default_rng", "clock.now_ms", "uuid.UUID", "datetime.datetime.fromtimestamp"]
    assert [name for name in banned if not ASKS_THE_MACHINE.fullmatch(name)] == []
    assert [name for name in allowed if ASKS_THE_MACHINE.fullmatch(name)] == []
