"""Usage: from mapped records to the tables, their merge, and what each principal did."""
