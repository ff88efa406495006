"""Methods, class methods, static methods, properties, and bound methods kept across suspensions."""


class Account:
    def __init__(self, p, balance=0):
        self.p = p
        self.balance = balance

    @classmethod
    async def open(cls, p, *args):
        await p(("open", cls.__name__))
        return cls(p, *args)

    @staticmethod
    async def fee(p, amount):
        return amount // 10 + len(await p("fee"))

    async def deposit(self, amount):
        amount -= await self.fee(self.p, amount)
        self.balance += amount
        return self

    @property
    def rich(self):
        return self.balance > 100

    def __eq__(self, other):
        return isinstance(other, Account) and other.balance == self.balance

    __hash__ = None


class Savings(Account):
    pass


async def main(p):
    account = await Account.open(p, 50)
    deposit = account.deposit
    await p("bound method kept")
    p.log((await (await deposit(100)).deposit(10)).balance, account.rich)
    savings = await Savings.open(p)
    p.log(type(savings).__name__)
    unbound = Account.deposit
    fee = Account.fee
    opener = Savings.open
    await p("functions kept")
    p.log((await unbound(savings, 30)).balance, await fee(p, 20), type(await opener(p)).__name__)
    p.log(account == savings, deposit.__self__ is account)
