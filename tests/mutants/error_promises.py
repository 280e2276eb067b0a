"""The promises of errors: where they are explained."""

from tests.mutants.promises import Promise

TESTS = "tests/unit/test_errors.py"
LOOKUP = "pipeline/errors/lookup.py"

PROMISES: tuple[Promise, ...] = (
    Promise(
        "Errors",
        "Each error ends with the address of its entry in docs/errors.md.",
        f"{TESTS}::test_the_command_ends_with_the_address",
        "pipeline/parameters/printed.py",
        "with_address(error.line, see(error))",
        "with_address(error.line, '')",
    ),
    Promise(
        "Errors",
        "Each message of the program has an entry, which a test finds by reading the code.",
        f"{TESTS}::test_each_message_of_the_program_has_an_entry",
        "sources/registry.py",
        "the extra [{extra}] isn't installed",
        "no extra [{extra}] here",
    ),
    Promise(
        "Errors",
        "Several faults end with the address of each kind, and many kinds with the page.",
        f"{TESTS}::test_several_faults_end_with_the_address_of_each_kind_and_of_many_with_the_page",
        LOOKUP,
        "    if len(slugs) > MOST_LINKS:\n        return PAGE\n",
        "",
    ),
    Promise(
        "Errors",
        "An address that was ever told leads to its entry.",
        f"{TESTS}::test_a_slug_that_was_ever_told_still_leads_to_its_entry",
        "pipeline/errors/of_runs.py",
        '            "lock-lost",\n',
        '            "the-lock-is-lost",\n',
    ),
    Promise(
        "Errors",
        "A webhook's message of a failed run has the address, too.",
        "tests/unit/test_notify.py::test_a_failure_is_told_with_the_address_of_its_entry",
        "pipeline/runs/notify.py",
        '            yield f"see: {address}"\n',
        "            pass\n",
    ),
    Promise(
        "Errors",
        "Of many tables each that failed has the address of its own fault.",
        "tests/unit/test_many_sum.py"
        "::test_a_table_that_failed_has_the_address_of_what_explains_it_and_no_other_one",
        "pipeline/runs/many_report.py",
        "    return with_address(why) if result.exit_code else why\n",
        "    return why\n",
    ),
)
