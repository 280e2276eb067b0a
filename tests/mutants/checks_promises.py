"""The promises of checks: what fails one isn't published, and what is asked is what dbt asks."""

from tests.mutants.promises import Promise

CHECKS = "Checks"
P = Promise
E2E = "tests/e2e/test_checks.py::test_"
CONTRACT_RUNS = "tests/e2e/test_contract_checks.py::test_"
CONTRACTS = "tests/unit/test_contract_checks.py::test_"
READER = "tests/unit/test_dbt_checks.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        CHECKS,
        "While a check of severity error fails nothing of the run is published.",
        f"{E2E}rows_that_fail_a_check_are_kept_back_and_kept",
        "pipeline/publish/checks.py",
        "        if failed:\n",
        "        if False:\n",
    ),
    P(
        CHECKS,
        "The rows of a run that failed a check are kept.",
        f"{E2E}rows_that_fail_a_check_are_kept_back_and_kept",
        "pipeline/execution/report.py",
        "    if outcome.status == CHECKS_FAILED:",
        "    if False:",
    ),
    P(
        CHECKS,
        "A check that warns keeps no row back.",
        f"{E2E}a_check_that_warns_is_told_and_its_rows_are_published",
        "smart_sync/check.py",
        "self.severity is Severity.ERROR and self.error_if",
        "self.error_if",
    ),
    P(
        CHECKS,
        "Rows that were quarantined are asked for no more: what they leave is checked once more.",
        f"{E2E}what_is_left_after_a_quarantine_is_checked_once_more",
        "pipeline/publish/checks.py",
        "        replace(one, verdict=Verdict.QUARANTINED) if is_quarantined(plan, one) else new",
        "        replace(one, verdict=Verdict.QUARANTINED) if is_quarantined(plan, one) else one",
    ),
    P(
        CHECKS,
        "No more rows are quarantined than there may be dead letters.",
        f"{E2E}more_rows_than_may_be_dead_letters_end_the_run",
        "pipeline/publish/quarantine.py",
        "    if dead + failing.found > plan.dead_letters.most:",
        "    if False:",
    ),
    P(
        CHECKS,
        "No row where there never was none is odd, and ends a run that says so.",
        "tests/e2e/test_volume.py::test_no_rows_where_there_never_were_none_end_the_run",
        "pipeline/publish/volume.py",
        "    if is_odd and volume.ends:",
        "    if is_odd and volume.ends and rows:",
    ),
    P(
        CHECKS,
        "A longer window may bring more rows: rows per hour of window are compared.",
        "tests/unit/test_volume.py::test_windows_are_compared_by_rows_per_hour",
        "smart_sync/volume.py",
        "    length = hours or 1.0",
        "    length = 1.0",
    ),
    P(
        CHECKS,
        "unique is asked of the table as it will be: with the rows that stay.",
        f"{E2E}unique_is_asked_of_the_table_as_it_will_be",
        "smart_sync/check_sql.py",
        "    if mode.leaves_none:\n",
        "    if True:\n",
    ),
    P(
        CHECKS,
        "unique is asked of the table as it will be: without the rows that a merge updates.",
        f"{E2E}unique_is_asked_of_the_table_as_it_will_be",
        "smart_sync/check_sql.py",
        "    if merge is None:\n        return f",
        "    if True:\n        return f",
    ),
    P(
        CHECKS,
        "A test that isn't known is refused: no check is left out in silence.",
        f"{READER}all_that_is_wrong_is_told_at_once_by_its_place",
        "pipeline/checks/dbt.py",
        '            self.fault("a test that is not known", called.place, shown(called.text), fix)\n',
        "",
    ),
    P(
        CHECKS,
        "A rule of a contract fails where its threshold doesn't hold.",
        f"{CONTRACTS}a_check_fails_where_its_threshold_does_not_hold",
        "pipeline/checks/contract.py",
        "            rule, fails = failing, wanted.negated\n",
        "            rule, fails = failing, Condition()\n",
    ),
    P(
        CHECKS,
        "A threshold in percent is a share of the rows that are looked at.",
        f"{CONTRACT_RUNS}what_a_contract_does_not_allow_is_kept_back",
        "smart_sync/check_sql.py",
        'f"SAFE_DIVIDE(100 * {number}, {rows})"',
        'f"SAFE_DIVIDE({number}, {rows})"',
    ),
    P(
        CHECKS,
        "Rows of which a contract allows some aren't quarantined.",
        f"{CONTRACT_RUNS}only_rows_of_which_a_contract_allows_none_are_quarantined",
        "smart_sync/quarantine_sql.py",
        "        and not check.is_tolerant\n",
        "",
    ),
    P(
        CHECKS,
        "A metric that isn't known is refused: no rule of a contract is left out in silence.",
        f"{CONTRACTS}all_that_is_wrong_is_told_at_once_by_its_place",
        "pipeline/checks/contract.py",
        '            self.fault("a metric that is not known", named[1].place, why, KNOWN_METRICS)\n',
        "            pass\n",
    ),
)
