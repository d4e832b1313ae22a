"""Which users should become roles, which principals could share a role, and what nobody uses."""
