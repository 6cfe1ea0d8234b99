"""Tests of the whole: every public module and plugin under faults, malice, load and interruption."""
