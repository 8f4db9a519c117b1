"""Indicators of an audit: what a label set asks of a timeline, measured with what is not known about it."""
