"""BigQuery as a warehouse: names, client, errors and jobs, for a source and the destination."""
