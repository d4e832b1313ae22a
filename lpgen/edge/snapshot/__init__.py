"""Taking a snapshot: reading an organization's principals, trails and guards from AWS."""
