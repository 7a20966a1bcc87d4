"""dataplane-host: makes a Linux host match its plan, stage by stage, and can show, verify and undo.

Standard library only, Python >= 3.9. See ARCHITECTURE.md, "The agent".
"""

VERSION = "1"
