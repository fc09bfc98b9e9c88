"""Lands the sample project's data night by night, from the 1,989 real applications of ``loanapp``."""
