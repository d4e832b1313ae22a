"""Taking a snapshot: what AWS says of an organization's principals, trails and guards."""
