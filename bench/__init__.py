"""The measures of Firsthand: `python -m bench` runs them and prints one table.

Each module has `measure()`, which returns its figures from one run; a ratio compares two things that
ran interleaved in that run, because the machines that run this are shared and noisy.
"""
