"""Results of the commands as typed records, which are the contract of the option ``json``.

The records import nothing that computes, so every package can return them. Each becomes a dictionary once, where it is printed.
"""
