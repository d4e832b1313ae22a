"""The catalog's folders, and making a newer one from AWS's service reference."""
