"""Graphs: `mx.sym`."""
