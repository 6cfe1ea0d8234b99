"""Fuzzing of what reads untrusted text: ``python -m tests.fuzz --seconds 60`` runs every target so long."""
