"""Which use the logs could have shown, by trails, logs and IAM's own records, and which uses they may have missed."""
