"""CloudTrail tables in Athena: what their definition says, which days to ask for, and the query for a day."""
