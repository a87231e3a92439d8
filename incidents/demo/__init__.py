"""A believable week of a small software company, for people who want to see Sevenbells at work.

Everything here was done by ``incidents.actions``, with the clock wound to each moment: what a screen shows is what it
would show had the week been lived.
"""
