"""Errors of the source: out of reach, or it says no. Pure."""

from pipeline.errors.entry import Entry, Section

SOURCE = Section(
    "The source",
    "Yes: nothing was published, and the watermark has not moved.",
    (
        Entry(
            "source-unreachable",
            ("source unreachable",),
            "No connection to the database came about, or one was lost while reading.",
            "A wrong host or port; a firewall, or Dataflow workers without a way into the network"
            " (`subnetwork`, `use_public_ips`); the server restarts, fails over or ends sessions; it"
            " wants TLS, or a certificate doesn't hold.",
            "Read the driver's own words in the message. `smart-sync doctor` tries the connection"
            " from this machine; for Dataflow it has to work from the workers' network:"
            " [Connecting](connecting.md).",
            "Yes: it may help by itself. Splits that were read are tried again within the run, and a"
            " run that died so is gone on with by the next.",
        ),
        Entry(
            "source-refused",
            ("source refused",),
            "The server was reached and said no: to the login, to a right, or to a statement.",
            "A wrong password, user or database; the role lacks SELECT on the table or USAGE on its"
            " schema; the query has a fault. PostgreSQL's SQLSTATE, MongoDB's code or BigQuery's"
            " reason stands in the message.",
            "Ask the server the same as the same user, with `psql`, `mongosh` or `bq`. The least"
            " rights: [Connecting](connecting.md).",
            "Not before it is mended: the answer would be the same. Nothing was published.",
        ),
    ),
)
