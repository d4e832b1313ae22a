"""What the logs could have shown: by the settings of trails, by the log itself, and by what IAM remembers."""
