"""Same-day-expiry (0DTE) option trading on NautilusTrader 2."""

__version__ = "0.1.0"
