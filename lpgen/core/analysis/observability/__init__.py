"""What the logs could have shown, by trails, by the log itself and by what IAM remembers, and the uses they may have missed."""
