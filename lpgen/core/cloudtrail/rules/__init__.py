"""Rules that read more than a record's name: one module per family of services, each with a `RULES` table."""
