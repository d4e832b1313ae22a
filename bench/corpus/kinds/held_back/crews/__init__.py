"""Crews as organizations keep them: users that should be roles, roles of several jobs, copies, and look-alikes.

https://docs.aws.amazon.com/IAM/latest/UserGuide/best-practices.html
"""
