"""dataplane-host: makes a Linux host match its plan, stage by stage, and can show, verify and undo.

Standard library only, Python >= 3.9. See ARCHITECTURE.md, "The agent".
"""

# False in the edition that stands on hosts: scripts/build-agent.py leaves out what follows `if FULL:`, and what is
# then not used. The full edition can all that is said of the agent.
FULL = True
