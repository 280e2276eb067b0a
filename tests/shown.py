"""The shell commands that the documents show: which test runs each, or why none does.

A command that is in none of both tables fails tests/unit/test_blocks.py, and so does a line of
them that no page shows any more.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from tests.blocks import Block, commands, of

Begin = tuple[str, str]
"""A page, and how a command or a block on it begins; empty: all of the page."""
E2E = "tests/e2e/test_shown_commands.py::test_"
RUN: Mapping[str, tuple[Begin, ...]] = {
    f"{E2E}commands_of_one_table_end_well": (
        ("README.md", "smart-sync plan "),
        ("docs/running.md", "smart-sync plan "),
        ("docs/connecting.md", "--source=postgresql://"),
        ("docs/connecting.md", "smart-sync init "),
        ("docs/connecting.md", "smart-sync doctor "),
        ("docs/checks.md", "python main.py "),
        ("docs/proof.md", "python main.py "),
        ("docs/transform-sql.md", "python main.py "),
        ("docs/deletes.md", "--write_disposition=WRITE_MERGE "),
        ("docs/deletes.md", "--repair=true"),
        ("docs/schema-evolution.md", "python main.py "),
        ("docs/history-mode.md", "--enable_smart_sync=true "),
        ("docs/plans.md", "smart-sync "),
        ("docs/scheduling.md", "python main.py "),
        ("docs/repair.md", "--sync_start="),
        ("docs/repair.md", "python main.py "),
    ),
    f"{E2E}commands_of_a_config_file_end_well": (
        ("docs/command-line.md", "# .env"),
        ("docs/command-line.md", "smart-sync plan "),
        ("docs/command-line.md", "smart-sync run --config=sync.yaml "),
        ("docs/command-line.md", "smart-sync replay "),
        ("docs/repair.md", "--replay_dead_letters="),
        ("docs/command-line.md", "smart-sync rollback "),
        ("docs/command-line.md", "smart-sync backfill "),
        ("docs/command-line.md", "smart-sync verify "),
        ("docs/command-line.md", "smart-sync status "),
        ("docs/history.md", "smart-sync status "),
        ("docs/report.md", "smart-sync report "),
    ),
    f"{E2E}a_script_reads_the_error_of_a_run": (
        ("docs/command-line.md", "smart-sync run --config=sync.yaml --json"),
    ),
    f"{E2E}commands_of_many_tables_end_well": (("docs/tables.md", "python main.py "),),
    "tests/unit/test_import.py::test_the_commands_of_the_page_make_a_file_each": (
        ("docs/moving.md", "smart-sync import "),
    ),
    "tests/mongodb/test_shown_commands.py::test_commands_of_mongodb_end_well": (
        ("docs/mongodb.md", "python main.py "),
        ("docs/connecting.md", "--source=mongodb"),
    ),
    "tests/bigquery/test_shown_commands.py::test_commands_of_bigquery_end_well": (
        ("docs/bigquery.md", "python main.py "),
        ("docs/connecting.md", "--source=bigquery://"),
    ),
    "tests/scheduler/test_shown_commands.py::test_commands_of_schedules_end_well": (
        ("docs/command-line.md", "smart-sync schedules list"),
        ("docs/scheduling.md", "python -m scheduler "),
        ("docs/releases.md", "python -m scheduler "),
        ("docs/scheduling.md", "python -m scheduler delete "),
    ),
    "tests/scheduler/test_shown_commands.py::test_a_script_reads_what_apply_has_changed": (
        ("docs/command-line.md", "smart-sync schedules apply "),
    ),
    "tests/e2e/test_tutorial.py::test_each_command_prints_what_the_page_shows": (
        ("docs/tutorial.md", ""),
    ),
    "tests/deploy/test_commands.py::"
    "test_the_deployment_guide_runs_from_its_first_command_to_its_last": (("docs/deploy.md", ""),),
    "tests/deploy/test_commands.py::test_the_first_command_of_the_terraform_module_is_taken": (
        ("deploy/terraform/README.md", ""),
    ),
    "tests/deploy/test_commands.py::test_the_shown_launch_arrives_byte_for_byte": (
        ("docs/running.md", "gcloud dataflow flex-template run "),
    ),
    "tests/deploy/test_commands.py::test_the_page_on_schedules_reads_logs_and_makes_its_alerts": (
        ("docs/scheduling.md", "gcloud "),
        ("docs/scheduling.md", "CHANNEL=$(gcloud "),
    ),
    "tests/deploy/test_releases.py::test_templates_are_copied_out_of_the_way_and_back": (
        ("docs/releases.md", "gcloud "),
        ("docs/releases.md", "make template "),
    ),
    "tests/deploy/test_verify_cloud.py::test_every_body_is_as_google_describes_it": (
        ("docs/real-service.md", ""),
    ),
}
"""Test → what it runs."""
OF_DEVELOPERS = "runs tests, demos or benchmarks, which a test doesn't repeat"
BY_PIP = "a registry's packages: `make wheel-check` installs what is built here"
NOT_RUN: Mapping[Begin, str] = {
    ("README.md", "make "): OF_DEVELOPERS,
    ("docs/install.md", "make demo "): OF_DEVELOPERS,
    ("docs/speed.md", "make bench "): OF_DEVELOPERS,
    ("tests/README.md", ""): OF_DEVELOPERS,
    ("findings/README.md", "findings/"): OF_DEVELOPERS,
    ("docs/install.md", "python3 -m venv "): BY_PIP,
    ("docs/python.md", "pip install "): BY_PIP,
    ("docs/deploy.md", "VERSION=$(sed "): "wants a container engine",
    (
        "docs/deploy.md",
        "gcloud services enable servicenetworking.",
    ): "gcloud lets nobody change that API's address",
}
"""What no test runs, and why; parsers read it all the same."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A command of ours, or a block that has none.

    Attributes:
        block: that it stands in.
        words: of the command; empty: the block has none of ours.
    """

    block: Block
    words: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words, or the block, in one line with a blank at its end."""
        return " ".join(self.words or self.block.text.split()) + " "

    def begins(self, begin: Begin) -> bool:
        """Whether it stands on that page and begins so."""
        page, text = begin
        return self.block.page == page and self.text.startswith(text)


def shown_commands() -> Iterator[Shown]:
    """All of them, in the order of pages; lines of flags that say different things are one."""
    for block in of("bash", "sh"):
        found = [tuple(words) for words in commands(block.text)]
        names = [word.partition("=")[0] for words in found for word in words]
        is_one = all(words[0].startswith("--") for words in found)
        if found and is_one and len(set(names)) == len(names):
            found = [tuple(word for words in found for word in words)]
        yield from [Shown(block, words) for words in found] or [Shown(block)]


SHOWN = tuple(shown_commands())
BEGINS: Mapping[Begin, str] = {
    **{begin: test for test, begins in RUN.items() for begin in begins},
    **NOT_RUN,
}


def begin_of(shown: Shown) -> Begin | None:
    """The line of the tables that says most of it; None: there is none."""
    fitting = [begin for begin in BEGINS if shown.begins(begin)]
    return max(fitting, key=lambda begin: len(begin[1]), default=None)


def run_by(test: str) -> list[Shown]:
    """What a test runs, by the order of its lines in the table."""
    places = {begin: place for place, begin in enumerate(RUN[test])}
    own = [(places[begin], shown) for shown in SHOWN if (begin := begin_of(shown)) in places]
    return [shown for _, shown in sorted(own, key=lambda one: one[0])]


def replaced(words: Iterable[str], values: Mapping[str, str]) -> list[str]:
    """Words with values of a test in the place of those that are shown, longer ones first."""
    told = list(words)
    for name in sorted(values, key=len, reverse=True):
        told = [word.replace(name, values[name]) for word in told]
    return told
