"""Usage: the tables made from mapped records, their merge, and the use of each principal."""
