"""How the agent's editions are made from one set of sources: see ../build-agent.py."""
