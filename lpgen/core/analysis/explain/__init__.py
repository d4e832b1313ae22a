"""The parts of an explanation: the question, each wall, the use, and the answers in words."""
