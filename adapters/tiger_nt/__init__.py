"""Tiger Brokers for NautilusTrader 2. Reserved: the clients are not written yet."""
