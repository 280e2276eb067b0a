"""PostgreSQL: facts by psycopg2, rows over COPY BINARY into Arrow."""
