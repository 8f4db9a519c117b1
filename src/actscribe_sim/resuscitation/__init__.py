"""Simulated newborn resuscitations: script, course, doll, tools, captions, and the study made of them."""
