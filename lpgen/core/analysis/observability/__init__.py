"""What the logs could have shown, by trails, logs and what IAM remembers, and which uses they may have missed."""
