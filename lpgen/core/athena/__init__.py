"""CloudTrail tables in Athena: their definition, the days to query, and the query for a day."""
