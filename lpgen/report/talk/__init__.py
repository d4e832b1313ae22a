"""What commands say of what they did: sentences for stderr, and what is printed without a page."""
