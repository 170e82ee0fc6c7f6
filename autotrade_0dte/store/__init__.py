"""What must survive a node's death: risk state, plans and order intents, in one small database."""
