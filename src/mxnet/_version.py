"""The version of the distribution, kept here and nowhere else."""

__version__ = "2.0.0.dev0"
