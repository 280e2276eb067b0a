"""Errors of checks: of the rows, and of the files that say them. Pure."""

from pipeline.errors.entry import Entry, Section

CHECKS = Section(
    "Checks",
    "Yes, as soon as it is mended: nothing was published.",
    (
        Entry(
            "rows-fail-checks",
            ("rows fail checks",),
            "Staged rows fail a check whose severity is `error`. None of the run's rows was published, and the watermark stays.",
            "The source has such rows; or the check is stricter than the data is meant to be.",
            "The staged rows are kept under the name that the message gives, until they expire: look at them there. Mend the source, or set the check to `warn` or `quarantine`: [What follows](checks.md#what-follows).",
            "Not before it is mended: the same rows would end it again.",
        ),
        Entry(
            "odd-number-of-rows",
            ("an odd number of rows",),
            "The run brings far more or fewer rows than earlier ones of these hours, and `volume_check=error` ended it. Nothing was published.",
            "An outage before the source, a bulk load, a query that was changed.",
            "If the number is right, run once with `volume_check=warn`: [As many rows as usual](checks.md#as-many-rows-as-usual).",
        ),
        Entry(
            "check-does-not-fit",
            (
                "a check of an unknown column",
                "values that can't be compared",
                "values that are no text",
                "a regular expression that RE2 doesn't know",
                "an interval before all time",
                "no name of a table",
            ),
            "A check can't be asked of the columns as they are published.",
            "A name of before `field_mappings`; a range for texts; a regular expression with look-ahead.",
            "Names are those of the destination: [What is known](checks.md#what-is-known).",
            "Yes, as soon as it is mended: nothing was read, locked or written.",
        ),
        Entry(
            "file-of-checks",
            (
                "a test that is not known",
                "a test that needs a column",
                "a test without a name",
                "tests of a model's version",
                "malformed config",
                "a rule within a column",
                "a rule without a metric",
                "a rule without a threshold",
                "a metric that doesn't stand here",
                "a metric that is not known",
                "a type of rule that is not known",
                "a version of the standard that is not known",
                "a property without a name",
                "an element that is in no object",
                "… is no list",
            ),
            "A file of checks (dbt's properties or a data contract) has a test or rule that isn't known here, or isn't of its form. It is refused: a check that is left out without a word checks nothing.",
            "A test of a package that isn't supported; a custom one; a misspelt argument.",
            "Which tests and rules are known: [What is known](checks.md#what-is-known), [A data contract](checks.md#a-data-contract).",
            "Yes, as soon as it is mended: nothing was read, locked or written.",
        ),
    ),
)
