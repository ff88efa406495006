"""Pending activity calls and their outcomes, as bytes.

A call is stored with its thread, so that it runs again after a restart; the step that takes its
outcome removes it. Arguments and results cross as bytes of the codec: an activity can never change an
object that the workflow holds.
"""
