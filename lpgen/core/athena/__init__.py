"""CloudTrail tables in Athena: what their definition says, the query that groups them, and its rows as records."""
