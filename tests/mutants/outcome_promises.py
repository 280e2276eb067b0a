"""The promises of how runs end: what is said of them is so, whatever happens on the way."""

from tests.mutants.promises import Promise

OUTCOMES = "Outcomes"
P = Promise
JOBS = "tests/seam/test_repeated_jobs.py::test_"
LOCK = "tests/servers/test_lock.py::test_"
TABLES = "tests/e2e/test_two_tables.py::test_"
MATRIX = "tests/seam/test_matrix.py::test_"

PROMISES: tuple[Promise, ...] = (
    P(
        OUTCOMES,
        "A run is called failed only when no job of its can publish any more.",
        f"{MATRIX}any_fault_of_any_request_leaves_rows_once_and_a_true_history",
        "pipeline/destination/attempts.py",
        "if self._in_doubt and not self._is_void():",
        "if False:",
    ),
    P(
        OUTCOMES,
        "An error after a job was sent says nothing of the job: the job is asked.",
        f"{MATRIX}any_fault_while_the_job_runs_leaves_rows_once_and_a_true_history",
        "pipeline/destination/attempts.py",
        "self._in_doubt = doubt or not is_refusal(error)",
        "self._in_doubt = doubt",
    ),
    P(
        OUTCOMES,
        "A dead run's job is waited for until it is seen to have ended.",
        f"{MATRIX}a_job_of_a_dead_run_is_waited_for_whatever_befalls_the_taker",
        "pipeline/runs/settle.py",
        '            if job.state != "DONE":\n                raise\n',
        "",
    ),
    P(
        OUTCOMES,
        "A run that slept since it took the lock settles nobody who has it now.",
        f"{MATRIX}a_run_that_wakes_amid_another_harms_it_nowhere",
        "pipeline/runs/settle.py",
        "        before()\n        with as_target_errors",
        "        with as_target_errors",
    ),
    P(
        OUTCOMES,
        "A load job of a repeated step stands for the same files as before.",
        "tests/seam/test_repeated_steps.py::test_files_in_another_order_are_each_loaded_once",
        "pipeline/destination/jobs.py",
        "files = sorted(files, key=lambda file: file.uri)",
        "files = list(files)",
    ),
    P(
        OUTCOMES,
        "An event of the history whose job failed is written by the next that has it to write.",
        f"{JOBS}an_event_whose_job_failed_is_written_by_the_next_that_has_it_to_write",
        "pipeline/runs/history.py",
        'return first if attempt == 1 else f"{first}_{attempt}"',
        "return first",
    ),
    P(
        OUTCOMES,
        "Only a job that is seen to have failed lets an event have another job.",
        f"{JOBS}an_event_whose_job_nobody_has_seen_end_gets_no_other_job",
        "warehouse/jobs.py",
        '        if known is None or known.state != "DONE":\n            raise\n',
        '        if known is None or known.state != "DONE":\n            return None\n',
    ),
    P(
        OUTCOMES,
        "A run that is interrupted can publish nothing afterwards.",
        "tests/e2e/test_interrupted.py::test_an_interruption_before_the_publishing_job_arrives_makes_it_void",
        "pipeline/launch/early_end.py",
        "        job = fence(client, row)\n",
        "        job = None\n",
    ),
    P(
        OUTCOMES,
        "Ctrl-C amid a run is one line, and nothing of it is left.",
        "tests/e2e/test_interrupted.py::test_an_interrupted_read_ends_as_failed_with_nothing_left",
        "pipeline/launch/early_end.py",
        "        clear_staging(client, plan.run.staging, plan.run.endpoints)\n",
        "",
    ),
    P(
        OUTCOMES,
        "A lease ends by BigQuery's clock, whatever the launcher's shows.",
        f"{LOCK}a_clock_that_is_ahead_by_a_lease_takes_no_living_lock",
        "pipeline/runs/lock.py",
        "        self._ask_for_time()\n        return self._left(table) <= timedelta(0)",
        "        return True",
    ),
    P(
        OUTCOMES,
        "A renewal that BigQuery always refuses is told, not taken for done.",
        f"{LOCK}a_renewal_that_is_always_refused_is_told",
        "pipeline/runs/lock.py",
        "        if len(ends) > 1:\n",
        "        if ends:\n",
    ),
    P(
        OUTCOMES,
        "A run that died as an older version, in a history of that version, is settled.",
        "tests/e2e/test_versions.py::test_a_run_that_died_as_an_older_version_is_settled",
        "pipeline/runs/history.py",
        "missing = [column for column in _schema() if column.name not in there]",
        "missing = []",
    ),
    P(
        OUTCOMES,
        "In a launch of many tables, one that fails hinders no other.",
        f"{TABLES}a_table_that_fails_hinders_no_other_and_is_named_at_the_end",
        "pipeline/steps/conform.py",
        "    except Exception as error:",
        "    except KeyError as error:",
    ),
    P(
        OUTCOMES,
        "A launch of many tables ends as failed when one of them did.",
        f"{TABLES}a_table_that_fails_hinders_no_other_and_is_named_at_the_end",
        "pipeline/steps/launch_end.py",
        "    if failed:",
        "    if False:",
    ),
    P(
        OUTCOMES,
        "A report that breaks is told as its own table's end, and of no other.",
        f"{TABLES}a_report_that_breaks_is_its_own_tables_end",
        "pipeline/steps/launch_end.py",
        "            exit_code=outcome.exit_code or fault.exit_code,",
        "            exit_code=outcome.exit_code,",
    ),
    P(
        OUTCOMES,
        "Every audit that is asked judges the staged rows before they are published.",
        "tests/e2e/test_audits.py::test_a_second_audit_keeps_rows_back_and_tells_its_figures_beside_the_first",
        "pipeline/publish/audits.py",
        "    for audit in asked:",
        "    for audit in asked[:1]:",
    ),
    P(
        OUTCOMES,
        "Rows that an audit queries are staged in a table, whatever way they would have gone.",
        "tests/e2e/test_audits.py::test_an_audit_gets_the_staging_table_that_it_asks_for",
        "pipeline/publish/audits.py",
        "    if not why or publishing.way.has_table:",
        "    if why or publishing.way.has_table:",
    ),
    P(
        OUTCOMES,
        "A mode whose rows published are not the rows it told is a mismatch.",
        "tests/e2e/test_modes.py::test_a_further_mode_that_publishes_other_rows_than_it_told_is_a_mismatch",
        "pipeline/publish/publisher.py",
        "        if published != expected:",
        "        if False:",
    ),
)
