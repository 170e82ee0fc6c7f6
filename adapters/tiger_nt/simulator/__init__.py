"""A loopback Tiger: the real wire protocol, a matching engine, fault injection and replay."""
