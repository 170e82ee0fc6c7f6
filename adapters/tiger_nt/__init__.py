"""Tiger Brokers for NautilusTrader 2, over the official ``tigeropen`` SDK.

Stands alone: it imports nothing of the system it ships with.
"""
