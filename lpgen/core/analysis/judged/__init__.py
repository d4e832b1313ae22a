"""What is said of each action of a principal: its verdict, its danger, and what its use hints at."""
