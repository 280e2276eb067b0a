"""BigQuery as a source: in place by a job, or through Storage Read in Arrow."""
