"""Errors of the destination: BigQuery, its table, the staged files. Pure."""

from pipeline.errors.entry import Entry, Section

DESTINATION = Section(
    "BigQuery and staging",
    "Yes: a table is published in one atomic step, which did not happen.",
    (
        Entry(
            "destination-dataset-is-missing",
            ("destination dataset is missing",),
            "The dataset of the destination isn't there, or the account doesn't see it. Datasets are"
            " not made by a sync: their location and rights are yours to say.",
            "A typing error in project or dataset; the wrong project; it was never made.",
            "Make it where its data is to stay: `bq mk --location=EU --dataset PROJECT:DATASET`.",
        ),
        Entry(
            "bigquery-refused",
            ("BigQuery refused",),
            "BigQuery said no to a request or a job.",
            "The account lacks a role; a quota is used up; a statement or a row doesn't fit the"
            " table. BigQuery's reason stands in the message.",
            "The roles that are needed: [Deploying](deploy.md). A quota: try later, or make fewer"
            " tables at once.",
        ),
    ),
)
