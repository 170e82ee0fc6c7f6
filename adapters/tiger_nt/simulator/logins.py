"""Who may log in: the users and the keys they sign with."""

from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.keys import SigningKey

__all__ = ["Logins"]


class Logins:
    """The users by developer id, each with a key made here.

    Raises
    ------
    ValueError
        For two users of one developer id or account.
    """

    def __init__(self, users: tuple[User, ...]) -> None:
        for names in ([user.tiger_id for user in users], [user.account for user in users]):
            if len(set(names)) != len(names):
                raise ValueError("Expected users of different tiger_id and account, was one twice")
        self.users = {user.tiger_id: user for user in users}
        self._keys = {user.tiger_id: SigningKey() for user in users}

    def key(self, user: User) -> SigningKey:
        """Return the user's key."""
        return self._keys[user.tiger_id]

    def verifies(self, user: User, text: str, signature: str) -> bool:
        """Return whether the user signed `text`."""
        return self._keys[user.tiger_id].verifies(text, signature)
