"""Who may assume a role: identity providers and their subjects, and the accounts and services that policies trust."""
